"""The slow way: a stepped simulator, the reference that the event-driven engine is tested and timed against.

It advances all stones by a fixed step, as Digital Curling does: velocities first, then contacts between
stones that overlap at the start of the step (all together, by sequential impulses), then positions. It shares
only the ice's constants, and the form of its results, with the engine.
"""

import math
from typing import NamedTuple

import numpy as np

from envs.compiled import entry, kernel
from envs.curling.physics import ice as ices
from envs.curling.physics.ice import Ice
from envs.curling.physics.motion import Motion

IMPULSE_SWEEPS = 8
"""Sweeps over the contacts of one step: the velocity iterations of the original simulators."""
DEFAULT_STEP = 1e-3
"""seconds: the step of the original simulators."""


class Setting(NamedTuple):
    """Scalars of the kernel: metres, seconds, and the ice's contact constants; `spiral` marks gat2016."""

    spiral: bool
    step: float
    radius: float
    side: float
    back: float
    near: float
    hog: float
    restitution: float
    elastic_speed: float
    friction: float


def simulate_stepped(
    ice: Ice,
    stones: np.ndarray,
    in_play: np.ndarray,
    slot: np.ndarray,
    velocity: np.ndarray,
    spin: np.ndarray,
    *,
    step: float = DEFAULT_STEP,
) -> Motion:
    """Deliver one stone on each of B sheets, step by step, on the calling thread.

    Args:
        ice, stones, in_play, slot, velocity, spin: as `motion.simulate`, not checked again.
        step: seconds.

    Raises:
        ValueError: this ice has no stepped form.
    """
    if ice.name not in ("fcv1", "gat2016"):
        raise ValueError(f"ice: {ice.name!r} has no stepped form, expected fcv1 or gat2016")
    sheet = ice.sheet
    setting = Setting(
        ice.name == "gat2016",
        step,
        sheet.stone_radius,
        sheet.side_limit,
        sheet.back_limit,
        sheet.near_end_y,
        sheet.hog_limit,
        ice.restitution,
        ice.elastic_speed,
        ice.contact_friction,
    )
    result = Motion(
        np.array(stones, np.float64),
        np.array(in_play),
        np.zeros(len(slot), np.int64),
        np.zeros(len(slot)),
    )
    release = np.array(ice.release_position)
    moves = np.asarray(slot, np.int64), np.array(velocity, np.float64), np.array(spin, np.float64)
    _step_all(setting, release, *moves, *result)
    result.stones[~result.in_play] = 0.0
    return result


@entry
def _step_all(
    setting: Setting,
    release: np.ndarray,
    slot: np.ndarray,
    velocity: np.ndarray,
    spin: np.ndarray,
    stones: np.ndarray,
    in_play: np.ndarray,
    contacts: np.ndarray,
    seconds: np.ndarray,
) -> None:
    """Each shot to rest; `stones`, `in_play`, `contacts` and `seconds` receive the results."""
    motion = np.zeros((16, 3))
    pairs = np.zeros((120, 8))
    for b in range(slot.shape[0]):
        motion[:] = 0.0
        stones[b, slot[b]] = release
        in_play[b, slot[b]] = True
        motion[slot[b], 0], motion[slot[b], 1], motion[slot[b], 2] = velocity[b, 0], velocity[b, 1], spin[b]
        steps = 0
        if setting.spiral:
            _slow(setting, motion, setting.step / 2.0)
        while _moving(motion, in_play[b]):
            if not setting.spiral:
                _slow(setting, motion, setting.step)
            contacts[b] += _collide(setting, stones[b], in_play[b], motion, pairs)
            _advance(setting, stones[b], in_play[b], motion)
            if setting.spiral:
                _slow(setting, motion, setting.step)
            steps += 1
        seconds[b] = steps * setting.step
        for k in range(16):
            in_play[b, k] = in_play[b, k] and stones[b, k, 1] > setting.hog


@kernel
def _moving(motion: np.ndarray, in_play: np.ndarray) -> bool:
    moving = False
    for k in range(16):
        moving |= in_play[k] and (motion[k, 0] != 0.0 or motion[k, 1] != 0.0)
    return moving


