"""Deliveries: release velocity to the point where a free stone stops, and back.

Both ways read the same universal path as the engine, so a stone aimed at a point stops there to within
rounding. A spin that runs out on the way is followed, but not aimed with. Noise is in `noise.py`.
"""

import math
from typing import NamedTuple

import numpy as np

from envs.compiled import entry, kernel
from envs.curling.physics.ice import Ice
from envs.curling.physics.path import CURLING, NO_SPIN, STRAIGHT, PathTable, read, spin_out, time_to_stop
from envs.curling.physics.stones import STONE, launch, state_at

MOST_STEPS = 60
"""Steps of the safeguarded Newton search; halving alone would end at the width of a rounding error."""


class Shot(NamedTuple):
    """One delivery as its thrower intends it.

    velocity_x, velocity_y: velocity at release, m/s; spin: angular velocity at release, rad/s, anticlockwise.
    """

    velocity_x: float
    velocity_y: float
    spin: float


def stop_point(ice: Ice, velocity: np.ndarray, spin: np.ndarray) -> np.ndarray:
    """Where a stone released at `velocity` stops if it meets nothing, even off the sheet.

    Args:
        velocity: [..., 2] m/s.
        spin: [...] rad/s anticlockwise, broadcast against velocity.

    Returns:
        [..., 2] metres.

    Raises:
        ValueError: a wrong shape, a value that is not finite, or a speed beyond `ice.speed_limit`.
    """
    velocity, spin, shape = _pairs("velocity", velocity, spin=spin)
    if velocity.size and np.hypot(*velocity.T).max() > ice.speed_limit:
        raise ValueError(f"velocity: faster than this ice's limit, expected at most {ice.speed_limit:g} m/s")
    points = np.empty_like(velocity)
    _stop(ice.table, np.zeros(1, STONE), *ice.release_position, velocity, spin, points)
    return points.reshape(shape)


def velocity_to_stop(ice: Ice, target: np.ndarray, spin: np.ndarray) -> np.ndarray:
    """The release velocity with which a free stone stops at `target`.

    Args:
        target: [..., 2] metres.
        spin: [...] rad/s anticlockwise, broadcast against target.

    Returns:
        [..., 2] m/s.

    Raises:
        ValueError: a wrong shape, a value that is not finite, or a target that no release within
            `ice.speed_limit` reaches before its spin runs out.
    """
    return velocity_through(ice, target, np.zeros(()), spin)


def velocity_through(ice: Ice, point: np.ndarray, speed: np.ndarray, spin: np.ndarray) -> np.ndarray:
    """The release velocity with which a free stone passes `point` at `speed`.

    Args:
        point: [..., 2] metres.
        speed: [...] m/s at the point, broadcast against point.
        spin: [...] rad/s anticlockwise, broadcast against point.

    Returns:
        [..., 2] m/s.

    Raises:
        ValueError: a wrong shape, a value that is not finite, a negative speed, or a point that no release
            within `ice.speed_limit` reaches at that speed before its spin runs out.
    """
    point, speed, spin, shape = _pairs("point", point, speed=speed, spin=spin)
    if (speed < 0).any() or (speed > ice.speed_limit).any():
        raise ValueError(
            f"speed: {speed.min():g} to {speed.max():g} m/s given, expected 0 to {ice.speed_limit:g}"
        )
    velocity = np.empty_like(point)
    _aim(ice.table, *ice.release_position, point, speed, spin, velocity)
    if not np.isfinite(velocity).all():
        n = int(np.argmin(np.isfinite(velocity).all(-1)))
        raise ValueError(
            f"point: {point[n].tolist()} at {speed[n]:g} m/s is out of reach, "
            f"expected one that a release of at most {ice.speed_limit:g} m/s reaches while it spins"
        )
    return velocity.reshape(shape)


