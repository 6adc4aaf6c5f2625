"""One delivery from release to rest, from event to event: contacts, stones that leave, spins that end."""

import math
from typing import NamedTuple

import numpy as np

from envs.compiled import kernel
from envs.curling.physics.approach import (
    GRAZE,
    TOUCHING,
    contact_time,
    corridor,
    leave_time,
    passes,
    reach_time,
)
from envs.curling.physics.collision import MEMBER, PAIR, Contact, resolve
from envs.curling.physics.path import PathTable
from envs.curling.physics.stones import STONE, launch, lay, spin_at, state_at

NONE, MEET, LEAVE, UNSPIN = 0, 1, 2, 3
"""Kinds of event."""

MOST_EVENTS = 100_000
UNFINISHED = -1
"""Contacts reported of a delivery that did not end within `MOST_EVENTS`."""

RUN_UP_STEPS = 4
"""Common steps towards all stones at rest before each of them is looked at by itself."""

SETTLING_SWEEPS = 200
SETTLED = 1e-9
"""metres that stones at rest may stay pressed into each other."""

LOG_FIELDS = 9
"""slot, start, x, y, turn_x, turn_y, curl, stop, present: a path as `stones.launch` leaves it."""


class Physics(NamedTuple):
    """What one delivery needs to know: the ice's path, contacts, and where the sheet ends (metres).

    quantum: 0 is exact; the step in seconds of a simulator that steps mirrors that one: contacts and
        departures take effect at the next multiple of it, and a struck stone makes a step before it slows.
    release_lag: quanta that a delivered stone has slowed for when it sets out.
    """

    table: PathTable
    contact: Contact
    side: float
    back: float
    near: float
    quantum: float
    release_lag: float


class Board(NamedTuple):
    """One sheet in motion, and room to work in.

    stones: [16] of dtype `STONE`.
    meet: [16, 16] when each pair next collides, seconds; a row is current while its stone moves.
    sure: [16, 16] bool; where it is not, the pair only surely does not collide before `meet`.
    members, pairs: [16] and [120] of dtypes `MEMBER` and `PAIR`, for the stones in touch at one instant.
    """

    stones: np.ndarray
    meet: np.ndarray
    sure: np.ndarray
    members: np.ndarray
    pairs: np.ndarray


def empty_board() -> Board:
    """Room for one sheet."""
    never, sure = np.full((16, 16), math.inf), np.ones((16, 16), np.bool_)
    return Board(np.zeros(16, STONE), never, sure, np.zeros(16, MEMBER), np.zeros(120, PAIR))


@kernel
def _foresee(physics: Physics, board: Board, slot: int, now: float, safe: float, known: int) -> None:
    """Find when a stone whose path has just changed leaves, and when it meets each other stone.

    It surely reaches no stone at rest before `safe`, seconds. `known` has a bit for each stone whose meeting
    with this one has been foreseen since.
    """
    table, stones, diameter = physics.table, board.stones, physics.contact.diameter
    stones[slot].leave = math.inf
    moving = stones[slot].stop > now
    if moving:
        stones[slot].leave = leave_time(table, stones, slot, now, physics.side, physics.back, physics.near)
    way = corridor(table, stones, slot, safe)
    soonest = math.inf
    for other in range(16):
        if other == slot or not stones[other].present:
            continue
        time, sure = math.inf, True
        if known & (1 << other):
            time, sure = board.meet[slot, other], board.sure[slot, other]
        elif stones[other].stop > now:
            time, sure = contact_time(table, stones, slot, other, now, soonest, diameter)
        elif moving and not passes(way, stones[other].x, stones[other].y, diameter):
            time, sure = contact_time(table, stones, slot, other, safe, soonest, diameter)
        if sure:
            soonest = min(soonest, time)
        _expect(board, slot, other, time, sure)


@kernel
def _expect(board: Board, one: int, two: int, time: float, sure: bool) -> None:
    """Note when two stones meet, or before when (not sure) they do not."""
    board.meet[one, two] = time
    board.meet[two, one] = time
    board.sure[one, two] = sure
    board.sure[two, one] = sure


