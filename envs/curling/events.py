"""One delivery from release to rest, from event to event: contacts, stones that leave, spins that end."""

import math
from typing import NamedTuple

import numba
import numpy as np

from envs.curling.approach import TOUCHING, contact_time, leave_time
from envs.curling.collision import Cluster, Contact, empty_cluster, resolve
from envs.curling.path import PathTable
from envs.curling.stones import Stones, empty_stones, launch, lay, spin_at, state_at

NONE, MEET, LEAVE, UNSPIN = 0, 1, 2, 3
"""Kinds of event."""

MOST_EVENTS = 100_000

LOG_FIELDS = 9
"""slot, start, x, y, turn_x, turn_y, curl, stop, present: a path as `stones.launch` leaves it."""


class Physics(NamedTuple):
    """What one delivery needs to know: the ice's path, contacts, and where the sheet ends (metres).

    quantum: contacts and departures take effect at the next multiple of it, seconds; 0 is exact.
    """

    table: PathTable
    contact: Contact
    side: float
    back: float
    near: float
    quantum: float


class Board(NamedTuple):
    """One sheet in motion: its stones, the time at which each pair meets [16, 16], and scratch space."""

    stones: Stones
    meet: np.ndarray
    cluster: Cluster


@numba.njit(nogil=True, cache=True)
def empty_board() -> Board:
    """Room for one sheet."""
    return Board(empty_stones(), np.full((16, 16), math.inf), empty_cluster())


@numba.njit(nogil=True, cache=True)
def _foresee(physics: Physics, board: Board, slot: int, now: float) -> None:
    """Find when a stone whose path has just changed leaves, and when it meets each other stone."""
    stones, meet = board.stones, board.meet
    if stones.stop[slot] > now:
        stones.leave[slot] = leave_time(physics.table, stones, slot, now, physics.side, physics.back, physics.near)
    for other in range(16):
        if other == slot or not stones.present[other]:
            continue
        time = math.inf
        if stones.stop[slot] > now or stones.stop[other] > now:
            time = contact_time(physics.table, stones, slot, other, now, physics.contact.diameter)
        meet[slot, other] = time
        meet[other, slot] = time


@numba.njit(nogil=True, cache=True)
def _next_event(board: Board, now: float, quantum: float) -> tuple[int, int, int, float]:
    """The earliest event: (kind, slot, other slot, seconds)."""
    stones, meet = board.stones, board.meet
    kind, first, second, soonest = NONE, 0, 0, math.inf
    for slot in range(16):
        if not stones.present[slot] or stones.stop[slot] <= now:
            continue
        if stones.leave[slot] < soonest:
            kind, first, second, soonest = LEAVE, slot, slot, stones.leave[slot]
        if stones.spin_end[slot] < soonest:
            kind, first, second, soonest = UNSPIN, slot, slot, stones.spin_end[slot]
        for other in range(16):
            if meet[slot, other] < soonest and stones.present[other]:
                kind, first, second, soonest = MEET, slot, other, meet[slot, other]
    if quantum > 0.0 and kind in (MEET, LEAVE):
        soonest = math.ceil(soonest / quantum - 1e-6) * quantum
    return kind, first, second, max(soonest, now)


@numba.njit(nogil=True, cache=True)
def _gather(physics: Physics, board: Board, first: int, second: int, now: float) -> tuple[int, int]:
    """Fill the cluster with the stones in touch with the pair, directly or through others: (stones, pairs)."""
    stones, cluster = board.stones, board.cluster
    touch = physics.contact.diameter + (TOUCHING if physics.quantum == 0.0 else 0.0)
    count, pairs = 2, 0
    cluster.slot[0] = first
    cluster.slot[1] = second
    for member in range(2):
        _enter(physics, board, member, now)
    checked = 0
    while checked < count:
        for slot in range(16):
            if not stones.present[slot]:
                continue
            known = -1
            for member in range(count):
                if cluster.slot[member] == slot:
                    known = member
            if 0 <= known <= checked:
                continue
            if known < 0:
                if abs(stones.stop[slot]) == math.inf and _far(stones, cluster, checked, slot, touch):
                    continue
                cluster.slot[count] = slot
                _enter(physics, board, count, now)
            other = known if known >= 0 else count
            rx, ry = cluster.x[other] - cluster.x[checked], cluster.y[other] - cluster.y[checked]
            distance = math.sqrt(rx * rx + ry * ry)
            if distance > touch and not (checked == 0 and other == 1):
                continue
            cluster.first[pairs] = checked
            cluster.second[pairs] = other
            cluster.normal_x[pairs] = rx / distance
            cluster.normal_y[pairs] = ry / distance
            pairs += 1
            if known < 0:
                count += 1
        checked += 1
    return count, pairs


@numba.njit(nogil=True, cache=True)
def _far(stones: Stones, cluster: Cluster, member: int, slot: int, touch: float) -> bool:
    rx, ry = stones.x[slot] - cluster.x[member], stones.y[slot] - cluster.y[member]
    return rx * rx + ry * ry > touch * touch


