"""What an agent says to the curling environments: a normalised action, and the delivery it means.

| entry | -1 | +1 | meaning |
|---|---|---|---|
| 0 | left side line | right side line | where the stone goes, across |
| 1 | hog line | strongest legal delivery | how far it goes, see below |
| 2 | clockwise | anticlockwise | handle: negative is clockwise, 0 and above anticlockwise |

Entry 1 below `HIT_FROM` is a draw: without noise and on an empty sheet the stone stops at the point, which
runs evenly from the hog line to where a stone just leaves the back line. From `HIT_FROM` on it is a
take-out: the stone crosses the tee line at the point across, with a speed that runs evenly from that of the
deepest draw to that of the strongest legal delivery.

Shape letters: B actions.
"""

from functools import lru_cache

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from envs.curling.physics.delivery import Shot, velocity_through, velocity_to_stop
from envs.curling.physics.ice import Ice

ENTRIES = 3
HIT_FROM = 0.4  # entry 1 at which draws end and take-outs begin
HALVINGS = 60  # of a speed interval when searching for a speed at the tee line


def action_space() -> Box:
    """The normalised action: [3] float32 in -1..1."""
    return Box(-1.0, 1.0, (ENTRIES,), np.float32)


def deliveries(ice: Ice, actions: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The release velocities and spins that these actions mean.

    Args:
        ice: the ice and its sheet.
        actions: [B, 3] floats; values beyond -1..1 are cut off.

    Returns:
        Velocities [B, 2] float64 m/s, and spins [B] float64 rad/s.

    Raises:
        ValueError: on a wrong shape or a value that is not a number.
    """
    actions = np.asarray(actions, dtype=np.float64)
    if actions.ndim != 2 or actions.shape[1] != ENTRIES:
        raise ValueError(f"actions: shape {actions.shape}, expected [B, {ENTRIES}]")
    if np.isnan(actions).any():
        raise ValueError("actions: a value is not a number, expected -1 to 1")
    actions = np.clip(actions, -1.0, 1.0)
    sheet = ice.sheet
    spin = np.where(actions[:, 2] < 0, -ice.release_spin, ice.release_spin)
    across = actions[:, 0] * (sheet.width / 2)
    depth = (actions[:, 1] + 1) / (HIT_FROM + 1)
    stop_y = sheet.hog_y + np.minimum(depth, 1.0) * (sheet.back_limit - sheet.hog_y)
    softest, strongest = tee_speeds(ice)
    weight = (actions[:, 1] - HIT_FROM) / (1 - HIT_FROM)
    hit = weight >= 0
    along = np.where(hit, sheet.tee_y, stop_y)
    speed = np.where(hit, softest + weight * (strongest - softest), 0.0)
    velocity = velocity_through(ice, np.stack([across, along], axis=1), speed, spin)
    released = np.hypot(velocity[:, 0], velocity[:, 1])
    return velocity * np.minimum(ice.max_speed / released, 1.0)[:, None], spin


def delivered(ice: Ice, actions: NDArray[np.floating]) -> list[Shot]:
    """The same as B shots."""
    velocity, spin = deliveries(ice, actions)
    return [Shot(x, y, s) for (x, y), s in zip(velocity.tolist(), spin.tolist(), strict=True)]


@lru_cache(maxsize=8)
def tee_speeds(ice: Ice) -> tuple[float, float]:
    """Speeds over the tee (m/s) of the deepest draw and of the strongest legal delivery on this ice."""
    sheet = ice.sheet
    spin = np.array(ice.release_spin)
    deepest = velocity_to_stop(ice, np.array([0.0, sheet.back_limit]), spin)
    return _tee_speed(ice, float(np.hypot(*deepest))), _tee_speed(ice, ice.max_speed)


def _tee_speed(ice: Ice, release_speed: float) -> float:
    """Speed over the tee of a stone released with `release_speed` (m/s) towards it."""
    slow, fast = 0.0, release_speed
    spin = np.array(ice.release_spin)
    for _ in range(HALVINGS):
        middle = (slow + fast) / 2
        released = np.hypot(*velocity_through(ice, ice.sheet.tee, np.array(middle), spin))
        slow, fast = (middle, fast) if released <= release_speed else (slow, middle)
    return slow
