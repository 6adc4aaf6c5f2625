"""The stones of one sheet while they move: where each rests or will rest, and how it gets there."""

import math
from typing import NamedTuple

import numba
import numpy as np

from envs.curling.path import CURLING, NO_SPIN, REST_SPEED, STRAIGHT, PathTable, read, spin_lost, spin_out, time_to_stop


class Stones(NamedTuple):
    """Arrays over the stone slots, all [16]; times in seconds since the delivery.

    x, y: where the stone rests, or where it would stop if nothing touched it; metres.
    turn_x, turn_y: rotation of its path's frame as cosine and sine.
    curl: +1 anticlockwise, -1 clockwise, 0 straight.
    stop: when it stops; a stone whose `stop` lies in the past is at rest.
    start, spin: when its path began and its angular velocity then, rad/s anticlockwise.
    spin_end: when it ceases to spin; infinite when it never does before it rests.
    leave: when it crosses a line and leaves play; infinite when it does not.
    present: whether it is on the sheet.
    """

    x: np.ndarray
    y: np.ndarray
    turn_x: np.ndarray
    turn_y: np.ndarray
    curl: np.ndarray
    stop: np.ndarray
    start: np.ndarray
    spin: np.ndarray
    spin_end: np.ndarray
    leave: np.ndarray
    present: np.ndarray


@numba.njit(nogil=True, cache=True)
def empty_stones() -> Stones:
    """Room for one sheet."""
    count = 16
    return Stones(
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.zeros(count, np.bool_),
    )


@numba.njit(nogil=True, cache=True)
def lay(stones: Stones, slot: int, x: float, y: float) -> None:
    """Put a stone at rest."""
    stones.x[slot] = x
    stones.y[slot] = y
    stones.stop[slot] = -math.inf
    stones.spin[slot] = 0.0
    stones.spin_end[slot] = math.inf
    stones.leave[slot] = math.inf


@numba.njit(nogil=True, cache=True)
def launch(
    table: PathTable, stones: Stones, slot: int, now: float, x: float, y: float, vx: float, vy: float, spin: float
) -> None:
    """Start a free path at (x, y) with velocity (vx, vy) m/s and `spin` rad/s; `leave` is set by the caller."""
    speed = math.sqrt(vx * vx + vy * vy)
    if speed <= REST_SPEED:
        lay(stones, slot, x, y)
        return
    curl = 0.0 if abs(spin) <= NO_SPIN else math.copysign(1.0, spin)
    kind = STRAIGHT if curl == 0.0 else CURLING
    left = time_to_stop(table, kind, speed)
    px, py, wx, wy = read(table, kind, left)
    px *= curl
    wx *= curl
    size = speed * math.sqrt(wx * wx + wy * wy)
    turn_x = (vx * wx + vy * wy) / size
    turn_y = (vy * wx - vx * wy) / size
    stones.x[slot] = x - (turn_x * px - turn_y * py)
    stones.y[slot] = y - (turn_y * px + turn_x * py)
    stones.turn_x[slot] = turn_x
    stones.turn_y[slot] = turn_y
    stones.curl[slot] = curl
    stones.stop[slot] = now + left
    stones.start[slot] = now
    stones.spin[slot] = spin
    ends = spin_out(table, left, abs(spin)) if curl != 0.0 else 0.0
    stones.spin_end[slot] = now + left - ends if ends > 0.0 else math.inf


@numba.njit(nogil=True, cache=True)
def state_at(table: PathTable, stones: Stones, slot: int, now: float) -> tuple[float, float, float, float]:
    """Position (m) and velocity (m/s) of a stone at `now`."""
    left = stones.stop[slot] - now
    if left <= 0.0:
        return stones.x[slot], stones.y[slot], 0.0, 0.0
    curl = stones.curl[slot]
    px, py, wx, wy = read(table, STRAIGHT if curl == 0.0 else CURLING, left)
    px *= curl
    wx *= curl
    c, s = stones.turn_x[slot], stones.turn_y[slot]
    x = stones.x[slot] + (c * px - s * py)
    y = stones.y[slot] + (s * px + c * py)
    return x, y, c * wx - s * wy, s * wx + c * wy


@numba.njit(nogil=True, cache=True)
def spin_at(table: PathTable, stones: Stones, slot: int, now: float) -> float:
    """Angular velocity of a stone at `now`, rad/s anticlockwise; a stone at rest has none."""
    left = stones.stop[slot] - now
    if left <= 0.0 or now >= stones.spin_end[slot]:
        return 0.0
    lost = spin_lost(table, stones.stop[slot] - stones.start[slot]) - spin_lost(table, left)
    kept = max(abs(stones.spin[slot]) - lost, 0.0)
    return math.copysign(kept, stones.spin[slot])


@numba.njit(nogil=True, cache=True)
def final_heading(table: PathTable, stones: Stones, slot: int) -> tuple[float, float]:
    """Unit heading of a moving stone in the last interval before it rests."""
    c, s = stones.turn_x[slot], stones.turn_y[slot]
    if stones.curl[slot] == 0.0:
        return -s, c
    fx, fy = table.final[0] * stones.curl[slot], table.final[1]
    return c * fx - s * fy, s * fx + c * fy
