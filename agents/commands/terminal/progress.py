"""Progress of a run on stderr: a bar with rate and time left, or plain lines where there is no terminal that
can redraw one. So a pipe or a file of stdout holds the results alone."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from agents.commands.terminal.clock import Clock, Moment, Stage

if TYPE_CHECKING:
    from rich.progress import TaskID

LINE_SECONDS = 10.0  # between plain lines
REDRAWN_SECONDS = 0.5  # between two pictures of a bar whose time left runs down
MAX_SHOWN = 4  # measurements beside the bar
HELD_OUT = ("validation_", "test_")  # how measurements of held-out data begin
DUMB = ("dumb", "unknown")  # terminals that write a line and no more; rich draws nothing there


class BarProgress:
    """An `agents.runs.loop.Observer` that draws a bar; use it in a `with` block.

    Args:
        label: What is being trained.
        stages: Of the run, each with a bar of its own.
        headline: Measurement that says how good it is; empty if none does.
    """

    def __init__(self, label: str, stages: Sequence[Stage] = (), headline: str = "") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
        from rich.text import Text

        clock, self._headline = Clock(stages), headline
        self._clock = clock

        class Left(ProgressColumn):
            """Rich's own column forgets what it saw half a minute ago, and with it the rate."""

            max_refresh = REDRAWN_SECONDS

            def render(self, task: Task) -> Text:
                return Text(clock.left(task.fields["end"]), style="progress.remaining")

        names, shown = TextColumn(f"{label} {{task.fields[stage]}}"), TextColumn("{task.fields[shown]}")
        columns = (names, BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), Left(), shown)
        self._bar = Progress(*columns, console=Console(stderr=True))
        self._task: TaskID | None = None

    def start(self, step: int, total: int) -> None:
        """Shows the bar at `step` of `total`."""
        self._show(self._clock.start(step, total), {})

    def interval(self, step: int, measurements: Mapping[str, float]) -> None:
        """Moves the bar; that of the next stage begins as soon as one is full."""
        moment = self._clock.at(step)
        self._show(self._clock.ahead(step) or moment, measurements)

    def notice(self, text: str) -> None:
        """Prints a line above the bar."""
        self._bar.console.print(f"note: {text}", markup=False, highlight=False)

    def _show(self, moment: Moment, measurements: Mapping[str, float]) -> None:
        fields = {
            "stage": moment.stage,
            "rate": f"{moment.rate:.3g}/s" if moment.rate else "",
            "end": moment.end,
            "shown": _shown(measurements, self._headline),
        }
        if self._task is None:
            self._task = self._bar.add_task("", total=moment.total, completed=moment.done, **fields)
        self._bar.update(self._task, total=moment.total, completed=moment.done, **fields)

    def __enter__(self) -> "BarProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


class LineProgress:
    """An `agents.runs.loop.Observer` that writes a plain line now and then.

    Args:
        label: What is being trained.
        stages: Of the run; lines count the intervals of the present one.
        headline: Measurement that says how good it is; empty if none does.
    """

    def __init__(self, label: str, stages: Sequence[Stage] = (), headline: str = "") -> None:
        self._label, self._headline = label, headline
        self._clock = Clock(stages)
        self._next_line = 0.0

    def start(self, step: int, total: int) -> None:
        """Remembers where the run starts."""
        self._clock.start(step, total)

    def interval(self, step: int, measurements: Mapping[str, float]) -> None:
        """Writes a line if the last one is long ago, or a stage or the run is over."""
        now, moment = time.monotonic(), self._clock.at(step)
        if now < self._next_line and moment.done != moment.total:
            return
        self._next_line = now + LINE_SECONDS
        label = f"{self._label} {moment.stage}".rstrip()
        left = self._clock.left(moment.end)
        sys.stderr.write(
            f"{label} {moment.done}/{moment.total}  {left} left  {_shown(measurements, self._headline)}\n"
        )
        sys.stderr.flush()

    def notice(self, text: str) -> None:
        """Writes a line."""
        sys.stderr.write(f"note: {text}\n")

    def __enter__(self) -> "LineProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stderr.flush()


def progress(label: str, stages: Sequence[Stage] = (), headline: str = "") -> BarProgress | LineProgress:
    """Chooses the bar on a terminal and lines elsewhere."""
    return (BarProgress if _can_redraw() else LineProgress)(label, stages, headline)


def _can_redraw() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in DUMB


def _shown(measurements: Mapping[str, float], headline: str) -> str:
    """The first measurement, the headline, those of held-out data, then others, as many as there is room."""
    first = next(iter(measurements), "")
    names = sorted(
        measurements, key=lambda name: (name != first, name != headline, not name.startswith(HELD_OUT))
    )
    return "  ".join(f"{name} {measurements[name]:.4g}" for name in names[:MAX_SHOWN])
