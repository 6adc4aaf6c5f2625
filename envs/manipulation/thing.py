"""What may stand on a table beside the hand: the contract between a task's file and the rest of the room.

A thing's place is two numbers, x and y in metres: the middle of a puck, the handle of a door. Distances,
goals, layouts and agents know things by their places alone.
"""

from typing import Protocol

import mujoco
from numpy.typing import NDArray

Corner = tuple[float, float]
"""metres, x and y."""


class Thing(Protocol):
    """A thing with joints of its own; a frozen dataclass will do.

    Attributes:
        kind: what its distances are called, such as puck or door.
        name: unique in its world.
        positions: how many numbers of the model's positions are its joints'.
    """

    kind: str
    name: str
    positions: int

    def build(self, spec: mujoco.MjSpec) -> None:
        """Adds its bodies, and joints with `positions` numbers, to a model."""
        ...

    def put(self, positions: NDArray, place: NDArray | None, number: int) -> None:
        """Writes the positions [positions] of its joints at a place [2], at rest.

        Args:
            positions: to be written, in a model just reset.
            place: None takes it out of sight, where its task may do without it.
            number: of the thing in its world, from 0.
        """
        ...

    def place(self, positions: NDArray) -> Corner:
        """Where it is, by the positions of its joints; 0, 0 where it takes no part."""
        ...
