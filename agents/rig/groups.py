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
from agents.rig.scores import Score, score
from agents.runs.paired import Difference, difference

ORACLE = "oracle"


class Measured(NamedTuple):
    """One checkpoint's final distances.

    Args:
        file: the checkpoint.
        seed: of its run; None if that is not known.
        step: intervals that it was trained for.
        distances: [N] each, as `agents.rig.evaluation.final_distances` gives them.
    """

    file: Path
    seed: int | None
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
        """What this task measures, in its order."""
        return list(self.runs[0].distances)

    def by_seed(self, measure: str) -> dict[int, float]:
        """Mean over the goals of each run whose seed is known."""
        return {run.seed: float(run.distances[measure].mean()) for run in self.runs if run.seed is not None}

    def minus(self, baseline: "Group") -> list[Difference]:
        """Every measurement minus that of another group on the same task, over the seeds of both."""
        found = (difference(name, self.by_seed(name), baseline.by_seed(name)) for name in self.measures)
        return [one for one in found if one is not None]

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


def baseline_of(group: Group, groups: Sequence[Group]) -> Group | None:
    """The first group on the same task; None if that is the group itself."""
    first = next(one for one in groups if one.config.env == group.config.env)
    return None if first is group else first


def oracle_means(groups: Sequence[Group]) -> dict[tuple[str, str], float]:
    """(task, measurement) -> mean of the first group of the method oracle on that task, if any."""
    found: dict[tuple[str, str], float] = {}
    for group in groups:
        if group.config.method == ORACLE:
            for name in group.measures:
                found.setdefault((group.config.env, name), float(group.values(name).mean()))
    return found
