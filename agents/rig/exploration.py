"""Exploring actions: noise that remembers, an Ornstein-Uhlenbeck process in whole steps, and random ones.

N episodes, A action.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class ActionNoise:
    """x <- memory x + strength N(0, 1), from zero at an episode's start.

    The process of the authors' code, dx = -0.15 x dt + 0.2 dW with steps of 1, has memory 0.85.

    Args:
        strength: standard deviation of one step's news.
        memory: share that stays, in [0, 1]; 0 is white noise.
    """

    def __init__(self, strength: float, memory: float) -> None:
        self.strength, self.memory = strength, memory
        self.value: NDArray[np.float32] = np.zeros((0, 0), np.float32)

    def restart(self, episodes: int, actions: int) -> None:
        """Begin anew in N episodes."""
        self.value = np.zeros((episodes, actions), np.float32)

    def step(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """The next noise, [N, A]."""
        news = rng.standard_normal(self.value.shape, dtype=np.float32)
        self.value = np.float32(self.memory) * self.value + np.float32(self.strength) * news
        return self.value

    def state_dict(self) -> dict[str, Any]:
        """The present noise."""
        return {"value": self.value.copy()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.value = state["value"].copy()


def randomised(actions: NDArray[np.float32], share: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Actions [N, A], each with the probability `share` replaced by one drawn evenly from [-1, 1]."""
    replaced = rng.random((len(actions), 1)) < share
    drawn = rng.uniform(-1.0, 1.0, actions.shape).astype(np.float32)
    return np.where(replaced, drawn, actions)
