"""What several runs of one configuration reach, with intervals over the runs.

Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice" (2021): mean and
interquartile mean of all scores, with percentile bootstrap intervals for which runs are drawn again within
each stratum. Runs of one configuration share one environment, the only stratum; as one policy plays all
goals of a run, a run is drawn with all of them. R runs, N goals.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.runs.intervals import (
    BOOTSTRAP_SEED,
    CONFIDENCE,
    Interval,
    interquartile_mean,
    mean_interval,
)

RESAMPLES = 2000
CHUNK = 100
"""Resamples that are sorted at once."""


class Score(NamedTuple):
    """One measurement of a group of runs.

    Args:
        mean: over runs and goals, with the bootstrap's interval.
        student: the same mean, with Student's t interval over runs; no bounds for a single run.
        middle: interquartile mean over runs and goals, with the bootstrap's interval.
    """

    mean: Interval
    student: Interval
    middle: Interval

    def within(self, low: float, high: float) -> "Score":
        """The same with bounds that end where the measurement does."""
        return Score(*(_clipped(interval, low, high) for interval in self))


def score(values: NDArray) -> Score:
    """Mean and interquartile mean of the values [R, N] of runs on the same goals.

    With a single run, goals are drawn again instead of runs: the intervals then say nothing of other runs.

    Raises:
        ValueError: when there is no value, or one that is not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"values: got shape {values.shape}, expected runs x goals of finite numbers")
    units = values if len(values) > 1 else values.T
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    drawn = rng.integers(len(units), size=(RESAMPLES, len(units)))
    means = units.mean(1)[drawn].mean(1)
    parts = [units[rows].reshape(len(rows), -1) for rows in np.array_split(drawn, RESAMPLES // CHUNK)]
    middles = np.concatenate([interquartile_mean(part) for part in parts])
    return Score(
        _interval(float(values.mean()), means),
        mean_interval(values.mean(1)),
        _interval(float(interquartile_mean(values.reshape(1, -1))[0]), middles),
    )


def _interval(estimate: float, resampled: NDArray[np.float64]) -> Interval:
    tail = 50.0 * (1.0 - CONFIDENCE)
    low, high = np.percentile(resampled, [tail, 100.0 - tail])
    return Interval(estimate, float(low), float(high))


def _clipped(interval: Interval, low: float, high: float) -> Interval:
    bounds = (None if bound is None else min(max(bound, low), high) for bound in interval[1:])
    return Interval(interval.estimate, *bounds)
