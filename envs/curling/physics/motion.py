"""The curling engine: batches of deliveries, each from release to rest, on all cores.

Between contacts a stone's path is known in full (`path.py`), so only events are computed (`events.py`) and
nothing is stepped. A shot's result depends on that shot alone: not on its batch, nor on the threads.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np

from envs.compiled import entry
from envs.curling.physics.board import Board, Physics, empty_board
from envs.curling.physics.collision import Contact
from envs.curling.physics.events import LOG_FIELDS, MOST_EVENTS, UNFINISHED, play_out, release, set_up
from envs.curling.physics.ice import Ice
from envs.curling.physics.path import CURLING, STRAIGHT, read
from envs.curling.physics.positions import checked
from envs.curling.physics.sheet import STONES

CHUNK = 256
"""Shots that one thread takes at a time."""
MOST_PATHS = 4096
"""Path changes of one shot that a trajectory can hold."""


class Motion(NamedTuple):
    """What B deliveries led to.

    stones: [B, 16, 2] float64, positions in metres; 0 for a stone that is not in play.
    in_play: [B, 16] bool, after the side and back lines and, at rest, the hog line.
    contacts: [B] int64, collisions between pairs of stones.
    seconds: [B] float64, from release until all stones rest.
    """

    stones: np.ndarray
    in_play: np.ndarray
    contacts: np.ndarray
    seconds: np.ndarray


class Trajectory(NamedTuple):
    """Where all stones are at T instants of one delivery: evenly spaced ones, every event, and rest.

    times: [T] float64, seconds from release to rest, rising.
    positions: [T, 16, 2] float64, metres; NaN where a stone is not on the sheet. The last ones are those at
        rest, before the hog-line rule.
    turns: [T, 16] bool, whether a stone sets out on another path, as at a contact.
    """

    times: np.ndarray
    positions: np.ndarray
    turns: np.ndarray


def simulate(
    ice: Ice,
    stones: np.ndarray,
    in_play: np.ndarray,
    slot: np.ndarray,
    velocity: np.ndarray,
    spin: np.ndarray,
    *,
    contact_quantum: float = 0.0,
    threads: int | None = None,
) -> Motion:
    """Deliver one stone on each of B sheets.

    Args:
        ice: ice, sheet and stones.
        stones: [B, 16, 2] positions at rest, metres; those not in play are ignored.
        in_play: [B, 16] bool.
        slot: [B] int, the delivered stone's slot, not in play before.
        velocity: [B, 2] at release, m/s.
        spin: [B] angular velocity at release, rad/s anticlockwise.
        contact_quantum: 0 is exact; the step in seconds of a simulator that steps mirrors that one
            (`board.Physics`).
        threads: worker threads; None is one for each core.

    Raises:
        ValueError: a wrong shape, a value that is not finite, a stone off the sheet, overlapping stones, a
            slot taken or out of range, a speed beyond `ice.speed_limit`, a negative quantum.
        RuntimeError: a shot did not end; none is known.
    """
    batch = checked(ice, stones, in_play, slot, velocity, spin, contact_quantum)
    physics, origin = physics_of(ice, contact_quantum), np.array(ice.release_position)
    count = len(batch.slot)
    places, in_play_after = np.zeros((count, STONES, 2)), np.zeros((count, STONES), bool)
    result = Motion(places, in_play_after, np.zeros(count, np.int64), np.zeros(count))

    def play(part: slice) -> None:
        sheets, ends = (array[part] for array in batch), (array[part] for array in result)
        play_each(physics, empty_board(), ice.sheet.hog_limit, origin, *sheets, *ends)

    _each_chunk(play, count, threads)
    if UNFINISHED in result.contacts:
        b = int(np.argmin(result.contacts))
        raise RuntimeError(f"shot {b}: its stones did not come to rest within {MOST_EVENTS} events")
    return result


def _each_chunk(work: Callable[[slice], None], count: int, threads: int | None) -> None:
    """Call `work` for every chunk of `count` rows, on `threads` threads."""
    workers = os.cpu_count() or 1 if threads is None else threads
    if workers < 1:
        raise ValueError(f"threads: {threads!r} given, expected at least 1")
    parts = [slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    if workers == 1 or len(parts) == 1:
        for part in parts:
            work(part)
    else:
        list(_pool(workers, os.getpid()).map(work, parts))


def trajectory(
    ice: Ice,
    stones: np.ndarray,
    in_play: np.ndarray,
    slot: int,
    velocity: np.ndarray,
    spin: float,
    *,
    contact_quantum: float = 0.0,
    interval: float = 0.05,
) -> Trajectory:
    """Where all stones are while one delivery moves them, for drawing.

    Args:
        stones, in_play, slot, velocity, spin: as one row of `simulate`.
        interval: seconds between evenly spaced instants.

    Raises:
        ValueError: as `simulate`; or the interval is not positive.
    """
    if not (np.isfinite(interval) and interval > 0):
        raise ValueError(f"interval: {interval!r} given, expected positive seconds")
    batch = checked(
        ice,
        np.asarray(stones)[None],
        np.asarray(in_play)[None],
        np.asarray(slot)[None],
        np.asarray(velocity)[None],
        np.asarray(spin)[None],
        contact_quantum,
    )
    physics = physics_of(ice, contact_quantum)
    log = np.zeros((MOST_PATHS * STONES, LOG_FIELDS))
    seconds, entries = _trace(
        physics, empty_board(), np.array(ice.release_position), *(array[0] for array in batch), log
    )
    paths = log[:entries].reshape(-1, STONES, LOG_FIELDS)  # one block for the release and for every event
    events = paths[:, 0, 1]
    times = np.unique(np.concatenate([np.arange(0.0, seconds, interval), events, [seconds]]))
    positions = np.full((len(times), STONES, 2), np.nan)
    _sample(physics, log[:entries], times, positions)
    turns = np.zeros((len(times), STONES), bool)
    changed = (paths[1:, :, 2:] != paths[:-1, :, 2:]).any(axis=2)
    np.logical_or.at(turns, np.searchsorted(times, events[1:]), changed)
    return Trajectory(times, positions, turns)


@cache
def _pool(workers: int, process: int) -> ThreadPoolExecutor:
    """The threads of one process; a forked one has none of its parent's."""
    return ThreadPoolExecutor(workers, thread_name_prefix="curling")


