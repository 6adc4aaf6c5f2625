"""Progress of a run on the terminal: a bar with rate and time left, or plain lines where there is no
terminal."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID

LINE_SECONDS = 10.0  # between plain lines
MAX_SHOWN = 4  # measurements beside the bar


class BarProgress:
    """An `agents.runs.loop.Observer` that draws a bar; use it in a `with` block.

    Args:
        label: What is being trained.
    """

    def __init__(self, label: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        rate, shown = TextColumn("{task.fields[rate]}"), TextColumn("{task.fields[shown]}")
        columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(), shown)
        self._bar = Progress(*columns, console=Console())
        self._task: TaskID | None = None
        self._clock = _Clock()

    def start(self, step: int, total: int) -> None:
        """Shows the bar at `step` of `total`."""
        self._clock.start(step, total)
        self._task = self._bar.add_task("", total=total, completed=step, rate="", shown="")

    def interval(self, step: int, measurements: Mapping[str, float]) -> None:
        """Moves the bar."""
        rate = f"{self._clock.rate(step):.3g}/s"
        self._bar.update(self._task, completed=step, rate=rate, shown=_shown(measurements))

    def notice(self, text: str) -> None:
        """Prints a line above the bar."""
        self._bar.console.print(f"note: {text}", markup=False, highlight=False)

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
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._clock = _Clock()
        self._next_line = 0.0

    def start(self, step: int, total: int) -> None:
        """Remembers where the run starts."""
        self._clock.start(step, total)

    def interval(self, step: int, measurements: Mapping[str, float]) -> None:
        """Writes a line if the last one is long ago or this is the last interval."""
        now = time.monotonic()
        if now < self._next_line and step != self._clock.total:
            return
        self._next_line = now + LINE_SECONDS
        place = f"{self._label} {step}/{self._clock.total}"
        sys.stdout.write(f"{place}  {self._clock.left(step)} left  {_shown(measurements)}\n")
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


def progress(label: str) -> BarProgress | LineProgress:
    """Chooses the bar on a terminal and lines elsewhere."""
    return BarProgress(label) if sys.stdout.isatty() else LineProgress(label)


class _Clock:
    """Rate and time left since the start of this part of the run."""

    def __init__(self) -> None:
        self.total = 0
        self._first = 0
        self._started = 0.0

    def start(self, step: int, total: int) -> None:
        self._first, self.total, self._started = step, total, time.monotonic()

    def rate(self, step: int) -> float:
        return (step - self._first) / max(time.monotonic() - self._started, 1e-9)

    def left(self, step: int) -> str:
        seconds = round(max(self.total - step, 0) / max(self.rate(step), 1e-9))
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _shown(measurements: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in list(measurements.items())[:MAX_SHOWN])
