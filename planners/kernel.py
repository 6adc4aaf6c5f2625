"""Kernel density and regression over actions: continuous points with a discrete part.

W(a) = sum_b K(a, b) n_b and E(v|a) = sum_b K(a, b) n_b v_b / W(a), with n_b the visits and v_b the mean of
action b (Yee et al., IJCAI 2016, equations 2 and 3). Actions with different parts share nothing.

Differs from the paper, as the code of Lee et al., ICML 2018, does: K is the density of the noise relative to
its peak, so that W counts visits, whatever the units of the actions and however wide the noise.

Shape letters: B rows, C actions, A continuous dimensions, Q queries, K outcomes.
"""

import math
from typing import NamedTuple

import numpy as np

from planners.compiled import borrowed, entry, inlined, kernel
from planners.config import KERNELS, KernelConfig
from planners.random_stream import normal, student_t, uniform

GAUSSIAN, STUDENT_T, NONE = (KERNELS.index(kind) for kind in ("gaussian", "student_t", "none"))

FAR = 80.0
"""Squared distance, in scales, from which a Gaussian adds less to a visited action's sums than rounding."""


class Kernel(NamedTuple):
    """A `KernelConfig` as compiled code reads it; rates are 1 over the scales."""

    kind: int
    freedom: float
    scales: np.ndarray
    rates: np.ndarray
    low: np.ndarray
    high: np.ndarray


def kernel_of(config: KernelConfig) -> Kernel:
    """The compiled form of a config."""
    free = np.full(config.dimensions, np.inf)
    return Kernel(
        KERNELS.index(config.kind),
        float(config.freedom),
        np.array(config.scales, np.float64),
        1.0 / np.array(config.scales, np.float64),
        np.array(config.low, np.float64) if config.low else -free,
        np.array(config.high, np.float64) if config.high else free,
    )


@kernel
def borrow_kernel(shape: Kernel) -> Kernel:
    """The same kernel for compiled code, while the caller holds it (see `compiled.borrowed`)."""
    return Kernel(
        shape.kind,
        shape.freedom,
        borrowed(shape.scales),
        borrowed(shape.rates),
        borrowed(shape.low),
        borrowed(shape.high),
    )


@inlined
def similarity(shape: Kernel, points: np.ndarray, a: int, others: np.ndarray, b: int) -> float:
    """K of points[a] and others[b], both [., A], of equal parts; 0 with no kernel: they are two actions."""
    if shape.kind == GAUSSIAN:
        squares = 0.0
        for axis in range(points.shape[1]):
            squares += ((points[a, axis] - others[b, axis]) * shape.rates[axis]) ** 2
        return math.exp(-0.5 * squares) if squares < FAR else 0.0
    if shape.kind == STUDENT_T:
        product = 1.0
        for axis in range(points.shape[1]):
            product *= 1.0 + ((points[a, axis] - others[b, axis]) * shape.rates[axis]) ** 2 / shape.freedom
        return product ** (-0.5 * (shape.freedom + 1.0))
    return 0.0


@inlined
def copy_row(rows: np.ndarray, a: int, into: np.ndarray, b: int) -> None:
    """into[b] = rows[a], number by number: for so few, assigning a slice costs more."""
    for column in range(rows.shape[1]):
        into[b, column] = rows[a, column]


@kernel
def execute(
    shape: Kernel, points: np.ndarray, a: int, into: np.ndarray, b: int, streams: np.ndarray, t: int
) -> None:
    """Writes to into[b] what becomes of points[a] with execution noise: Gaussian unless student_t."""
    for axis in range(points.shape[1]):
        if shape.kind == STUDENT_T:
            noise = student_t(streams, t, shape.freedom)
        else:
            noise = normal(streams, t)
        into[b, axis] = _bounded(shape, axis, points[a, axis] + noise * shape.scales[axis])


