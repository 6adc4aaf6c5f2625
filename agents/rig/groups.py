"""Runs of the kind `rig` measured on the same goals, those that differ only in their seed together.

R runs, N goals, S numbers of a layout.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.rig.config import RigConfig
from agents.rig.evaluation import MEASURES
from agents.rig.scores import Score, score

ORACLE = "oracle"


class Measured(NamedTuple):
    """One checkpoint's final distances.

    Args:
        file: the checkpoint.
        step: intervals that it was trained for.
        distances: [N] each, as `agents.rig.evaluation.final_distances` gives them.
    """

    file: Path
    step: int
    distances: dict[str, NDArray]


@dataclass(frozen=True)
class Group:
    """Runs of one config."""

    label: str
    config: RigConfig
    runs: list[Measured] = field(default_factory=list)

    def values(self, measure: str) -> NDArray[np.float64]:
        """[R, N] of one measurement."""
        return np.stack([run.distances[measure] for run in self.runs]).astype(np.float64)

    @property
    def measures(self) -> list[str]:
        """What this task measures, in the order of `MEASURES`."""
        return [name for name in MEASURES if name in self.runs[0].distances]

    def scores(self) -> dict[str, Score]:
        """Every measurement with its intervals over the runs."""
        return {
            name: score(self.values(name)).within(0.0, 1.0 if name == "is_success" else math.inf)
            for name in self.measures
        }


def grouped(measured: Iterable[tuple[str, RigConfig, Measured]]) -> list[Group]:
    """Groups in order of appearance; a group has the label of its first run."""
    groups: dict[RigConfig, Group] = {}
    for label, config, run in measured:
        groups.setdefault(config, Group(label, config)).runs.append(run)
    return list(groups.values())


def oracle_means(groups: Sequence[Group]) -> dict[tuple[str, str], float]:
    """(task, measurement) -> mean of the first group of the method oracle on that task, if any."""
    found: dict[tuple[str, str], float] = {}
    for group in groups:
        if group.config.method == ORACLE:
            for name in group.measures:
                found.setdefault((group.config.env, name), float(group.values(name).mean()))
    return found
