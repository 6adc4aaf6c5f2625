"""Pushing: bring the hand and one or more pucks to their places.

Ranges, starts and camera are those of the simulated pushers of Nair et al., "Visual Reinforcement Learning
with Imagined Goals" (2018), and of their released environments. The goal ranges reach further than the hand,
so that no policy gets every puck to its goal.
"""

import numpy as np
from numpy.typing import NDArray

from envs.manipulation.plan import Layout, TaskPlan, uniform
from envs.manipulation.puck import Puck
from envs.manipulation.world import CameraPose, World

HAND_LOW, HAND_HIGH = (-0.1, 0.5), (0.1, 0.7)
HAND_START = (0.0, 0.5)
HAND_GOAL_LOW, HAND_GOAL_HIGH = (-0.05, 0.55), (0.05, 0.65)
PUCK_GOAL_LOW, PUCK_GOAL_HIGH = (-0.2, 0.5), (0.2, 0.7)
SIDES = (((0.0, 0.5), (0.2, 0.7)), ((-0.2, 0.5), (0.0, 0.7)))
"""Corners of the goal ranges of two pucks."""
APART = 0.08
"""metres at least between the goals of two pucks, and of a puck and the hand, where there are two pucks."""
CAMERA = CameraPose((0.0, 0.85, 0.2), 0.3, -45.0, 270.0)
LIGHT_BLUE, BLUE, GREEN = (0.0, 0.5, 1.0), (0.1, 0.1, 0.9), (0.1, 0.9, 0.1)
HORIZON = 100


def sample_goal(rng: np.random.Generator, present: NDArray[np.bool_]) -> Layout:
    """Places of the hand and one puck, [4]."""
    hand = uniform(rng, HAND_GOAL_LOW, HAND_GOAL_HIGH)
    return np.concatenate([hand, uniform(rng, PUCK_GOAL_LOW, PUCK_GOAL_HIGH)])


def sample_goals_apart(rng: np.random.Generator, present: NDArray[np.bool_]) -> Layout:
    """Places of the hand and two pucks, [6], those that take part at least `APART` from one another."""
    while True:
        hand = uniform(rng, HAND_GOAL_LOW, HAND_GOAL_HIGH)
        places = np.stack([hand, *(uniform(rng, low, high) for low, high in SIDES)])
        taking_part = places[np.concatenate([[True], present])]
        gaps = np.hypot(*np.moveaxis(taking_part[:, None] - taking_part[None], -1, 0))
        if (gaps[np.triu_indices(len(taking_part), 1)] > APART).all():
            return places.ravel()


TWO_PUCKS = (Puck("blue_puck", BLUE), Puck("green_puck", GREEN))
TWO_STARTS = np.array([*HAND_START, 0.05, 0.6, -0.05, 0.6])

PUSHER = TaskPlan(
    world=World("pusher", (Puck("puck", LIGHT_BLUE),), CAMERA),
    hand_low=HAND_LOW,
    hand_high=HAND_HIGH,
    start=np.array([*HAND_START, 0.0, 0.6]),
    sample_goal=sample_goal,
    horizon=HORIZON,
)
MULTI_PUSHER = TaskPlan(
    world=World("multi_pusher", TWO_PUCKS, CAMERA),
    hand_low=HAND_LOW,
    hand_high=HAND_HIGH,
    start=TWO_STARTS,
    sample_goal=sample_goals_apart,
    horizon=HORIZON,
)
VARIABLE_PUSHER = TaskPlan(
    world=World("variable_pusher", TWO_PUCKS, CAMERA),
    hand_low=HAND_LOW,
    hand_high=HAND_HIGH,
    start=TWO_STARTS,
    sample_goal=sample_goals_apart,
    horizon=HORIZON,
    fewest=0,
)
