"""Reaching: bring the hand to a point over the table.

Ranges and camera are those of the simulated reacher of Nair et al., "Visual Reinforcement Learning with
Imagined Goals" (2018). Differs from it: the hand begins in the middle of its range, where it began 5 cm
outside.
"""

import numpy as np
from numpy.typing import NDArray

from envs.manipulation.plan import Layout, TaskPlan, uniform
from envs.manipulation.world import CameraPose, World

HAND_LOW, HAND_HIGH = (-0.2, 0.55), (0.2, 0.75)
"""metres; the hand's range, and its goals'."""


def sample_goal(rng: np.random.Generator, present: NDArray[np.bool_]) -> Layout:
    """A point of the hand's range, [2]."""
    return uniform(rng, HAND_LOW, HAND_HIGH)


REACHER = TaskPlan(
    world=World("reacher", (), CameraPose((0.0, 0.85, 0.3), 0.4, -35.0, 270.0)),
    hand_low=HAND_LOW,
    hand_high=HAND_HIGH,
    start=(np.array(HAND_LOW) + HAND_HIGH) / 2,
    sample_goal=sample_goal,
    horizon=50,
)