@kernel
def scatter(
    shape: Kernel,
    reach: float,
    points: np.ndarray,
    a: int,
    into: np.ndarray,
    b: int,
    streams: np.ndarray,
    t: int,
) -> None:
    """Writes to into[b] a point uniform in the ellipsoid of `reach` scales around points[a]."""
    dimensions, squares = points.shape[1], 0.0
    for axis in range(dimensions):
        into[b, axis] = normal(streams, t)
        squares += into[b, axis] ** 2
    radius = reach * uniform(streams, t) ** (1.0 / dimensions) / math.sqrt(max(squares, 1e-300))
    for axis in range(dimensions):
        into[b, axis] = _bounded(shape, axis, points[a, axis] + radius * into[b, axis] * shape.scales[axis])


@kernel
def _bounded(shape: Kernel, axis: int, value: float) -> float:
    return min(max(value, shape.low[axis]), shape.high[axis])


def density(
    config: KernelConfig,
    points: np.ndarray,
    parts: np.ndarray,
    visits: np.ndarray,
    query_points: np.ndarray,
    query_parts: np.ndarray,
) -> np.ndarray:
    """W at queries, summed in full.

    Args:
        config: the kernel; with none, only a query that equals an action counts its visits.
        points: [B, C, A] actions.
        parts: [B, C] their discrete parts.
        visits: [B, C] how often each was visited; 0 for padding.
        query_points: [Q, A].
        query_parts: [Q].

    Returns:
        [B, Q] float64.
    """
    ones = np.ones((*np.shape(visits), 1))
    return regression(config, points, parts, visits, ones, query_points, query_parts)[0]


def regression(
    config: KernelConfig,
    points: np.ndarray,
    parts: np.ndarray,
    visits: np.ndarray,
    means: np.ndarray,
    query_points: np.ndarray,
    query_parts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """W and E at queries, summed in full: arguments as for `density`, and means [B, C, K] of the actions.

    Returns:
        W [B, Q] and E [B, Q, K] float64; E is 0 where W is 0.

    Raises:
        ValueError: shapes do not fit.
    """
    points, means = np.ascontiguousarray(points, np.float64), np.ascontiguousarray(means, np.float64)
    parts, visits = np.ascontiguousarray(parts, np.int64), np.ascontiguousarray(visits, np.float64)
    query_points = np.ascontiguousarray(query_points, np.float64)
    query_parts = np.ascontiguousarray(query_parts, np.int64)
    actions = (*points.shape[:2], config.dimensions)
    if points.shape != actions or not parts.shape == visits.shape == means.shape[:2] == actions[:2]:
        raise ValueError(f"points: shape {points.shape}, expected [B, C, {config.dimensions}] as the others")
    if query_points.shape != (len(query_parts), config.dimensions):
        raise ValueError(f"query_points: shape {query_points.shape}, expected [Q, {config.dimensions}]")
    weights = np.zeros((len(points), len(query_points)))
    totals = np.zeros((*weights.shape, means.shape[2]))
    _regress(kernel_of(config), points, parts, visits, means, query_points, query_parts, weights, totals)
    return weights, totals / np.where(weights > 0, weights, 1.0)[..., None]


@entry
def _regress(
    shape: Kernel,
    points: np.ndarray,
    parts: np.ndarray,
    visits: np.ndarray,
    means: np.ndarray,
    query_points: np.ndarray,
    query_parts: np.ndarray,
    weights: np.ndarray,
    totals: np.ndarray,
) -> None:
    """Adds up weights [B, Q] and totals [B, Q, K]."""
    for row in range(len(points)):
        for query in range(len(query_points)):
            for action in range(points.shape[1]):
                if visits[row, action] == 0 or parts[row, action] != query_parts[query]:
                    continue
                alike = similarity(shape, query_points, query, points[row], action)
                if shape.kind == NONE and np.all(query_points[query] == points[row, action]):
                    alike = 1.0
                weight = alike * visits[row, action]
                weights[row, query] += weight
                for outcome in range(means.shape[2]):
                    totals[row, query, outcome] += weight * means[row, action, outcome]
