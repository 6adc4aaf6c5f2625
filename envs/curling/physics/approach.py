"""When two stones meet, and when a stone leaves the sheet: conservative advancement on the stones' paths.

Each step goes as far as the stones certainly cannot meet: speeds only fall, so arc lengths, and deviations
from uniform motion, are bounded (Mirtich, "Impulse-based Dynamic Simulation of Rigid Body Systems", 1996,
section 2.3). Nothing is stepped, and nothing can be tunnelled through.
"""

import math
from typing import NamedTuple

import numpy as np

from envs.compiled import kernel
from envs.curling.physics.path import PathTable
from envs.curling.physics.stones import final_heading, state_at

CONTACT_TOLERANCE = 1e-9
"""metres: gap at which stones touch."""
GRAZE = 4e-5
"""metres that moving stones which rest against each other may press in before they collide again; they are
parted then, and at rest. It keeps a lasting contact a matter of tens of events."""
SLIVER = 4e-7
"""The same for stones already pressed in further."""
TOUCHING = 1e-6
"""metres: gap up to which stones count as resting against each other."""
CLOSING_SPEED = 1e-7
"""m/s: stones in touch that close no faster rest against each other."""
MARGIN = 1e-3
"""metres by which a rejection by the hull of a path must be clear: covers the path's last interval."""
LOOK_EVERY = 3
"""Steps of an approach between two looks at whether it will pass clear."""
MOST_STEPS = 100_000


@kernel
def contact_time(
    table: PathTable, stones: np.ndarray, i: int, j: int, now: float, until: float, diameter: float
) -> tuple[float, bool]:
    """When stones i and j next collide if nothing else happens: (seconds, True).

    Infinite when they do not. (a time >= until, False) when they do not before it and more was not asked.
    """
    end = min(max(stones[i].stop, stones[j].stop), stones[i].leave, stones[j].leave)
    surface = diameter
    for step in range(MOST_STEPS):
        if now >= end:
            return math.inf, True
        if now >= until:
            return now, False
        xi, yi, vxi, vyi = state_at(table, stones, i, now)
        xj, yj, vxj, vyj = state_at(table, stones, j, now)
        rx, ry, wx, wy = xj - xi, yj - yi, vxj - vxi, vyj - vyi
        distance = math.sqrt(rx * rx + ry * ry)
        closing = -(rx * wx + ry * wy) / distance
        if step == 0 and distance - diameter <= TOUCHING and closing <= CLOSING_SPEED:
            surface = min(diameter - GRAZE, distance - SLIVER)
        elif surface < diameter and distance > diameter + TOUCHING:
            surface = diameter
        gap = distance - surface
        if gap <= CONTACT_TOLERANCE:
            if closing > CLOSING_SPEED or (surface < diameter and closing > 0.0):
                return now, True
            if closing > 0.0:
                surface = min(diameter - GRAZE, distance - SLIVER)
                gap = distance - surface
        moving_i, moving_j = stones[i].stop > now, stones[j].stop > now
        look = step % LOOK_EVERY == LOOK_EVERY - 1
        if look and not moving_j and passes(corridor(table, stones, i, now), xj, yj, diameter):
            return math.inf, True
        if look and not moving_i and passes(corridor(table, stones, j, now), xi, yi, diameter):
            return math.inf, True
        if moving_i and moving_j:
            speeds = math.sqrt(vxi * vxi + vyi * vyi) + math.sqrt(vxj * vxj + vyj * vyj)
            ahead = max(
                gap / speeds,
                _drift_time(rx, ry, wx, wy, distance, closing, gap, surface, 2.0 * table.most_acceleration),
            )
        else:
            ahead = reach_time(wx, wy, gap, table.least_deceleration)
            ahead = max(
                ahead, _drift_time(rx, ry, wx, wy, distance, closing, gap, surface, table.most_acceleration)
            )
        now += ahead
    return now, True


@kernel
def reach_time(wx: float, wy: float, gap: float, deceleration: float) -> float:
    """Least time in which one stone can travel `gap` metres along its path; infinite when it stops short."""
    if gap <= 0.0:
        return 0.0
    squared = wx * wx + wy * wy
    rest = squared - 2.0 * deceleration * gap
    if rest <= 0.0:
        return math.inf
    return 2.0 * gap / (math.sqrt(squared) + math.sqrt(rest))


@kernel
def _drift_time(
    rx: float,
    ry: float,
    wx: float,
    wy: float,
    distance: float,
    closing: float,
    gap: float,
    surface: float,
    bend: float,
) -> float:
    """A time within which stones apart by r and drifting by w cannot meet, if they accelerate by < `bend`."""
    gap = max(gap, 0.0)
    if closing <= 0.0:
        return (math.sqrt(closing * closing + 2.0 * bend * gap) - closing) / bend
    horizon = min(2.0 * gap / closing, math.sqrt(gap / bend))
    reach = surface + 0.5 * bend * horizon * horizon
    squared = wx * wx + wy * wy
    along = -(rx * wx + ry * wy)
    rest = along * along - squared * (distance * distance - reach * reach)
    if rest < 0.0:
        return horizon
    return min((along - math.sqrt(rest)) / squared, horizon)


