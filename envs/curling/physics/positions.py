"""What the engine accepts: batches of positions and deliveries, checked at its door."""

from typing import NamedTuple

import numpy as np

from envs.compiled import entry
from envs.curling.physics.ice import Ice
from envs.curling.physics.sheet import STONES

OVERLAP = 1e-6
"""metres that stones may overlap in a position handed to an exact engine."""
QUANTUM_OVERLAP = 0.02
"""The same with a contact quantum: a stepped simulator leaves stones pressed into each other."""


class Batch(NamedTuple):
    """As the arguments of `motion.simulate`: contiguous, of its dtypes, and checked."""

    stones: np.ndarray
    in_play: np.ndarray
    slot: np.ndarray
    velocity: np.ndarray
    spin: np.ndarray


def checked(
    ice: Ice,
    stones: np.ndarray,
    in_play: np.ndarray,
    slot: np.ndarray,
    velocity: np.ndarray,
    spin: np.ndarray,
    quantum: float,
) -> Batch:
    """The arguments of `simulate` as contiguous arrays; raises ValueError where one is wrong."""
    slot = np.asarray(slot)
    count = slot.shape[0] if slot.ndim == 1 else -1
    shapes = {
        "stones": (count, STONES, 2),
        "in_play": (count, STONES),
        "velocity": (count, 2),
        "spin": (count,),
    }
    given = {"stones": stones, "in_play": in_play, "velocity": velocity, "spin": spin}
    if count < 0:
        raise ValueError(f"slot: shape {slot.shape} given, expected [B]")
    for name, shape in shapes.items():
        if np.shape(given[name]) != shape:
            raise ValueError(f"{name}: shape {np.shape(given[name])} given, expected {shape}")
    in_play = np.asarray(in_play)
    if in_play.dtype != bool:
        raise ValueError(f"in_play: dtype {in_play.dtype} given, expected bool")
    if not np.issubdtype(slot.dtype, np.integer):
        raise ValueError(f"slot: dtype {slot.dtype} given, expected integers")
    if count and (slot.min() < 0 or slot.max() >= STONES):
        raise ValueError(f"slot: values in [{slot.min()}, {slot.max()}] given, expected 0 to {STONES - 1}")
    if not (np.isfinite(quantum) and 0 <= quantum < 1):
        raise ValueError(f"contact_quantum: {quantum!r} given, expected seconds in [0, 1)")
    stones = np.where(in_play[..., None], np.asarray(stones, np.float64), 0.0)
    velocity, spin = np.ascontiguousarray(velocity, np.float64), np.ascontiguousarray(spin, np.float64)
    for name, array in (("stones", stones), ("velocity", velocity), ("spin", spin)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name}: NaN or infinity given, expected finite numbers")
    if in_play[np.arange(count), slot].any():
        raise ValueError("slot: the delivered stone is in play already, expected a free slot")
    if count and np.hypot(velocity[:, 0], velocity[:, 1]).max() > ice.speed_limit:
        raise ValueError(f"velocity: faster than this ice's limit, expected at most {ice.speed_limit:g} m/s")
    check_lie(ice, stones, in_play, overlap=OVERLAP if quantum == 0 else QUANTUM_OVERLAP)
    return Batch(stones, in_play, np.ascontiguousarray(slot, np.int64), velocity, spin)


def check_lie(ice: Ice, stones: np.ndarray, in_play: np.ndarray, *, overlap: float) -> None:
    """Raise ValueError where stones cannot lie.

    Args:
        ice: the ice and its sheet.
        stones: [B, 16, 2] metres, finite where in play.
        in_play: [B, 16] bool.
        overlap: metres that two stones may overlap.

    Raises:
        ValueError: a stone lies off the sheet, on another, or where stones are delivered.
    """
    sheet = ice.sheet
    off = in_play & (
        (np.abs(stones[..., 0]) > sheet.side_limit)
        | (stones[..., 1] > sheet.back_limit)
        | (stones[..., 1] < sheet.near_end_y)
    )
    if off.any():
        b, k = np.argwhere(off)[0]
        raise ValueError(
            f"stones[{b}, {k}]: {stones[b, k].tolist()} lies off the sheet, expected a place on it"
        )
    away = np.hypot(*np.moveaxis(stones - np.array(ice.release_position), -1, 0))
    if (in_play & (away < 2 * sheet.stone_radius)).any():
        b, k = np.argwhere(in_play & (away < 2 * sheet.stone_radius))[0]
        raise ValueError(
            f"stones[{b}, {k}]: {stones[b, k].tolist()} lies where stones are delivered, expected it away"
        )
    close = _overlap(stones, in_play, (2 * sheet.stone_radius - overlap) ** 2)
    if close[0] >= 0:
        b, i, j = close
        raise ValueError(f"stones[{b}]: stones {i} and {j} overlap, expected them apart")


@entry
def _overlap(stones: np.ndarray, in_play: np.ndarray, squared: float) -> tuple[int, int, int]:
    """The first pair nearer than the root of `squared`: (sheet, slot, slot), or -1s."""
    for b in range(stones.shape[0]):
        for i in range(16):
            if not in_play[b, i]:
                continue
            for j in range(i):
                if in_play[b, j]:
                    dx, dy = stones[b, i, 0] - stones[b, j, 0], stones[b, i, 1] - stones[b, j, 1]
                    if dx * dx + dy * dy < squared:
                        return b, i, j
    return -1, -1, -1
