"""One episode of a manipulation task as it stands, and as plain state to go on from.

Shape letters: N things, G = 2 + 2 N numbers of a layout, H height, W width.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.manipulation.plan import Layout
from envs.manipulation.simulation import Simulation


@dataclass
class Episode:
    """What changes while a task is played."""

    simulation: Simulation
    rng: np.random.Generator
    present: NDArray[np.bool_]
    """[N] which things take part."""
    goal: Layout
    """[G], NaN when the goal was given as an image."""
    goal_image: NDArray[np.uint8] | None
    """[H, W, 3], drawn once; None without images."""
    image: NDArray[np.uint8] | None = None
    """[H, W, 3] of now; None without images."""
    steps: int = 0

    def state_dict(self) -> dict[str, Any]:
        """All that this episode and later ones depend on: arrays and the generator's plain state."""
        return {
            "simulation": self.simulation.save(),
            "rng": dict(self.rng.bit_generator.state),
            "present": self.present.copy(),
            "goal": self.goal.copy(),
            "goal_image": None if self.goal_image is None else self.goal_image.copy(),
            "steps": self.steps,
        }

    @classmethod
    def from_state_dict(cls, simulation: Simulation, state: Mapping[str, Any]) -> "Episode":
        """An episode in a state of `state_dict`, without its image of now.

        Args:
            simulation: a fresh one of the same task, which the episode takes.
            state: of `state_dict`.

        Raises:
            KeyError: when part of the state is missing.
            ValueError: when it belongs to another model.
        """
        rng = np.random.default_rng(0)
        simulation.load(state["simulation"])
        rng.bit_generator.state = dict(state["rng"])
        image = state["goal_image"]
        return cls(
            simulation=simulation,
            rng=rng,
            present=np.array(state["present"], dtype=bool),
            goal=np.array(state["goal"], dtype=np.float64),
            goal_image=None if image is None else np.array(image, dtype=np.uint8),
            steps=int(state["steps"]),
        )