@kernel
def _run_up(physics: Physics, board: Board, slot: int) -> float:
    """A time until which a stone just released surely reaches no stone at rest, seconds."""
    stones, now = board.stones, 0.0
    for _ in range(RUN_UP_STEPS):
        x, y, vx, vy = state_at(physics.table, stones, slot, now)
        nearest = math.inf
        for other in range(16):
            if other != slot and stones[other].present:
                rx, ry = stones[other].x - x, stones[other].y - y
                nearest = min(nearest, rx * rx + ry * ry)
        gap = math.sqrt(nearest) - physics.contact.diameter
        if gap <= physics.contact.diameter:
            break
        now = min(now + reach_time(vx, vy, gap, physics.table.least_deceleration), stones[slot].stop)
    return now


@kernel
def _next_event(board: Board, now: float, quantum: float) -> tuple[int, int, int, float]:
    """The earliest event: (kind, slot, other slot, seconds)."""
    stones, meet = board.stones, board.meet
    kind, first, second, soonest = NONE, 0, 0, math.inf
    for slot in range(16):
        if not stones[slot].present or stones[slot].stop <= now:
            continue
        if stones[slot].leave < soonest:
            kind, first, second, soonest = LEAVE, slot, slot, stones[slot].leave
        if stones[slot].spin_end < soonest:
            kind, first, second, soonest = UNSPIN, slot, slot, stones[slot].spin_end
        for other in range(16):
            if meet[slot, other] < soonest and stones[other].present:
                kind, first, second, soonest = MEET, slot, other, meet[slot, other]
    if quantum > 0.0 and kind in (MEET, LEAVE):
        soonest = math.ceil(soonest / quantum - 1e-6) * quantum
        if kind == MEET and soonest <= max(stones[first].start, stones[second].start):
            soonest += quantum
    return kind, first, second, max(soonest, now)


@kernel
def _gather(physics: Physics, board: Board, first: int, second: int, now: float) -> tuple[int, int]:
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
def _apart(members: np.ndarray, pair: np.void) -> float:
    """Distance in metres of a pair's centres."""
    one, two = members[pair.first], members[pair.second]
    return (two.x - one.x) * pair.normal_x + (two.y - one.y) * pair.normal_y


@kernel
def _part(members: np.ndarray, pairs: np.ndarray, diameter: float) -> None:
    """Move stones that press into each other apart, by micrometres."""
    for p in range(pairs.shape[0]):
        one, two = members[pairs[p].first], members[pairs[p].second]
        nx, ny = pairs[p].normal_x, pairs[p].normal_y
        push = (diameter - _apart(members, pairs[p])) / 2.0
        if push > 0.0:
            one.x -= push * nx
            one.y -= push * ny
            two.x += push * nx
            two.y += push * ny


@kernel
def _meet(physics: Physics, board: Board, first: int, second: int, now: float) -> int:
    """Resolve the contact of two stones and of all in touch with them; returns how many pairs collided.

    Stones that already rested against each other, and only pressed in, do not count.
    """
    count, links = _gather(physics, board, first, second, now)
    members, pairs, diameter = board.members[:count], board.pairs[:links], physics.contact.diameter
    resolve(physics.contact, members, pairs)
    collided, late = 0, -0.5 * physics.quantum
    struck = 0b11  # a bit for each member with a new path; the pair that met has one in any case
    for p in range(links):
        if pairs[p].push > 0.0:
            collided += physics.quantum > 0.0 or _apart(members, pairs[p]) > diameter - 0.5 * GRAZE
            struck |= 1 << pairs[p].first | 1 << pairs[p].second
    if physics.quantum == 0.0:
        _part(members, pairs, diameter)
    for place in range(count):
        if struck & (1 << place):
            m = members[place]
            launch(physics.table, board.stones, m.slot, now, m.x, m.y, m.vx, m.vy, m.spin, late)
    known = 0
    for place in range(count):
        if struck & (1 << place):
            _foresee(physics, board, members[place].slot, now, now, known)
            known |= 1 << members[place].slot
    return collided