def _pairs(name: str, pairs: np.ndarray, **values: np.ndarray) -> tuple:
    """`pairs` as [N, 2], each of `values` as [N], and the common shape; all float64 and finite."""
    pairs = np.asarray(pairs, np.float64)
    if pairs.ndim == 0 or pairs.shape[-1] != 2:
        raise ValueError(f"{name}: shape {pairs.shape} given, expected [..., 2]")
    arrays = [np.asarray(value, np.float64) for value in values.values()]
    shape = np.broadcast_shapes(pairs.shape[:-1], *(array.shape for array in arrays))
    flat = [np.broadcast_to(array, shape).reshape(-1) for array in arrays]
    pairs = np.broadcast_to(pairs, (*shape, 2)).reshape(-1, 2)
    for label, array in zip((name, *values), (pairs, *flat), strict=True):
        if not np.isfinite(array).all():
            raise ValueError(f"{label}: NaN or infinity given, expected finite numbers")
    return np.ascontiguousarray(pairs), *(np.ascontiguousarray(array) for array in flat), (*shape, 2)


@entry
def _stop(
    table: PathTable,
    scratch: np.ndarray,
    release_x: float,
    release_y: float,
    velocity: np.ndarray,
    spin: np.ndarray,
    points: np.ndarray,
) -> None:
    for n in range(velocity.shape[0]):
        launch(table, scratch, 0, 0.0, release_x, release_y, velocity[n, 0], velocity[n, 1], spin[n], 0.0)
        ends = scratch[0].spin_end
        if ends < math.inf:
            x, y, vx, vy = state_at(table, scratch, 0, ends)
            launch(table, scratch, 0, ends, x, y, vx, vy, 0.0, 0.0)
        points[n, 0] = scratch[0].x
        points[n, 1] = scratch[0].y


@entry
def _aim(
    table: PathTable,
    release_x: float,
    release_y: float,
    point: np.ndarray,
    speed: np.ndarray,
    spin: np.ndarray,
    velocity: np.ndarray,
) -> None:
    """Release velocities [N, 2], NaN where a point is out of reach, or the spin runs out on the way."""
    for n in range(point.shape[0]):
        curl = math.copysign(1.0, spin[n]) if abs(spin[n]) > NO_SPIN else 0.0
        kind = STRAIGHT if curl == 0.0 else CURLING
        dx, dy = point[n, 0] - release_x, point[n, 1] - release_y
        passing = time_to_stop(table, kind, speed[n]) if speed[n] > 0.0 else 0.0
        released = _time_apart(table, kind, passing, math.sqrt(dx * dx + dy * dy))
        px, py, _, _ = read(table, kind, passing)
        qx, qy, vx, vy = read(table, kind, released)
        cx, cy = curl * (px - qx), py - qy
        squared = cx * cx + cy * cy
        runs_out = curl != 0.0 and spin_out(table, released, abs(spin[n])) > passing
        if squared == 0.0 or math.isnan(released) or runs_out:
            velocity[n, 0] = velocity[n, 1] = math.nan
            continue
        turn_x, turn_y = (dx * cx + dy * cy) / squared, (dy * cx - dx * cy) / squared
        vx *= curl if curl != 0.0 else 1.0
        velocity[n, 0] = turn_x * vx - turn_y * vy
        velocity[n, 1] = turn_y * vx + turn_x * vy


@kernel
def _time_apart(table: PathTable, kind: int, later: float, distance: float) -> float:
    """Seconds before rest when a stone is `distance` metres from where it is `later` seconds before rest."""
    px, py, _, _ = read(table, kind, later)
    low, high = later, table.cells.shape[1] * table.interval
    x, y, _, _ = read(table, kind, high)
    if math.hypot(x - px, y - py) < distance:
        return math.nan
    left = low
    for _ in range(MOST_STEPS):
        x, y, vx, vy = read(table, kind, left)
        rx, ry = x - px, y - py
        apart = math.sqrt(rx * rx + ry * ry)
        if apart < distance:
            low = left
        else:
            high = left
        parting = -(rx * vx + ry * vy) / apart if apart > 0.0 else 0.0
        guess = left + (distance - apart) / parting if parting > 0.0 else math.inf
        if not low <= guess <= high:
            guess = (low + high) / 2.0
        if abs(guess - left) <= 1e-15 * left:
            break
        left = guess
    return left
