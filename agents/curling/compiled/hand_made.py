"""The compiled generator of `search.candidates`: which shots a skip would think of.

Shape letters: B positions, P = 40 candidates.
"""

import math

import numpy as np

from agents.curling.compiled.end_step import Rules, score, squared_distance
from envs.compiled import entry, kernel

MOST = 40
"""Candidates of a position at most."""
DRAW, CONTROL, NORMAL, PEEL = range(4)
"""First index of the aiming tables."""
CENTRE_GUARD_Y, CORNER_GUARD_X, CORNER_GUARD_Y = -2.9, 1.15, -2.6
"""Metres from the tee."""
SIDE_DRAW_X, SIDE_DRAW_Y, BEHIND_GUARD_Y = 0.9, 0.2, -0.3
"""Metres from the tee."""
FREEZE_GAP, THIN, COVER = 0.03, 0.9, 1.8
"""Metres before the stone frozen to; stone radii beside the centre of the stone hit; metres of a guard before
the stone it guards."""
HITS, FREEZES, BEHIND = 3, 2, 2
"""Stones considered for each."""
BUTTON, FREEZE, HIT, THIN_HIT, GUARD, COME_AROUND, SIDE = 2.0, 1.5, 2.0, 0.5, 0.5, 1.5, 0.5
"""Priors of each kind."""
BEHIND_HIT, AHEAD_GUARD = 3.0, 4.0
"""Factors on the prior of hitting the other team's shot stone, and of guarding the own one."""


@entry
def make_candidates(
    aims: tuple,
    rules: Rules,
    positions: np.ndarray,
    velocity: np.ndarray,
    parts: np.ndarray,
    priors: np.ndarray,
) -> None:
    """Writes candidates of positions [B]: velocity [B, P, 2] m/s, parts [B, P] and priors [B, P].

    Where there are fewer than P, the rest keep the prior 0 they came with and a velocity that is no shot's.
    """
    order = np.empty(8, np.int64)
    for b in range(len(positions)):
        position, out = positions[b], (velocity[b], parts[b], priors[b])
        team = position.hammer if position.shot % 2 == 1 else 1 - position.hammer
        guards_help = position.shots - position.shot > 1
        n = _both(aims, out, 0, DRAW, 0.0, rules.tee, BUTTON)
        count = _by_distance(rules, position.stones, position.in_play, 1 - team, order)
        lying = score(rules, position.stones, position.in_play) * (1 - 2 * team)
        n = _hits(aims, rules, position, out, n, order[:count], BEHIND_HIT if lying < 0 else 1.0)
        n = _freezes(aims, rules, position, out, n, order[:count])
        n = _behind_guards(aims, rules, position, out, n)
        for side in (-1, 1):
            n = _add(aims, out, n, DRAW, side * SIDE_DRAW_X, rules.tee + SIDE_DRAW_Y, side, SIDE)
        if guards_help:
            n = _both(aims, out, n, DRAW, 0.0, rules.tee + CENTRE_GUARD_Y, GUARD)
            for side in (-1, 1):
                x, y = side * CORNER_GUARD_X, rules.tee + CORNER_GUARD_Y
                n = _add(aims, out, n, DRAW, x, y, side, GUARD)
            count = _by_distance(rules, position.stones, position.in_play, team, order)
            if count > 0:
                own = order[0]
                y = min(position.stones[own, 1] - COVER, rules.tee - rules.house - rules.radius)
                cover = GUARD * (AHEAD_GUARD if lying > 0 else 1.0)
                n = _both(aims, out, n, DRAW, position.stones[own, 0], y, cover)
        for rest in range(n, MOST):
            velocity[b, rest, 0], velocity[b, rest, 1] = velocity[b, 0, 0], velocity[b, 0, 1]