class Corridor(NamedTuple):
    """An oblong that surely holds the rest of a stone's path: metres, in the frame of its chord.

    x, y: where the stone is; ahead_x, ahead_y: unit vector to where it stops; length: the way there.
    right, left: bounds across, positive to the left; unbounded where no bound is known.
    """

    x: float
    y: float
    ahead_x: float
    ahead_y: float
    length: float
    right: float
    left: float


@kernel
def corridor(table: PathTable, stones: np.ndarray, i: int, now: float) -> Corridor:
    """The corridor of moving stone i: a path bends to one side, so chord and end tangents enclose it."""
    x, y, vx, vy = state_at(table, stones, i, now)
    cx, cy = stones[i].x - x, stones[i].y - y
    length = math.sqrt(cx * cx + cy * cy)
    if length < MARGIN:
        return Corridor(x, y, 1.0, 0.0, MARGIN, -MARGIN, MARGIN)
    cx, cy = cx / length, cy / length
    if stones[i].curl == 0.0:
        return Corridor(x, y, cx, cy, length, 0.0, 0.0)
    fx, fy = final_heading(table, stones, i)
    along_start, along_end = vx * cx + vy * cy, fx * cx + fy * cy
    if along_start <= 0.0 or along_end <= 0.0:
        return Corridor(x, y, cx, cy, math.inf, -math.inf, math.inf)
    rise_start = abs(cx * vy - cy * vx) * along_end
    rise_end = abs(cx * fy - cy * fx) * along_start
    bulge = length * rise_start * rise_end / max(along_start * along_end * (rise_start + rise_end), 1e-300)
    if stones[i].curl > 0.0:
        return Corridor(x, y, cx, cy, length, -bulge, 0.0)
    return Corridor(x, y, cx, cy, length, 0.0, bulge)


@kernel
def passes(way: Corridor, x: float, y: float, reach: float) -> bool:
    """Whether a path surely stays `reach` metres clear of the point (x, y)."""
    rx, ry = x - way.x, y - way.y
    ahead = rx * way.ahead_x + ry * way.ahead_y
    aside = way.ahead_x * ry - way.ahead_y * rx
    clear = reach + MARGIN
    return (
        ahead < -clear or ahead > way.length + clear or aside < way.right - clear or aside > way.left + clear
    )


@kernel
def leave_time(
    table: PathTable, stones: np.ndarray, i: int, now: float, side: float, back: float, near: float
) -> float:
    """When moving stone i reaches |x| = side, y = back or y = near (metres); infinite when it does not."""
    _, _, vx, vy = state_at(table, stones, i, now)
    fx, fy = final_heading(table, stones, i)
    x, y = stones[i].x, stones[i].y
    first = math.inf
    if not _stays_within(vx, fx, side - x):
        first = min(first, _cross_time(table, stones, i, now, 1.0, 0.0, side, first))
    if not _stays_within(-vx, -fx, side + x):
        first = min(first, _cross_time(table, stones, i, now, -1.0, 0.0, side, first))
    if not _stays_within(vy, fy, back - y):
        first = min(first, _cross_time(table, stones, i, now, 0.0, 1.0, back, first))
    if not _stays_within(-vy, -fy, y - near):
        first = min(first, _cross_time(table, stones, i, now, 0.0, -1.0, -near, first))
    return first


@kernel
def _stays_within(outward: float, final_outward: float, room: float) -> bool:
    """Whether a path within a line and stopping `room` metres before it cannot cross it on the way.

    A path bends to one side only: if it heads inward at both ends it never turns outward, and if it heads
    outward at both ends it comes nearest where it stops.
    """
    if outward <= 0.0 and final_outward <= 0.0:
        return True
    return outward >= 0.0 and final_outward >= 0.0 and room > MARGIN


@kernel
def _cross_time(
    table: PathTable,
    stones: np.ndarray,
    i: int,
    now: float,
    nx: float,
    ny: float,
    limit: float,
    before: float,
) -> float:
    """When moving stone i reaches the line n . p = limit; infinite when it does not by `before`."""
    end = min(stones[i].stop, before)
    for _ in range(MOST_STEPS):
        if now > end:
            return math.inf
        x, y, vx, vy = state_at(table, stones, i, now)
        gap = limit - (nx * x + ny * y)
        if gap <= CONTACT_TOLERANCE:
            return now
        outward = max(nx * vx + ny * vy, 0.0)
        turning = 2.0 * gap / (outward + math.sqrt(outward * outward + 2.0 * table.most_lateral * gap))
        now += max(turning, reach_time(vx, vy, gap, table.least_deceleration))
    return now
