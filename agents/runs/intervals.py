"""Means over few seeds with honest intervals: Student's t, and the interquartile mean with a bootstrap.

Sources: Student's t distribution function for whole degrees of freedom, Abramowitz and Stegun (1964), 26.7.3
and 26.7.4; the interquartile mean over runs, Agarwal et al. (2021), "Deep Reinforcement Learning at the Edge
of the Statistical Precipice".
"""

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE = 0.95
MIN_FOR_IQM = 5
RESAMPLES = 10_000
BOOTSTRAP_SEED = 0  # the interval of given numbers is the same at every call


class Interval(NamedTuple):
    """An estimate with its confidence interval; the bounds are None for a single value."""

    estimate: float
    low: float | None
    high: float | None


def mean_interval(values: "np.ndarray") -> Interval:
    """Mean with Student's t interval.

    Args:
        values: [N] float64, one per seed, N at least 1.
    """
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, None, None)
    reach = t_quantile(len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(mean, mean - reach, mean + reach)


def interquartile_interval(values: "np.ndarray") -> Interval:
    """Interquartile mean with a percentile bootstrap interval.

    Args:
        values: [N] float64, one per seed, N at least `MIN_FOR_IQM`.

    Raises:
        ValueError: Too few values.
    """
    import numpy as np

    if len(values) < MIN_FOR_IQM:
        raise ValueError(f"values: got {len(values)} of them, expected at least {MIN_FOR_IQM}")
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    drawn = values[rng.integers(len(values), size=(RESAMPLES, len(values)))]
    tail = 50.0 * (1.0 - CONFIDENCE)
    low, high = np.percentile(interquartile_mean(drawn), [tail, 100.0 - tail])
    return Interval(float(interquartile_mean(values[None])[0]), float(low), float(high))


def interquartile_mean(values: "np.ndarray") -> "np.ndarray":
    """Mean of the middle half of each row, with fractional weights at the two edges.

    Args:
        values: [R, N] float64.

    Returns:
        [R] float64.
    """
    import numpy as np

    count = values.shape[1]
    ranks = np.arange(count)
    weights = np.clip(ranks + 1 - count / 4, 0, 1) - np.clip(ranks + 1 - 3 * count / 4, 0, 1)
    return np.sort(values, axis=1) @ weights / (count / 2)


def t_quantile(degrees: int) -> float:
    """Two-sided `CONFIDENCE` quantile of Student's t with whole degrees of freedom, by bisection."""
    low, high = 0.0, 1e3
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _t_central(middle, degrees) < CONFIDENCE else (low, middle)
    return high


def _t_central(t: float, degrees: int) -> float:
    """Probability of `[-t, t]`: the finite sums 26.7.3 (odd degrees) and 26.7.4 (even degrees)."""
    angle = math.atan2(t, math.sqrt(degrees))
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = degrees % 2
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for k in range(1 + odd, degrees, 2):
        total += term
        term *= cosine**2 * k / (k + 1)
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