@kernel
def _hits(
    aims: tuple, rules: Rules, position: np.record, out: tuple, n: int, order: np.ndarray, urgent: float
) -> int:
    """Take-outs of the other team's stones nearest the tee; the first also thin and hard.

    Those of the first are `urgent` times as likely as otherwise.
    """
    hit = 0
    for k in order:
        x, y = position.stones[k, 0], position.stones[k, 1]
        outside = squared_distance(rules, position.stones, k) >= rules.house * rules.house
        if hit == HITS or (outside and position.shot < rules.protected):
            continue
        n = _both(aims, out, n, NORMAL, x, y, urgent * HIT if hit == 0 else THIN_HIT)
        if hit == 0:
            n = _both(aims, out, n, CONTROL, x, y, urgent * HIT)
            n = _both(aims, out, n, PEEL, x, y, urgent * THIN_HIT)
            for side in (-1, 1):
                beside = x + side * THIN * rules.radius
                n = _both(aims, out, n, NORMAL, beside, y, urgent * THIN_HIT)
                n = _both(aims, out, n, CONTROL, beside, y, urgent * THIN_HIT)
        hit += 1
    return n


@kernel
def _freezes(aims: tuple, rules: Rules, position: np.record, out: tuple, n: int, order: np.ndarray) -> int:
    """Stones laid in front of the other team's nearest ones in the house."""
    for k in order[:FREEZES]:
        if squared_distance(rules, position.stones, k) < rules.house * rules.house:
            x, y = position.stones[k, 0], position.stones[k, 1] - 2.0 * rules.radius - FREEZE_GAP
            n = _both(aims, out, n, DRAW, x, y, FREEZE)
    return n


@kernel
def _behind_guards(aims: tuple, rules: Rules, position: np.record, out: tuple, n: int) -> int:
    """Draws behind guards of either team."""
    found = 0
    for k in range(16):
        x, y = position.stones[k, 0], position.stones[k, 1]
        if found < BEHIND and position.in_play[k] and y < rules.tee - rules.house:
            n = _both(aims, out, n, DRAW, x, rules.tee + BEHIND_GUARD_Y, COME_AROUND)
            found += 1
    return n


@kernel
def _by_distance(rules: Rules, stones: np.ndarray, in_play: np.ndarray, team: int, order: np.ndarray) -> int:
    """Writes the slots of a team's stones in play, nearest the tee first; returns how many."""
    count = 0
    for k in range(8 * team, 8 * team + 8):
        if not in_play[k]:
            continue
        place = count
        while place > 0 and squared_distance(rules, stones, order[place - 1]) > squared_distance(
            rules, stones, k
        ):
            order[place] = order[place - 1]
            place -= 1
        order[place] = k
        count += 1
    return count


@kernel
def _both(aims: tuple, out: tuple, n: int, kind: int, x: float, y: float, prior: float) -> int:
    """Adds a shot with both handles; returns how many there are."""
    n = _add(aims, out, n, kind, x, y, -1, prior)
    return _add(aims, out, n, kind, x, y, 1, prior)


@kernel
def _add(aims: tuple, out: tuple, n: int, kind: int, x: float, y: float, side: int, prior: float) -> int:
    """Adds a shot at (x, y), metres, anticlockwise for side 1, clockwise for -1, while there is room."""
    velocity, parts, priors = out
    if n >= MOST:
        return n
    across, along = x - aims.x, y - aims.y
    place = (math.sqrt(across * across + along * along) - aims.near) / aims.step
    cell = min(max(int(place), 0), aims.table.shape[1] - 2)
    f = place - cell
    low, high = aims.table[kind, cell], aims.table[kind, cell + 1]
    speed = low[0] + f * (high[0] - low[0])
    direction = side * (low[1] + f * (high[1] - low[1])) + math.atan2(-across, along)
    velocity[n, 0], velocity[n, 1] = -speed * math.sin(direction), speed * math.cos(direction)
    parts[n] = (side + 1) // 2
    priors[n] = prior
    return n + 1
