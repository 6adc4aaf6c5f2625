"""Where and how fast a free stone crosses a line: the inverse of `delivery.velocity_through`.

Shape letters: B deliveries.
"""

import math

import numpy as np

from envs.compiled import entry
from envs.curling.ice import Ice
from envs.curling.path import PathTable
from envs.curling.stones import STONE, launch, state_at

HALVINGS = 60
"""Of the interval of time in which the line is crossed."""


def crossing(
    ice: Ice, velocity: np.ndarray, spin: np.ndarray, line_y: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where stones released at `velocity` first cross the line, and how fast; a spin is taken not to run out.

    Args:
        ice: the ice.
        velocity: [B, 2] m/s.
        spin: [B] rad/s anticlockwise.
        line_y: metres.

    Returns:
        x [B] metres and speed [B] m/s; NaN where a stone stops short of the line.
    """
    velocity, spin = np.ascontiguousarray(velocity, np.float64), np.ascontiguousarray(spin, np.float64)
    if velocity.shape != (len(spin), 2):
        raise ValueError(f"velocity: shape {velocity.shape}, expected [{len(spin)}, 2] as the spins")
    across, speed = np.empty(len(spin)), np.empty(len(spin))
    _cross(ice.table, np.zeros(1, STONE), *ice.release_position, velocity, spin, line_y, across, speed)
    return across, speed


@entry
def _cross(
    table: PathTable,
    scratch: np.ndarray,
    release_x: float,
    release_y: float,
    velocity: np.ndarray,
    spin: np.ndarray,
    line_y: float,
    across: np.ndarray,
    speed: np.ndarray,
) -> None:
    for n in range(len(spin)):
        launch(table, scratch, 0, 0.0, release_x, release_y, velocity[n, 0], velocity[n, 1], spin[n], 0.0)
        before, after = 0.0, scratch[0].stop
        if not scratch[0].y >= line_y:
            across[n] = speed[n] = math.nan
            continue
        for _ in range(HALVINGS):
            middle = (before + after) / 2.0
            if state_at(table, scratch, 0, middle)[1] < line_y:
                before = middle
            else:
                after = middle
        x, _, vx, vy = state_at(table, scratch, 0, after)
        across[n], speed[n] = x, math.sqrt(vx * vx + vy * vy)