@numba.njit(nogil=True, cache=True)
def _enter(physics: Physics, board: Board, member: int, now: float) -> None:
    """Copy a stone's state at `now` into the cluster."""
    stones, cluster = board.stones, board.cluster
    slot = cluster.slot[member]
    x, y, vx, vy = state_at(physics.table, stones, slot, now)
    cluster.x[member], cluster.y[member] = x, y
    cluster.vx[member], cluster.vy[member] = vx, vy
    cluster.spin[member] = spin_at(physics.table, stones, slot, now)


@numba.njit(nogil=True, cache=True)
def _part(physics: Physics, cluster: Cluster, pairs: int) -> None:
    """Move stones that press into each other apart, by well under a micrometre."""
    for pair in range(pairs):
        i, j = cluster.first[pair], cluster.second[pair]
        nx, ny = cluster.normal_x[pair], cluster.normal_y[pair]
        apart = (cluster.x[j] - cluster.x[i]) * nx + (cluster.y[j] - cluster.y[i]) * ny
        push = (physics.contact.diameter - apart) / 2.0
        if push > 0.0:
            cluster.x[i] -= push * nx
            cluster.y[i] -= push * ny
            cluster.x[j] += push * nx
            cluster.y[j] += push * ny


@numba.njit(nogil=True, cache=True)
def _meet(physics: Physics, board: Board, first: int, second: int, now: float) -> int:
    """Resolve the contact of two stones and of all in touch with them; returns how many pairs collided."""
    stones, cluster = board.stones, board.cluster
    count, pairs = _gather(physics, board, first, second, now)
    resolve(physics.contact, cluster, pairs)
    if physics.quantum == 0.0:
        _part(physics, cluster, pairs)
    collided = 0
    for pair in range(pairs):
        if cluster.push[pair] > 0.0:
            collided += 1
    for member in range(count):
        struck = member < 2
        for pair in range(pairs):
            struck |= cluster.push[pair] > 0.0 and (cluster.first[pair] == member or cluster.second[pair] == member)
        if not struck:
            cluster.slot[member] = -1
            continue
        vx, vy, spin = cluster.vx[member], cluster.vy[member], cluster.spin[member]
        stones.leave[cluster.slot[member]] = math.inf
        launch(physics.table, stones, cluster.slot[member], now, cluster.x[member], cluster.y[member], vx, vy, spin)
    for member in range(count):
        if cluster.slot[member] >= 0:
            _foresee(physics, board, cluster.slot[member], now)
    return collided


@numba.njit(nogil=True, cache=True)
def _unspin(physics: Physics, board: Board, slot: int, now: float) -> None:
    """Let a stone that has ceased to spin go on straight."""
    x, y, vx, vy = state_at(physics.table, board.stones, slot, now)
    launch(physics.table, board.stones, slot, now, x, y, vx, vy, 0.0)
    _foresee(physics, board, slot, now)


@numba.njit(nogil=True, cache=True)
def _record(board: Board, log: np.ndarray, entries: int, now: float) -> int:
    """Append every present stone's path to the log [M, LOG_FIELDS]; returns how many entries it holds."""
    stones = board.stones
    for slot in range(16):
        if entries >= log.shape[0]:
            break
        row = log[entries]
        row[0], row[1], row[2], row[3] = slot, now, stones.x[slot], stones.y[slot]
        row[4], row[5], row[6] = stones.turn_x[slot], stones.turn_y[slot], stones.curl[slot]
        row[7], row[8] = stones.stop[slot], stones.present[slot]
        entries += 1
    return entries


@numba.njit(nogil=True, cache=True)
def deliver(
    physics: Physics,
    board: Board,
    slot: int,
    x: float,
    y: float,
    vx: float,
    vy: float,
    spin: float,
    log: np.ndarray,
) -> tuple[int, float, int]:
    """Play one delivery on a board whose other stones lie at rest: (contacts, seconds, log entries)."""
    stones = board.stones
    now, contacts, entries = 0.0, 0, 0
    stones.present[slot] = True
    launch(physics.table, stones, slot, now, x, y, vx, vy, spin)
    _foresee(physics, board, slot, now)
    entries = _record(board, log, entries, now)
    for _ in range(MOST_EVENTS):
        kind, first, second, time = _next_event(board, now, physics.quantum)
        if kind == NONE:
            break
        now = time
        if kind == MEET:
            contacts += _meet(physics, board, first, second, now)
        elif kind == LEAVE:
            stones.present[first] = False
        else:
            _unspin(physics, board, first, now)
        entries = _record(board, log, entries, now)
    for other in range(16):
        if stones.present[other] and stones.stop[other] > now:
            now = stones.stop[other]
    return contacts, now, entries


@numba.njit(nogil=True, cache=True)
def set_up(board: Board, stones: np.ndarray, in_play: np.ndarray) -> None:
    """Lay the stones [16, 2] that are in play [16] on an empty sheet."""
    for slot in range(16):
        board.stones.present[slot] = in_play[slot]
        if in_play[slot]:
            lay(board.stones, slot, stones[slot, 0], stones[slot, 1])
    board.meet[:] = math.inf
