"""The stones of one sheet while they move: where each rests or will rest, and how it gets there."""

import math

import numpy as np

from envs.compiled import kernel
from envs.curling.physics.path import (
    CURLING,
    NO_SPIN,
    REST_SPEED,
    STRAIGHT,
    PathTable,
    read,
    spin_lost,
    spin_out,
    time_to_stop,
)

STONE = np.dtype(
    [
        ("x", np.float64),
        ("y", np.float64),
        ("turn_x", np.float64),
        ("turn_y", np.float64),
        ("curl", np.float64),
        ("stop", np.float64),
        ("start", np.float64),
        ("spin", np.float64),
        ("spin_end", np.float64),
        ("leave", np.float64),
        ("present", np.bool_),
    ],
    align=True,
)
"""One stone; times in seconds since the delivery.

x, y: where it rests, or where it would stop if nothing touched it; metres.
turn_x, turn_y: rotation of its path's frame as cosine and sine.
curl: +1 anticlockwise, -1 clockwise, 0 straight.
stop: when it stops; a stone whose `stop` lies in the past is at rest.
start, spin: when its path began and its angular velocity then, rad/s anticlockwise; -inf, 0 at rest.
spin_end: when it ceases to spin; infinite when it never does before it rests.
leave: when it crosses a line and leaves play; infinite when it does not.
present: whether it is on the sheet.
"""


@kernel
def lay(stones: np.ndarray, slot: int, x: float, y: float) -> None:
    """Put a stone at rest."""
    stone = stones[slot]
    stone.x = x
    stone.y = y
    stone.start = -math.inf
    stone.stop = -math.inf
    stone.spin = 0.0
    stone.spin_end = math.inf
    stone.leave = math.inf


@kernel
def launch(
    table: PathTable,
    stones: np.ndarray,
    slot: int,
    now: float,
    x: float,
    y: float,
    vx: float,
    vy: float,
    spin: float,
    late: float,
) -> None:
    """Start a free path at (x, y), metres, with velocity (vx, vy) m/s and `spin` rad/s; `leave` is not set.

    The stone sets out from where its path's clock is `late` seconds on; 0 is exact.
    """
    stone = stones[slot]
    speed = math.sqrt(vx * vx + vy * vy)
    if speed <= REST_SPEED:
        lay(stones, slot, x, y)
        return
    curl = 0.0 if abs(spin) <= NO_SPIN else math.copysign(1.0, spin)
    kind = STRAIGHT if curl == 0.0 else CURLING
    left = time_to_stop(table, kind, speed) - late
    if left <= 0.0:
        lay(stones, slot, x, y)
        return
    px, py, wx, wy = read(table, kind, left)
    px *= curl
    wx *= curl
    size = speed * math.sqrt(wx * wx + wy * wy)
    turn_x = (vx * wx + vy * wy) / size
    turn_y = (vy * wx - vx * wy) / size
    stone.x = x - (turn_x * px - turn_y * py)
    stone.y = y - (turn_y * px + turn_x * py)
    stone.turn_x = turn_x
    stone.turn_y = turn_y
    stone.curl = curl
    stone.stop = now + left
    stone.start = now
    stone.spin = spin
    ends = spin_out(table, left, abs(spin)) if curl != 0.0 else 0.0
    stone.spin_end = now + left - ends if ends > 0.0 else math.inf


@kernel
def state_at(
    table: PathTable, stones: np.ndarray, slot: int, now: float
) -> tuple[float, float, float, float]:
    """Position (m) and velocity (m/s) of a stone at `now`."""
    stone = stones[slot]
    left = stone.stop - now
    if left <= 0.0:
        return stone.x, stone.y, 0.0, 0.0
    curl = stone.curl
    px, py, wx, wy = read(table, STRAIGHT if curl == 0.0 else CURLING, left)
    px *= curl
    wx *= curl
    c, s = stone.turn_x, stone.turn_y
    x = stone.x + (c * px - s * py)
    y = stone.y + (s * px + c * py)
    return x, y, c * wx - s * wy, s * wx + c * wy


@kernel
def spin_at(table: PathTable, stones: np.ndarray, slot: int, now: float) -> float:
    """Angular velocity of a stone at `now`, rad/s anticlockwise; a stone at rest has none."""
    stone = stones[slot]
    left = stone.stop - now
    if left <= 0.0 or now >= stone.spin_end:
        return 0.0
    lost = spin_lost(table, stone.stop - stone.start) - spin_lost(table, left)
    kept = max(abs(stone.spin) - lost, 0.0)
    return math.copysign(kept, stone.spin)


@kernel
def final_heading(table: PathTable, stones: np.ndarray, slot: int) -> tuple[float, float]:
    """Unit heading of a moving stone in the last interval before it rests."""
    stone = stones[slot]
    c, s = stone.turn_x, stone.turn_y
    if stone.curl == 0.0:
        return -s, c
    fx, fy = table.final[0] * stone.curl, table.final[1]
    return c * fx - s * fy, s * fx + c * fy
