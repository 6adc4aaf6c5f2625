"""Config of the tiny learner that the tests of the run folder train."""

import math
from dataclasses import dataclass
from typing import Literal

from agents.runs.kinds import KINDS, Kind
from agents.runs.lengthening import Length

TINY = Kind(
    config="tests.runs.tiny_config:TinyConfig",
    build="tests.runs.tiny_learner:build",
    summary="fit a small network (tests only)",
    best_metric="loss",
    best_is_lowest=True,
)


def register() -> None:
    """Adds the tiny kind to the table, for processes that a test starts."""
    KINDS["tiny"] = TINY


@dataclass(frozen=True)
class TinyNetwork:
    """Size of the network."""

    width: int = 4
    """Hidden units, 1 to 64."""

    def __post_init__(self) -> None:
        if not 1 <= self.width <= 64:
            raise ValueError(f"width: got {self.width}, expected a whole number from 1 to 64")


@dataclass(frozen=True)
class TinyConfig:
    """Fit a small network to noisy lines (tests only)."""

    updates: int = 12
    """Intervals of one update each, 1 to 100000."""

    learning_rate: float = 0.01
    """Step of Adam, above 0 and at most 1."""

    target: Literal["line", "wave"] = "line"
    """Function to fit."""

    pause: float = 0.0
    """Seconds to wait in each interval, 0 to 60."""

    poison_at: int = 0
    """Interval in which the weights become not-a-number; 0 for never."""

    network: TinyNetwork = TinyNetwork()

    def __post_init__(self) -> None:
        if not 1 <= self.updates <= 100_000:
            raise ValueError(f"updates: got {self.updates}, expected a whole number from 1 to 100000")
        if not (math.isfinite(self.learning_rate) and 0 < self.learning_rate <= 1):
            raise ValueError(f"learning_rate: got {self.learning_rate}, expected a number above 0, at most 1")
        if not (math.isfinite(self.pause) and 0 <= self.pause <= 60):
            raise ValueError(f"pause: got {self.pause}, expected seconds from 0 to 60")
        if not 0 <= self.poison_at <= 100_000:
            raise ValueError(f"poison_at: got {self.poison_at}, expected a whole number from 0 to 100000")

    @property
    def intervals(self) -> int:
        """How many dicts training yields."""
        return self.updates

    @property
    def length(self) -> Length:
        """A run that learns the line can go on; that it may not with the wave is for the tests."""
        return Length("updates", "" if self.target == "line" else "a wave comes to an end")