@kernel
def _slow(setting: Setting, motion: np.ndarray, step: float) -> None:
    """Friction, curl and spin loss of every moving stone for one step; motion [16, 3] is vx, vy, spin."""
    for k in range(16):
        vx, vy, spin = motion[k]
        speed = math.sqrt(vx * vx + vy * vy)
        if speed == 0.0:
            motion[k, 2] = 0.0
            continue
        if setting.spiral:
            slower = speed - ices.GAT2016_DECELERATION * step
            turn = math.atan2(ices.GAT2016_CURL * ices.GAT2016_DECELERATION * step, max(slower, 1e-300))
        else:
            friction = (
                ices.FCV1_FRICTION_SCALE / (speed + ices.FCV1_FRICTION_SPEED) + ices.FCV1_FRICTION_FLOOR
            )
            slower = speed - ices.GRAVITY * friction * step
            turn = ices.FCV1_YAW * speed**ices.FCV1_YAW_EXPONENT * step
            lost = ices.FCV1_SPIN_DECAY / max(speed, ices.FCV1_SPIN_SPEED_FLOOR) * step
            motion[k, 2] = math.copysign(max(abs(spin) - lost, 0.0), spin)
        if slower <= 0.0:
            motion[k, 0] = motion[k, 1] = 0.0
            continue
        turn = math.copysign(turn, spin) if spin != 0.0 else 0.0
        c, s = math.cos(turn) * slower / speed, math.sin(turn) * slower / speed
        motion[k, 0], motion[k, 1] = c * vx - s * vy, s * vx + c * vy


@kernel
def _collide(
    setting: Setting, stones: np.ndarray, in_play: np.ndarray, motion: np.ndarray, pairs: np.ndarray
) -> int:
    """Resolve all contacts of one step; returns how many pairs were struck."""
    count = _touching(setting, stones, in_play, motion, pairs)
    if count == 0:
        return 0
    for _ in range(IMPULSE_SWEEPS):
        for p in range(count):
            _strike(setting, pairs[p], motion)
    struck = 0
    for p in range(count):
        struck += pairs[p, 5] > 0.0
    return struck


@kernel
def _touching(
    setting: Setting, stones: np.ndarray, in_play: np.ndarray, motion: np.ndarray, pairs: np.ndarray
) -> int:
    """List overlapping pairs [P, 8]: slots, normal, wanted separating speed, the two impulses per mass."""
    count = 0
    for i in range(16):
        if not in_play[i] or (motion[i, 0] == 0.0 and motion[i, 1] == 0.0):
            continue
        for j in range(16):
            at_rest = motion[j, 0] == 0.0 and motion[j, 1] == 0.0
            if j == i or not in_play[j] or not (at_rest or i < j):
                continue
            rx, ry = stones[j, 0] - stones[i, 0], stones[j, 1] - stones[i, 1]
            squared = rx * rx + ry * ry
            if squared > 4.0 * setting.radius * setting.radius:
                continue
            distance = math.sqrt(squared)
            nx, ny = rx / distance, ry / distance
            closing = -((motion[j, 0] - motion[i, 0]) * nx + (motion[j, 1] - motion[i, 1]) * ny)
            pair = pairs[count]
            pair[0], pair[1], pair[2], pair[3] = i, j, nx, ny
            pair[4] = setting.restitution * closing if closing > setting.elastic_speed else 0.0
            pair[5] = pair[6] = 0.0
            count += 1
    return count


@kernel
def _strike(setting: Setting, pair: np.ndarray, motion: np.ndarray) -> None:
    """One sweep's impulses at one contact: friction within the bound of the last push, then the push."""
    i, j, nx, ny = int(pair[0]), int(pair[1]), pair[2], pair[3]
    wx, wy = motion[j, 0] - motion[i, 0], motion[j, 1] - motion[i, 1]
    slide = wy * nx - wx * ny - setting.radius * (motion[i, 2] + motion[j, 2])
    bound = setting.friction * pair[5]
    rub = min(max(pair[6] - slide / 6.0, -bound), bound) - pair[6]
    push = max(pair[5] + (pair[4] - (wx * nx + wy * ny)) / 2.0, 0.0) - pair[5]
    pair[5] += push
    pair[6] += rub
    jx, jy = push * nx - rub * ny, push * ny + rub * nx
    motion[i, 0] -= jx
    motion[i, 1] -= jy
    motion[j, 0] += jx
    motion[j, 1] += jy
    motion[i, 2] -= 2.0 * rub / setting.radius
    motion[j, 2] -= 2.0 * rub / setting.radius


@kernel
def _advance(setting: Setting, stones: np.ndarray, in_play: np.ndarray, motion: np.ndarray) -> None:
    """Move every stone for one step and take those off that have left the sheet."""
    for k in range(16):
        if not in_play[k] or (motion[k, 0] == 0.0 and motion[k, 1] == 0.0):
            continue
        stones[k, 0] += motion[k, 0] * setting.step
        stones[k, 1] += motion[k, 1] * setting.step
        x, y = stones[k, 0], stones[k, 1]
        if abs(x) >= setting.side or y >= setting.back or y <= setting.near:
            in_play[k] = False
            motion[k] = 0.0
