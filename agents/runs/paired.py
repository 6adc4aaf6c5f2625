"""Two groups of runs on the same seeds: paired differences of their final values, and what these show.

Runs of one seed share weights, order of the data and whatever else both draw, so much of the spread between
seeds cancels in their difference. "Equal" is a claim like any other: it needs an interval inside the margin
(two one-sided tests; Schuirmann 1987, with the stricter interval of coverage `CONFIDENCE`).
"""

from collections.abc import Mapping
from typing import NamedTuple

from agents.runs.comparison import Final, Group, finals
from agents.runs.intervals import Interval, mean_interval

EQUAL, HIGHER, LOWER, NOT_SHOWN = "equal", "higher", "lower", "not shown"


class Difference(NamedTuple):
    """A measurement of one group minus that of the baseline, over the seeds of both.

    Args:
        metric: Name of the measurement.
        seeds: Those that both groups ran, at least one.
        values: One difference per seed.
        mean: Their mean with Student's t interval.
    """

    metric: str
    seeds: list[int]
    values: list[float]
    mean: Interval


def differences(group: Group, baseline: Group, metrics: list[str]) -> list[Difference]:
    """Final values of a group minus those of the baseline; a measurement that one of them lacks is left out.

    Args:
        group, baseline: Runs of two configs.
        metrics: Names of measurements.

    Returns:
        One difference per measurement; none if the groups have no seed in common.
    """
    ours, theirs = (_by_metric(side, metrics) for side in (group, baseline))
    both = [metric for metric in metrics if metric in ours and metric in theirs]
    found = (difference(metric, ours[metric], theirs[metric]) for metric in both)
    return [one for one in found if one is not None]


def difference(metric: str, ours: Mapping[int, float], theirs: Mapping[int, float]) -> Difference | None:
    """One measurement by seed minus the baseline's; None without a seed in common."""
    import numpy as np

    common = sorted(ours.keys() & theirs.keys())
    if not common:
        return None
    values = [ours[seed] - theirs[seed] for seed in common]
    return Difference(metric, common, values, mean_interval(np.array(values)))


def verdict(interval: Interval, margin: float) -> str:
    """Says what an interval of differences shows.

    Args:
        interval: Of the difference; without bounds it shows nothing.
        margin: Differences up to this count as none, at least 0.

    Returns:
        `EQUAL` where the interval lies within the margin, `HIGHER` or `LOWER` where it lies on one side of
        zero without lying within the margin, otherwise `NOT_SHOWN`.
    """
    if interval.low is None or interval.high is None:
        return NOT_SHOWN
    if -margin <= interval.low and interval.high <= margin:
        return EQUAL
    if interval.low > 0:
        return HIGHER
    return LOWER if interval.high < 0 else NOT_SHOWN


def _by_metric(group: Group, metrics: list[str]) -> dict[str, dict[int, float]]:
    rows: list[Final] = finals(group, metrics)
    return {final.metric: dict(zip(group.seeds, final.values, strict=True)) for final in rows}
