"""The contract of goal-reaching environments: dict observations and rewards that any goal can recompute.

Andrychowicz et al., "Hindsight Experience Replay" (2017): a transition stays valid under another goal once
its reward is `compute_reward(achieved_goal, desired_goal, info)`.

Shape letters: B batch, G goal.
"""

from collections.abc import Mapping
from typing import Any, Protocol, TypedDict

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


class GoalObservation(TypedDict):
    """What a goal environment shows: the world, what of it counts as reached, and what should be reached."""

    observation: NDArray
    achieved_goal: NDArray
    desired_goal: NDArray


class GoalEnv(Protocol):
    """What every goal environment offers beside `gymnasium.Env` or `gymnasium.vector.VectorEnv`."""

    def compute_reward(
        self, achieved_goal: NDArray, desired_goal: NDArray, info: Any
    ) -> NDArray[np.float64] | float:
        """Rewards [B] of goals [B, G...], or the reward of one goal [G...]; `info` is not needed."""
        ...


def goal_space(observation: spaces.Box, goal: spaces.Box) -> spaces.Dict:
    """The space of `GoalObservation`s."""
    return spaces.Dict({"observation": observation, "achieved_goal": goal, "desired_goal": goal})


def object_distances(achieved: NDArray, desired: NDArray) -> NDArray[np.float64]:
    """Distances in the plane between objects and their goals.

    Args:
        achieved: [..., 2 K] x and y of K objects, metres.
        desired: the same for their goals; broadcast against `achieved`.

    Returns:
        [..., K] metres.

    Raises:
        ValueError: when the last axes are not equal and even.
    """
    achieved, desired = np.asarray(achieved, dtype=np.float64), np.asarray(desired, dtype=np.float64)
    size = achieved.shape[-1:]
    if size != desired.shape[-1:] or not size or size[0] % 2:
        raise ValueError(
            f"goals: {achieved.shape} and {desired.shape}, expected the same even number of coordinates"
        )
    gap = achieved - desired
    return np.hypot(gap[..., 0::2], gap[..., 1::2])


def joint_distance(achieved: NDArray, desired: NDArray) -> NDArray[np.float64]:
    """Length of the vector from all objects to all their goals, [...] metres, of goals [..., 2 K]."""
    return np.sqrt(np.square(object_distances(achieved, desired)).sum(-1))


def pixel_distance(achieved: NDArray[np.uint8], desired: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Euclidean distance between images [..., H, W, 3] uint8 whose pixels count from 0 to 1; [...].

    Raises:
        ValueError: when the images are not uint8 or not of one size.
    """
    achieved, desired = np.asarray(achieved), np.asarray(desired)
    if achieved.dtype != np.uint8 or desired.dtype != np.uint8 or achieved.shape[-3:] != desired.shape[-3:]:
        raise ValueError(
            f"goal images: {achieved.dtype} {achieved.shape} and {desired.dtype} {desired.shape}, "
            "expected uint8 of one size"
        )
    gap = np.abs(achieved.astype(np.int16) - desired).astype(np.int64)
    return np.sqrt((gap * gap).sum((-3, -2, -1))) / 255.0


def checked_options(options: Mapping[str, Any] | None, known: tuple[str, ...]) -> dict[str, Any]:
    """The options of `reset`, without those that are None.

    Raises:
        ValueError: on an option that is not known.
    """
    given = {key: value for key, value in (options or {}).items() if value is not None}
    for key in given:
        if key not in known:
            raise ValueError(f"options: {key!r}, expected some of {', '.join(known)}")
    return given