def physics_of(ice: Ice, quantum: float) -> Physics:
    """What compiled code needs to know of an ice; `quantum` in seconds as `simulate`'s contact_quantum."""
    contact = Contact(ice.restitution, ice.elastic_speed, ice.contact_friction, 2.0 * ice.sheet.stone_radius)
    sheet = ice.sheet
    return Physics(
        ice.table,
        contact,
        sheet.side_limit,
        sheet.back_limit,
        sheet.near_end_y,
        float(quantum),
        ice.release_lag,
    )


@entry
def play_each(
    physics: Physics,
    board: Board,
    hog_limit: float,
    origin: np.ndarray,
    stones: np.ndarray,
    in_play: np.ndarray,
    slot: np.ndarray,
    velocity: np.ndarray,
    spin: np.ndarray,
    stones_after: np.ndarray,
    in_play_after: np.ndarray,
    contacts: np.ndarray,
    seconds: np.ndarray,
) -> None:
    """Deliver each shot of a chunk and write down where the stones lie afterwards.

    The arguments are not checked: those of `simulate`, contiguous, and the fields of `Motion`, all zeros.
    """
    no_log = np.zeros((0, LOG_FIELDS))
    for b in range(slot.shape[0]):
        set_up(board, stones[b], in_play[b])
        release(physics, board, slot[b], origin[0], origin[1], velocity[b, 0], velocity[b, 1], spin[b])
        contacts[b], seconds[b], _ = play_out(physics, board, no_log)
        for k in range(16):
            if board.stones[k].present and board.stones[k].y > hog_limit:
                in_play_after[b, k] = True
                stones_after[b, k, 0] = board.stones[k].x
                stones_after[b, k, 1] = board.stones[k].y


@entry
def _trace(
    physics: Physics,
    board: Board,
    origin: np.ndarray,
    stones: np.ndarray,
    in_play: np.ndarray,
    slot: int,
    velocity: np.ndarray,
    spin: float,
    log: np.ndarray,
) -> tuple[float, int]:
    """Deliver one shot and log its paths: (seconds, log entries)."""
    set_up(board, stones, in_play)
    release(physics, board, slot, origin[0], origin[1], velocity[0], velocity[1], spin)
    _, seconds, entries = play_out(physics, board, log)
    return seconds, entries


@entry
def _sample(physics: Physics, log: np.ndarray, times: np.ndarray, positions: np.ndarray) -> None:
    """Positions [T, 16, 2] at `times` [T] from a log of paths in the order of their starts."""
    for row in log:
        slot, start, curl = int(row[0]), row[1], row[6]
        for t in range(times.shape[0]):
            if times[t] < start:
                continue
            if row[8] == 0.0:
                positions[t, slot] = np.nan
                continue
            left = row[7] - times[t]
            px, py = 0.0, 0.0
            if left > 0.0:
                px, py, _, _ = read(physics.table, STRAIGHT if curl == 0.0 else CURLING, left)
                px *= curl
            positions[t, slot, 0] = row[2] + (row[4] * px - row[5] * py)
            positions[t, slot, 1] = row[3] + (row[5] * px + row[4] * py)
