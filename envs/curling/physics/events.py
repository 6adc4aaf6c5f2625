"""One delivery from release to rest, from event to event: contacts, stones that leave, spins that end."""

import math

import numpy as np

from envs.compiled import kernel
from envs.curling.physics.approach import GRAZE, contact_time, corridor, leave_time, passes, reach_time
from envs.curling.physics.board import Board, Physics
from envs.curling.physics.cluster import apart, gather, part, settle
from envs.curling.physics.collision import resolve
from envs.curling.physics.stones import launch, lay, state_at

NONE, MEET, LEAVE, UNSPIN = 0, 1, 2, 3
"""Kinds of event."""

MOST_EVENTS = 100_000
UNFINISHED = -1
"""Contacts reported of a delivery that did not end within `MOST_EVENTS`."""

RUN_UP_STEPS = 4
"""Common steps towards all stones at rest before each of them is looked at by itself."""

LOG_FIELDS = 9
"""slot, start, x, y, turn_x, turn_y, curl, stop, present: a path as `stones.launch` leaves it."""


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
def _meet(physics: Physics, board: Board, first: int, second: int, now: float) -> int:
    """Resolve the contact of two stones and of all in touch with them; returns how many pairs collided.

    Stones that already rested against each other, and only pressed in, do not count.
    """
    count, links = gather(physics, board, first, second, now)
    members, pairs, diameter = board.members[:count], board.pairs[:links], physics.contact.diameter
    resolve(physics.contact, members, pairs)
    collided, late = 0, -0.5 * physics.quantum
    struck = 0b11  # a bit for each member with a new path; the pair that met has one in any case
    for p in range(links):
        if pairs[p].push > 0.0:
            collided += physics.quantum > 0.0 or apart(members, pairs[p]) > diameter - 0.5 * GRAZE
            struck |= 1 << pairs[p].first | 1 << pairs[p].second
    if physics.quantum == 0.0:
        part(members, pairs, diameter)
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
