"""The universal path of a free stone, tabulated against the time left until it stops.

A path is kept in its own frame: the stone stops at the origin and `PathTable.cells` gives its position as a
cubic in each interval of time left. A stone on the sheet carries that frame: where it stops, a rotation, the
side to which it curls (+1 anticlockwise, -1 clockwise, 0 straight) and when it stops.
"""

import math
from typing import NamedTuple

import numba
import numpy as np

STRAIGHT, CURLING = 0, 1
"""First index of `PathTable.cells`."""

REST_SPEED = 1e-9
"""m/s at or below which a stone lies still."""

NO_SPIN = 1.1920929e-7
"""rad/s at or below which a stone does not curl: the single-precision epsilon of the original simulators."""


class PathTable(NamedTuple):
    """N cells of `interval` seconds each, counted from rest.

    cells: [2, N, 8] float64; x = c0 + f (c1 + f (c2 + f c3)) at fraction f of a cell, then the same for y;
        metres. `cells[CURLING]` is the anticlockwise path, `cells[STRAIGHT]` that of a stone without spin.
    spin_loss: [N + 1] float64, rad/s that a stone loses from each sample until rest.
    time_of_speed: [M] float64, seconds to rest at speeds of k * `speed_step` m/s; a first guess for Newton.
    final: heading of the anticlockwise path at the end of its last cell, unit vector in the path's frame.
    least_deceleration, most_acceleration, most_lateral: bounds over all speeds, m/s^2.
    """

    interval: float
    cells: np.ndarray
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
        interval=interval,
        cells=np.ascontiguousarray(cells),
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


@numba.njit(nogil=True, cache=True)
def read(table: PathTable, kind: int, left: float) -> tuple[float, float, float, float]:
    """Position (m) and velocity (m/s) in the path's frame, `left` seconds before rest."""
    scaled = left / table.interval
    cell = min(int(scaled), table.cells.shape[1] - 1)
    f = scaled - cell
    c = table.cells[kind, cell]
    x = c[0] + f * (c[1] + f * (c[2] + f * c[3]))
    y = c[4] + f * (c[5] + f * (c[6] + f * c[7]))
    vx = -(c[1] + f * (2.0 * c[2] + f * (3.0 * c[3]))) / table.interval
    vy = -(c[5] + f * (2.0 * c[6] + f * (3.0 * c[7]))) / table.interval
    return x, y, vx, vy


@numba.njit(nogil=True, cache=True)
def time_to_stop(table: PathTable, kind: int, speed: float) -> float:
    """Seconds until a stone of `speed` m/s stops: Newton on the tabulated speed."""
    scaled = speed / table.speed_step
    index = min(int(scaled), table.time_of_speed.shape[0] - 2)
    guess = table.time_of_speed[index]
    left = guess + (scaled - index) * (table.time_of_speed[index + 1] - guess)
    end = table.cells.shape[1] * table.interval
    for _ in range(8):
        scaled = left / table.interval
        cell = min(int(scaled), table.cells.shape[1] - 1)
        f = scaled - cell
        c = table.cells[kind, cell]
        vx = (c[1] + f * (2.0 * c[2] + f * (3.0 * c[3]))) / table.interval
        vy = (c[5] + f * (2.0 * c[6] + f * (3.0 * c[7]))) / table.interval
        ax = (2.0 * c[2] + 6.0 * f * c[3]) / (table.interval * table.interval)
        ay = (2.0 * c[6] + 6.0 * f * c[7]) / (table.interval * table.interval)
        now = math.sqrt(vx * vx + vy * vy)
        if now == 0.0:
            left = speed / math.sqrt(ax * ax + ay * ay)
            continue
        error = now - speed
        left = min(max(left - error * now / (vx * ax + vy * ay), 0.0), end)
        if abs(error) <= 1e-13 * speed:
            break
    return left


@numba.njit(nogil=True, cache=True)
def spin_lost(table: PathTable, left: float) -> float:
    """rad/s that a stone loses from `left` seconds before rest until rest."""
    scaled = left / table.interval
    index = min(int(scaled), table.spin_loss.shape[0] - 2)
    low = table.spin_loss[index]
    return low + (scaled - index) * (table.spin_loss[index + 1] - low)


@numba.njit(nogil=True, cache=True)
def spin_out(table: PathTable, left: float, spin: float) -> float:
    """Seconds before rest at which a stone with |spin| rad/s, `left` seconds before rest, ceases to spin.

    0 when it spins until it rests, or until its last cell, in which a curl moves it by micrometres.
    """
    remaining = spin_lost(table, left) - spin
    if remaining <= table.spin_loss[1]:
        return 0.0
    index = np.searchsorted(table.spin_loss, remaining) - 1
    low, high = table.spin_loss[index], table.spin_loss[index + 1]
    return (index + (remaining - low) / (high - low)) * table.interval
