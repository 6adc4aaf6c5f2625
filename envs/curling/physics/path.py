"""The universal path of a free stone, tabulated against the time left until it stops.

A path is kept in its own frame: the stone stops at the origin and `PathTable.cells` gives its position as a
cubic in each interval of time left. A stone on the sheet carries that frame: where it stops, a rotation, the
side to which it curls (+1 anticlockwise, -1 clockwise, 0 straight) and when it stops.
"""

import math
from typing import NamedTuple

import numpy as np

from envs.compiled import kernel

STRAIGHT, CURLING = 0, 1
"""First index of `PathTable.cells`."""

REST_SPEED = 1e-9
"""m/s at or below which a stone lies still."""

NO_SPIN = 1.1920929e-7
"""rad/s at or below which a stone does not curl: the single-precision epsilon of the original simulators."""

SPEED_TOLERANCE = 4e-15
"""Relative error of the speed with which a path begins."""
MOST_NEWTON_STEPS = 8


class PathTable(NamedTuple):
    """N cells of `interval` = 1 / `rate` seconds each, counted from rest.

    cells: [2, N, 8] float64; x = c0 + f (c1 + f (c2 + f c3)) at fraction f of a cell, then the same for y;
        metres. `cells[CURLING]` is the anticlockwise path, `cells[STRAIGHT]` that of a stone without spin.
    spin_loss: [N + 1] float64, rad/s that a stone loses from each sample until rest.
    time_of_speed: [M] float64, seconds to rest at speeds of k * `speed_step` m/s; a first guess for Newton.
    final: heading of the anticlockwise path at the end of its last cell, unit vector in the path's frame.
    least_deceleration, most_acceleration, most_lateral: bounds over all speeds, m/s^2.
    """

    cells: np.ndarray
    interval: float
    rate: float
    spin_loss: np.ndarray
    speed_step: float
    time_of_speed: np.ndarray
    final: tuple[float, float]
    least_deceleration: float
    most_acceleration: float
    most_lateral: float


def tabulate(
    interval: float,
    curve: np.ndarray,
    derivative: np.ndarray,
    line: np.ndarray,
    *,
    spin_loss: np.ndarray,
    least_deceleration: float,
    most_deceleration: float,
    most_lateral: float,
) -> PathTable:
    """A table from samples at k * `interval` seconds before rest.

    Args:
        curve: [N + 1] complex x + iy, position on the anticlockwise path, metres.
        derivative: [N + 1] complex, change of `curve` per second of time left, m/s.
        line: [N + 1] distance to rest of a stone without spin, metres.
        spin_loss: [N + 1] rad/s lost until rest.
        least_deceleration, most_deceleration, most_lateral: bounds over all speeds, m/s^2.
    """
    speed = np.abs(derivative)
    cells = np.stack([_cubics(-1j * line, -1j * speed, interval), _cubics(curve, derivative, interval)])
    count = 4 * len(speed)
    grid = np.linspace(0.0, speed[-2], count)
    final = -derivative[1] / speed[1]
    return PathTable(
        cells=np.ascontiguousarray(cells),
        interval=interval,
        rate=1.0 / interval,
        spin_loss=np.ascontiguousarray(spin_loss),
        speed_step=float(grid[1]),
        time_of_speed=np.interp(grid, speed, np.arange(len(speed)) * interval),
        final=(float(final.real), float(final.imag)),
        least_deceleration=least_deceleration,
        most_acceleration=math.hypot(most_deceleration, most_lateral),
        most_lateral=most_lateral,
    )


def _cubics(position: np.ndarray, derivative: np.ndarray, interval: float) -> np.ndarray:
    """Hermite cubics [N, 8] through complex `position` [N + 1] with complex `derivative` [N + 1]."""
    rise = np.diff(position)
    left, right = derivative[:-1] * interval, derivative[1:] * interval
    coefficients = np.stack([position[:-1], left, 3 * rise - 2 * left - right, left + right - 2 * rise], -1)
    return np.concatenate([coefficients.real, coefficients.imag], -1)


@kernel
def read(table: PathTable, kind: int, left: float) -> tuple[float, float, float, float]:
    """Position (m) and velocity (m/s) in the path's frame, `left` seconds before rest."""
    cells, rate = table.cells, table.rate
    cell = min(int(left * rate), cells.shape[1] - 1)
    f = left * rate - cell
    x1, x2, x3 = cells[kind, cell, 1], cells[kind, cell, 2], cells[kind, cell, 3]
    y1, y2, y3 = cells[kind, cell, 5], cells[kind, cell, 6], cells[kind, cell, 7]
    x = cells[kind, cell, 0] + f * (x1 + f * (x2 + f * x3))
    y = cells[kind, cell, 4] + f * (y1 + f * (y2 + f * y3))
    vx = -rate * (x1 + f * (2.0 * x2 + f * (3.0 * x3)))
    vy = -rate * (y1 + f * (2.0 * y2 + f * (3.0 * y3)))
    return x, y, vx, vy


@kernel
def deceleration(table: PathTable, kind: int, left: float) -> float:
    """Deceleration along the path in m/s^2, `left` seconds before rest."""
    cells, rate = table.cells, table.rate
    cell = min(int(left * rate), cells.shape[1] - 1)
    f = left * rate - cell
    ax = rate * rate * (2.0 * cells[kind, cell, 2] + 6.0 * f * cells[kind, cell, 3])
    ay = rate * rate * (2.0 * cells[kind, cell, 6] + 6.0 * f * cells[kind, cell, 7])
    _, _, vx, vy = read(table, kind, left)
    speed = math.sqrt(vx * vx + vy * vy)
    return -(vx * ax + vy * ay) / speed if speed > 0.0 else math.sqrt(ax * ax + ay * ay)


@kernel
def time_to_stop(table: PathTable, kind: int, speed: float) -> float:
    """Seconds until a stone of `speed` m/s stops: Newton on the tabulated speed."""
    guesses = table.time_of_speed
    scaled = speed / table.speed_step
    index = min(int(scaled), guesses.shape[0] - 2)
    left = guesses[index] + (scaled - index) * (guesses[index + 1] - guesses[index])
    end = table.cells.shape[1] * table.interval
    for _ in range(MOST_NEWTON_STEPS):
        _, _, vx, vy = read(table, kind, left)
        error = math.sqrt(vx * vx + vy * vy) - speed
        if abs(error) <= SPEED_TOLERANCE * speed:
            break
        left = min(max(left - error / deceleration(table, kind, left), 0.0), end)
    return left


@kernel
def spin_lost(table: PathTable, left: float) -> float:
    """rad/s that a stone loses from `left` seconds before rest until rest."""
    loss = table.spin_loss
    scaled = left * table.rate
    index = min(int(scaled), loss.shape[0] - 2)
    return loss[index] + (scaled - index) * (loss[index + 1] - loss[index])


@kernel
def spin_out(table: PathTable, left: float, spin: float) -> float:
    """Seconds before rest at which a stone with |spin| rad/s, `left` seconds before rest, ceases to spin.

    0 when it spins until it rests, or until its last cell, in which a curl moves it by micrometres.
    """
    loss = table.spin_loss
    remaining = spin_lost(table, left) - spin
    if remaining <= loss[1]:
        return 0.0
    index = np.searchsorted(loss, remaining) - 1
    return (index + (remaining - loss[index]) / (loss[index + 1] - loss[index])) * table.interval
