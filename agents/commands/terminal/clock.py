"""Where a run is, how fast it goes and how long it will take, stage by stage.

Intervals of one stage cost about the same, those of different stages do not: a rate counts the intervals of
the present stage alone, and not the first, in which programs compile and workers start, once there are more.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

Stage = tuple[str, int]
"""Name of a stage, and its number of intervals."""


class Moment(NamedTuple):
    """After an interval.

    Args:
        stage: name of the stage; empty where a run has one only.
        done: intervals of the stage that are over.
        total: intervals of the stage.
        rate: intervals a second, in this stage and this part of the run; 0 before the first is over.
        end: when the stage will be over by this rate, on the clock's own scale; None while it is not known.
    """

    stage: str
    done: int
    total: int
    rate: float
    end: float | None


class Clock:
    """Watches the intervals of a run, or of the part of it that goes on from a checkpoint.

    Args:
        stages: of the run, in order; none is one without a name.
        now: seconds that never go back.
    """

    def __init__(self, stages: Sequence[Stage] = (), *, now: Callable[[], float] = time.monotonic) -> None:
        self.total = 0
        self.now = now
        self._stages = tuple(stages)
        self._stage = self._first = 0
        self._began = self._latest = self._rate = 0.0
        self._is_first = True

    def start(self, step: int, total: int) -> Moment:
        """Begin after `step` of `total` intervals, which the stages must add up to."""
        self.total = total
        self._stages = self._stages or (("", total),)
        self._stage, self._first = self._place(step)[0], step
        self._began = self._latest = self.now()
        return self.at(step)

    def at(self, step: int) -> Moment:
        """Note that `step` intervals are over."""
        stage, before = self._place(step)
        if stage != self._stage:
            self._stage, self._first, self._began, self._rate = stage, before, self._latest, 0.0
            self._is_first = True
        self._latest = self.now()
        if passed := step - self._first:
            self._rate = passed / max(self._latest - self._began, 1e-9)
            if self._is_first:
                self._first, self._began, self._is_first = step, self._latest, False
        name, total = self._stages[stage]
        end = self._latest + (before + total - step) / self._rate if self._rate else None
        return Moment(name, step - before, total, self._rate, end)

    def ahead(self, step: int) -> Moment | None:
        """The stage that begins after `step` intervals, of which none is over; None within a stage."""
        stage, before = self._place(step)
        if step < before + self._stages[stage][1] or stage + 1 == len(self._stages):
            return None
        return Moment(self._stages[stage + 1][0], 0, self._stages[stage + 1][1], 0.0, None)

    def left(self, end: float | None) -> str:
        """How long it is until `end`, as hours:minutes:seconds."""
        if end is None:
            return "-:--:--"
        seconds = max(round(end - self.now()), 0)
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    def _place(self, step: int) -> tuple[int, int]:
        """Number of the stage to which the interval that ended at `step` belongs, and intervals before it."""
        before = 0
        for number, (_, total) in enumerate(self._stages):
            if step <= before + total:
                return number, before
            before += total
        return len(self._stages) - 1, before - self._stages[-1][1]