@kernel
def _unspin(physics: Physics, board: Board, slot: int, now: float) -> None:
    """Let a stone that has ceased to spin go on straight."""
    x, y, vx, vy = state_at(physics.table, board.stones, slot, now)
    launch(physics.table, board.stones, slot, now, x, y, vx, vy, 0.0, 0.0)
    _foresee(physics, board, slot, now, now, 0)


@kernel
def _record(board: Board, log: np.ndarray, entries: int, now: float) -> int:
    """Append every present stone's path to the log [M, LOG_FIELDS]; returns how many entries it holds."""
    stones = board.stones
    for slot in range(16):
        if entries >= log.shape[0]:
            break
        row = log[entries]
        row[0], row[1], row[2], row[3] = slot, now, stones[slot].x, stones[slot].y
        row[4], row[5], row[6] = stones[slot].turn_x, stones[slot].turn_y, stones[slot].curl
        row[7], row[8] = stones[slot].stop, stones[slot].present
        entries += 1
    return entries


@kernel
def set_up(board: Board, stones: np.ndarray, in_play: np.ndarray) -> None:
    """Lay the stones [16, 2] that are in play [16] on an empty sheet."""
    for slot in range(16):
        board.stones[slot].present = in_play[slot]
        if in_play[slot]:
            lay(board.stones, slot, stones[slot, 0], stones[slot, 1])
    board.meet[:] = math.inf
    board.sure[:] = True


@kernel
def release(
    physics: Physics, board: Board, slot: int, x: float, y: float, vx: float, vy: float, spin: float
) -> None:
    """Let go a stone at (x, y), metres, with velocity (vx, vy) m/s and `spin` rad/s, at time 0."""
    board.stones[slot].present = True
    launch(physics.table, board.stones, slot, 0.0, x, y, vx, vy, spin, physics.release_lag * physics.quantum)
    _foresee(physics, board, slot, 0.0, _run_up(physics, board, slot), 0)


@kernel
def proceed(physics: Physics, board: Board, now: float) -> tuple[int, float, int]:
    """Go on to the next event: (its kind, its time in seconds, pairs that collided).

    The kind is `NONE` when nothing but coming to rest is left.
    """
    kind, first, second, time = _next_event(board, now, physics.quantum)
    while kind == MEET and not board.sure[first, second]:
        start = max(board.meet[first, second], now)
        when, sure = contact_time(
            physics.table, board.stones, first, second, start, math.inf, physics.contact.diameter
        )
        _expect(board, first, second, when, sure)
        kind, first, second, time = _next_event(board, now, physics.quantum)
    if kind == MEET:
        return kind, time, _meet(physics, board, first, second, time)
    if kind == LEAVE:
        board.stones[first].present = False
    elif kind == UNSPIN:
        _unspin(physics, board, first, time)
    return kind, time, 0


@kernel
def play_out(physics: Physics, board: Board, log: np.ndarray) -> tuple[int, float, int]:
    """From a release until all stones rest: (contacts or `UNFINISHED`, seconds, log entries)."""
    now, contacts, pressed = 0.0, 0, False
    entries = _record(board, log, 0, now)
    for _ in range(MOST_EVENTS):
        kind, time, collided = proceed(physics, board, now)
        if kind == NONE:
            now = _rest_time(board, now)
            if pressed:
                settle(board.stones, physics.contact.diameter)
                entries = _record(board, log, entries, now)
            return contacts, now, entries
        now = time
        contacts += collided
        pressed |= kind == MEET and physics.quantum == 0.0
        entries = _record(board, log, entries, now)
    return UNFINISHED, now, entries


@kernel
def _rest_time(board: Board, now: float) -> float:
    """When the last moving stone stops, seconds."""
    for slot in range(16):
        if board.stones[slot].present:
            now = max(now, board.stones[slot].stop)
    return now


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
