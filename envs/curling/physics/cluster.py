"""The stones in touch at one instant: who belongs to them, and how they come apart."""

import math

import numpy as np

from envs.compiled import kernel
from envs.curling.physics.approach import TOUCHING
from envs.curling.physics.board import Board, Physics
from envs.curling.physics.stones import spin_at, state_at

SETTLING_SWEEPS = 200
SETTLED = 1e-9
"""metres that stones at rest may stay pressed into each other."""


@kernel
def gather(physics: Physics, board: Board, first: int, second: int, now: float) -> tuple[int, int]:
    """List the stones in touch with a pair, directly or through others: (members, pairs)."""
    stones, members, pairs = board.stones, board.members, board.pairs
    touch = physics.contact.diameter + (TOUCHING if physics.quantum == 0.0 else 0.0)
    _enter(physics, board, 0, first, now)
    _enter(physics, board, 1, second, now)
    count, links = 2, _link(members, pairs, 0, 0, 1, math.inf)
    outside = 0  # a bit for each stone that is no member yet
    for slot in range(16):
        if stones[slot].present and slot != first and slot != second:
            outside |= 1 << slot
    checked = 0
    while checked < count:
        for other in range(max(checked + 1, 2), count):
            links = _link(members, pairs, links, checked, other, touch)
        for slot in range(16):
            if outside & (1 << slot) and _near(physics, board, checked, slot, now, touch):
                _enter(physics, board, count, slot, now)
                links = _link(members, pairs, links, checked, count, math.inf)
                outside ^= 1 << slot
                count += 1
        checked += 1
    return count, links


@kernel
def _link(members: np.ndarray, pairs: np.ndarray, links: int, i: int, j: int, touch: float) -> int:
    """List members i and j as a pair if at most `touch` metres apart; returns how many pairs are listed."""
    rx, ry = members[j].x - members[i].x, members[j].y - members[i].y
    distance = math.sqrt(rx * rx + ry * ry)
    if distance > touch:
        return links
    pair = pairs[links]
    pair.first, pair.second = i, j
    pair.normal_x, pair.normal_y = rx / distance, ry / distance
    return links + 1


@kernel
def _near(physics: Physics, board: Board, member: int, slot: int, now: float, touch: float) -> bool:
    """Whether a stone lies at most `touch` metres from a member."""
    x, y, _, _ = state_at(physics.table, board.stones, slot, now)
    rx, ry = x - board.members[member].x, y - board.members[member].y
    return rx * rx + ry * ry <= touch * touch


@kernel
def _enter(physics: Physics, board: Board, place: int, slot: int, now: float) -> None:
    """Copy a stone's state at `now` into the members."""
    member = board.members[place]
    member.slot = slot
    member.x, member.y, member.vx, member.vy = state_at(physics.table, board.stones, slot, now)
    member.spin = spin_at(physics.table, board.stones, slot, now)


@kernel
def apart(members: np.ndarray, pair: np.void) -> float:
    """Distance in metres of a pair's centres."""
    one, two = members[pair.first], members[pair.second]
    return (two.x - one.x) * pair.normal_x + (two.y - one.y) * pair.normal_y


@kernel
def part(members: np.ndarray, pairs: np.ndarray, diameter: float) -> None:
    """Move stones that press into each other apart, by micrometres."""
    for p in range(pairs.shape[0]):
        one, two = members[pairs[p].first], members[pairs[p].second]
        nx, ny = pairs[p].normal_x, pairs[p].normal_y
        push = (diameter - apart(members, pairs[p])) / 2.0
        if push > 0.0:
            one.x -= push * nx
            one.y -= push * ny
            two.x += push * nx
            two.y += push * ny


@kernel
def settle(stones: np.ndarray, diameter: float) -> None:
    """Part stones at rest that were left pressed into each other, by at most `GRAZE` a pair."""
    for _ in range(SETTLING_SWEEPS):
        deepest = 0.0
        for i in range(16):
            if not stones[i].present:
                continue
            for j in range(i):
                rx, ry = stones[i].x - stones[j].x, stones[i].y - stones[j].y
                squared = rx * rx + ry * ry
                if not stones[j].present or squared >= diameter * diameter:
                    continue
                distance = math.sqrt(squared)
                deepest = max(deepest, diameter - distance)
                push = 0.5 * (diameter - distance) / distance
                stones[i].x += push * rx
                stones[i].y += push * ry
                stones[j].x -= push * rx
                stones[j].y -= push * ry
        if deepest <= SETTLED:
            break
