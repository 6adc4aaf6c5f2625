"""Errors of forecasts, with intervals that allow for errors that come in runs.

Circular block bootstrap: Politis & Romano 1992. Shapes: N forecasts in the order of time, L events of a
window, D targets, K sources.
"""

import math
from dataclasses import dataclass

import numpy as np

from vision.evaluate import CONFIDENCE, RESAMPLES, Estimate

BLOCK = 50
"""Consecutive forecasts that are drawn together; errors further apart count as independent."""

LEAST_BLOCKS = 10
"""Blocks are shorter where there would be fewer than this."""


@dataclass(frozen=True)
class ForecastReport:
    """Errors in units of the standardised targets, averaged over them.

    Attributes:
        mse: mean squared error.
        mae: mean absolute error.
    """

    mse: Estimate
    mae: Estimate


def squared_errors(forecasts: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return (N,) squared errors of (N, D) forecasts, averaged over the targets."""
    return ((forecasts - targets) ** 2).mean(axis=1)


def report(forecasts: np.ndarray, targets: np.ndarray, *, rng: np.random.Generator) -> ForecastReport:
    """Return the errors of (N, D) forecasts of (N, D) targets.

    Raises:
        ValueError: if the shapes differ or there is nothing to compare.
        FloatingPointError: if a forecast is not finite.
    """
    if forecasts.shape != targets.shape or forecasts.ndim != 2 or forecasts.size == 0:
        shapes = f"{forecasts.shape} and {targets.shape}"
        raise ValueError(f"forecasts and targets: got {shapes}, expected (N, D) twice")
    if not np.isfinite(forecasts).all():
        raise FloatingPointError("forecasts: got a value that is not finite")
    absolute = np.abs(forecasts - targets).mean(axis=1)
    return ForecastReport(
        estimate_in_blocks(squared_errors(forecasts, targets), rng), estimate_in_blocks(absolute, rng)
    )


def weight_by_source(weights: np.ndarray, sources: np.ndarray, count: int) -> np.ndarray:
    """Return (K, D) how much an event of each source counts, 1 being the share of an average event.

    Args:
        weights: (N, L, D) shares of the events of windows, summing to 1 over each.
        sources: (N, L) int64 the sources of these events.
        count: of the sources, K; one without an event gets nan.
    """
    events = np.bincount(sources.ravel(), minlength=count)
    flat = weights.reshape(-1, weights.shape[2])
    sums = np.stack([np.bincount(sources.ravel(), column, count) for column in flat.T], axis=1)
    return weights.shape[1] * sums / np.where(events > 0, events, np.nan)[:, None]


def estimate_in_blocks(values: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Return the mean of (N,) values in the order of time, with its interval; also of paired differences."""
    count = len(values)
    length = max(1, min(BLOCK, count // LEAST_BLOCKS))
    blocks = math.ceil(count / length)
    sums = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values[: length - 1]]))])
    of_blocks = sums[length:] - sums[:-length]
    drawn = of_blocks[rng.integers(0, count, (RESAMPLES, blocks))].sum(axis=1) / (blocks * length)
    tail = 50.0 * (1.0 - CONFIDENCE)
    low, high = np.percentile(drawn, [tail, 100.0 - tail])
    return Estimate(float(values.mean()), float(low), float(high), count)
