"""When two stones meet, and when a stone leaves the sheet: conservative advancement on the stones' paths.

Each step goes as far as the stones certainly cannot meet: speeds only fall, so arc lengths, and deviations
from uniform motion, are bounded (Mirtich, "Impulse-based Dynamic Simulation of Rigid Body Systems", 1996,
section 2.3). Nothing is stepped, and nothing can be tunnelled through.
"""

import math

import numba

from envs.curling.path import PathTable
from envs.curling.stones import Stones, final_heading, state_at

CONTACT_TOLERANCE = 1e-9
"""metres: gap at which stones touch."""
GRAZE = 4e-7
"""metres that stones resting against each other may press in before they collide again; keeps their contacts
countable."""
TOUCHING = 1e-6
"""metres: gap up to which stones count as resting against each other."""
CLOSING_SPEED = 1e-9
"""m/s: stones in touch that close no faster rest against each other."""
MARGIN = 1e-3
"""metres by which a rejection by the hull of a path must be clear: covers the path's last interval."""
MOST_STEPS = 100_000


@numba.njit(nogil=True, cache=True)
def contact_time(table: PathTable, stones: Stones, i: int, j: int, now: float, diameter: float) -> float:
    """When stones i and j next collide, seconds; infinite when they do not. Paths must be free until then."""
    end = min(max(stones.stop[i], stones.stop[j]), stones.leave[i], stones.leave[j])
    surface = diameter
    for step in range(MOST_STEPS):
        if now >= end:
            return math.inf
        xi, yi, vxi, vyi = state_at(table, stones, i, now)
        xj, yj, vxj, vyj = state_at(table, stones, j, now)
        rx, ry, wx, wy = xj - xi, yj - yi, vxj - vxi, vyj - vyi
        distance = math.sqrt(rx * rx + ry * ry)
        closing = -(rx * wx + ry * wy) / distance
        if step == 0 and distance - diameter <= TOUCHING and closing <= CLOSING_SPEED:
            surface = min(diameter, distance) - GRAZE
        elif surface < diameter and distance > diameter + TOUCHING:
            surface = diameter
        gap = distance - surface
        if gap <= CONTACT_TOLERANCE:
            if closing > CLOSING_SPEED or (surface < diameter and closing > 0.0):
                return now
            if closing > 0.0:
                surface = min(diameter, distance) - GRAZE
                gap = distance - surface
        moving_i, moving_j = stones.stop[i] > now, stones.stop[j] > now
        if not moving_j and _passes(table, stones, i, xi, yi, vxi, vyi, xj, yj, diameter):
            return math.inf
        if not moving_i and _passes(table, stones, j, xj, yj, vxj, vyj, xi, yi, diameter):
            return math.inf
        if moving_i and moving_j:
            speeds = math.sqrt(vxi * vxi + vyi * vyi) + math.sqrt(vxj * vxj + vyj * vyj)
            ahead = max(gap / speeds, _drift_time(rx, ry, wx, wy, distance, closing, gap, surface, 2.0 * table.most_acceleration))
        else:
            ahead = _reach_time(wx, wy, gap, table.least_deceleration)
            ahead = max(ahead, _drift_time(rx, ry, wx, wy, distance, closing, gap, surface, table.most_acceleration))
        now += ahead
    return now


@numba.njit(nogil=True, cache=True)
def _reach_time(wx: float, wy: float, gap: float, deceleration: float) -> float:
    """Least time in which one stone can travel `gap` metres along its path; infinite when it stops short."""
    if gap <= 0.0:
        return 0.0
    squared = wx * wx + wy * wy
    rest = squared - 2.0 * deceleration * gap
    if rest <= 0.0:
        return math.inf
    return 2.0 * gap / (math.sqrt(squared) + math.sqrt(rest))


@numba.njit(nogil=True, cache=True)
def _drift_time(
    rx: float, ry: float, wx: float, wy: float, distance: float, closing: float, gap: float, surface: float, bend: float
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


@numba.njit(nogil=True, cache=True)
def _passes(
    table: PathTable, stones: Stones, i: int, x: float, y: float, vx: float, vy: float, qx: float, qy: float, reach: float
) -> bool:
    """Whether the rest of moving stone i's path surely stays `reach` metres clear of the point q.

    A path bends to one side only, so it lies in the triangle of its chord and its two end tangents.
    """
    cx, cy = stones.x[i] - x, stones.y[i] - y
    length = math.sqrt(cx * cx + cy * cy)
    if length < MARGIN:
        return math.hypot(qx - x, qy - y) > reach + 2.0 * MARGIN
    cx, cy = cx / length, cy / length
    ahead = (qx - x) * cx + (qy - y) * cy
    clear = reach + MARGIN
    fx, fy = final_heading(table, stones, i)
    along_start, along_end = vx * cx + vy * cy, fx * cx + fy * cy
    if along_start <= 0.0 or along_end <= 0.0:
        return False
    if ahead < -clear or ahead > length + clear:
        return True
    rise_start = abs((cx * vy - cy * vx) / along_start)
    rise_end = abs((cx * fy - cy * fx) / along_end)
    bulge = 0.0
    if rise_start + rise_end > 0.0:
        bulge = length * rise_start * rise_end / (rise_start + rise_end)
    aside = (cx * (qy - y) - cy * (qx - x)) * -stones.curl[i]
    if stones.curl[i] == 0.0:
        return abs(cx * (qy - y) - cy * (qx - x)) > clear
    return aside < -clear or aside > bulge + clear


@numba.njit(nogil=True, cache=True)
def leave_time(table: PathTable, stones: Stones, i: int, now: float, side: float, back: float, near: float) -> float:
    """When moving stone i reaches |x| = side, y = back or y = near (metres); infinite when it does not."""
    first = math.inf
    first = min(first, _cross_time(table, stones, i, now, 1.0, 0.0, side, first))
    first = min(first, _cross_time(table, stones, i, now, -1.0, 0.0, side, first))
    first = min(first, _cross_time(table, stones, i, now, 0.0, 1.0, back, first))
    return min(first, _cross_time(table, stones, i, now, 0.0, -1.0, -near, first))


@numba.njit(nogil=True, cache=True)
def _cross_time(
    table: PathTable, stones: Stones, i: int, now: float, nx: float, ny: float, limit: float, before: float
) -> float:
    """When moving stone i reaches the line n . p = limit; infinite when it does not, or only after `before`."""
    end = min(stones.stop[i], before)
    fx, fy = final_heading(table, stones, i)
    stops_short = nx * stones.x[i] + ny * stones.y[i] < limit - MARGIN
    for _ in range(MOST_STEPS):
        if now > end:
            return math.inf
        x, y, vx, vy = state_at(table, stones, i, now)
        gap = limit - (nx * x + ny * y)
        outward = nx * vx + ny * vy
        if gap <= CONTACT_TOLERANCE:
            return now
        leaning = nx * fx + ny * fy
        if outward <= 0.0 and leaning <= 0.0:
            return math.inf
        if stops_short and outward >= 0.0 and leaning >= 0.0:
            return math.inf
        outward = max(outward, 0.0)
        now += 2.0 * gap / (outward + math.sqrt(outward * outward + 2.0 * table.most_lateral * gap))
    return now
