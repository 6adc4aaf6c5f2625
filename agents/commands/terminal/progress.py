"""Progress of a run on the terminal: a bar with rate and time left, or plain lines where there is no
terminal."""

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


class BarProgress:
    """An `agents.runs.loop.Observer` that draws a bar; use it in a `with` block.

    Args:
        label: What is being trained.
        stages: Of the run, each with a bar of its own.
    """

    def __init__(self, label: str, stages: Sequence[Stage] = ()) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
        from rich.text import Text

        clock = self._clock = Clock(stages)

        class Left(ProgressColumn):
            """Rich's own column forgets what it saw half a minute ago, and with it the rate."""

            max_refresh = REDRAWN_SECONDS

            def render(self, task: Task) -> Text:
                return Text(clock.left(task.fields["end"]), style="progress.remaining")

        names, shown = TextColumn(f"{label} {{task.fields[stage]}}"), TextColumn("{task.fields[shown]}")
        columns = (names, BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), Left(), shown)
        self._bar = Progress(*columns, console=Console())
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
            "shown": _shown(measurements),
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
    """

    def __init__(self, label: str, stages: Sequence[Stage] = ()) -> None:
        self._label = label
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
        sys.stdout.write(f"{label} {moment.done}/{moment.total}  {left} left  {_shown(measurements)}\n")
        sys.stdout.flush()

    def notice(self, text: str) -> None:
        """Writes a line on stderr."""
        sys.stderr.write(f"note: {text}\n")

    def __enter__(self) -> "LineProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()


def progress(label: str, stages: Sequence[Stage] = ()) -> BarProgress | LineProgress:
    """Chooses the bar on a terminal and lines elsewhere."""
    return BarProgress(label, stages) if sys.stdout.isatty() else LineProgress(label, stages)


def _shown(measurements: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in list(measurements.items())[:MAX_SHOWN])
