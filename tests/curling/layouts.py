"""Random positions and deliveries for the laws of the engine.

Shape letters: B shots.
"""

from typing import NamedTuple

import numpy as np

from envs.curling.physics.delivery import velocity_to_stop
from envs.curling.physics.ice import Ice


class Shots(NamedTuple):
    """The arguments of `motion.simulate` after the ice."""

    stones: np.ndarray
    in_play: np.ndarray
    slot: np.ndarray
    velocity: np.ndarray
    spin: np.ndarray

    def take(self, rows: np.ndarray | slice) -> "Shots":
        """The same for some of the shots."""
        return Shots(*(array[rows] for array in self))


def random_boards(count: int, ice: Ice, rng: np.random.Generator, *, most: int = 15, gap: float = 0.0):
    """Stones [B, 16, 2] and in_play [B, 16]: 0 to `most` stones at least `gap` metres apart, slot 15 free."""
    sheet = ice.sheet
    stones, in_play = np.zeros((count, 16, 2)), np.zeros((count, 16), bool)
    wanted = rng.integers(0, most + 1, count)
    for slot in range(15):
        place = np.stack(
            [
                rng.normal(0, 1.0, count).clip(-sheet.side_limit, sheet.side_limit),
                rng.normal(sheet.tee_y - 0.5, 1.3, count).clip(sheet.hog_limit + 0.01, sheet.back_limit),
            ],
            -1,
        )
        apart = np.hypot(*np.moveaxis(stones - place[:, None], -1, 0))
        free = (~in_play | (apart >= 2 * sheet.stone_radius + gap)).all(1) & (slot < wanted)
        stones[free, slot] = place[free]
        in_play[free, slot] = True
    return stones, in_play


def random_shots(count: int, ice: Ice, rng: np.random.Generator, *, most: int = 15, gap: float = 0) -> Shots:
    """Deliveries of every weight, from short of the hog line to ten times the strongest legal one."""
    stones, in_play = random_boards(count, ice, rng, most=most, gap=gap)
    spin = rng.choice([-1.0, 0.0, 1.0], count, p=[0.45, 0.1, 0.45]) * ice.release_spin
    target = np.stack([rng.normal(0, 1.0, count), rng.normal(ice.sheet.tee_y, 2.0, count)], -1)
    velocity = velocity_to_stop(ice, target, spin)
    draw = np.hypot(*velocity.T)
    strongest = rng.choice([0.0, 1.0, 2.5, 10.0], count, p=[0.5, 0.35, 0.1, 0.05]) * ice.max_speed
    speed = rng.uniform(draw, np.maximum(draw, strongest)).clip(0, ice.speed_limit)
    return Shots(stones, in_play, np.full(count, 15), velocity * (speed / draw)[:, None], spin)
