"""Opening a door: bring it to an angle, and the hand to its handle.

After the visual door of Nair et al., "Visual Reinforcement Learning with Imagined Goals" (2018), whose robot
pulls one open by a hook. Differs from it: sizes and ranges are ours, and the door is pushed, from either
side. The door's place is that of its handle, the middle of its free edge.
"""

from dataclasses import dataclass
from typing import ClassVar

import mujoco
import numpy as np
from numpy.typing import NDArray

from envs.manipulation.parts import Colour, add_geom, make_ghost
from envs.manipulation.plan import Layout, TaskPlan
from envs.manipulation.thing import Corner
from envs.manipulation.world import CameraPose, World

HINGE = (-0.15, 0.6)
"""metres; where the door hangs. Shut, it points along x; it opens towards the camera, anticlockwise."""
LENGTH, HALF_THICKNESS, HALF_HEIGHT = 0.2, 0.006, 0.045
"""metres, of the door's leaf; the handle is at its end."""
CLEARANCE = 0.005
"""metres between the table and the leaf."""
MASS, DAMPING, FRICTION = 0.5, 0.05, 0.02
"""kilograms, N m s, N m: let go, the door stands still."""
LOWEST, HIGHEST = np.deg2rad(-70.0), np.deg2rad(80.0)
"""radians anticlockwise, between the stops."""
GOAL_LOWEST, GOAL_HIGHEST = 0.0, np.deg2rad(60.0)
"""radians; angles that are goals. An episode begins with the door shut, at 0."""
STANDOFF = 0.04
"""metres from the handle to the hand's goal, on the side from which the door is opened."""
HAND_LOW, HAND_HIGH = (-0.15, 0.48), (0.12, 0.8)
HAND_START = (0.0, 0.5)
CAMERA = CameraPose((-0.03, 0.72, 0.1), 0.3, -50.0, 270.0)
LEAF_COLOUR, POST_COLOUR = (0.9, 0.55, 0.1), (0.3, 0.2, 0.1)
POST_SIZE = (0.012, 0.05, 0.0)
"""metres, radius and half the height of the post at the hinge, for the eye only."""
HORIZON = 100


@dataclass(frozen=True)
class Door:
    """A leaf that turns about an upright hinge, with a little friction."""

    name: str
    colour: Colour
    kind: ClassVar[str] = "door"
    positions: ClassVar[int] = 1
    """The angle."""

    def build(self, spec: mujoco.MjSpec) -> None:
        """See `Thing.build`."""
        height = CLEARANCE + HALF_HEIGHT
        make_ghost(
            add_geom(spec.worldbody, "post", "CYLINDER", POST_SIZE, POST_COLOUR, pos=(*HINGE, POST_SIZE[1]))
        )
        leaf = spec.worldbody.add_body(name=self.name, pos=(*HINGE, height))
        hinge = leaf.add_joint(name=self.name, type=mujoco.mjtJoint.mjJNT_HINGE, axis=(0, 0, 1))
        hinge.limited = mujoco.mjtLimited.mjLIMITED_TRUE
        hinge.range = np.rad2deg((LOWEST, HIGHEST))  # a description of a model is in degrees
        hinge.damping[0], hinge.frictionloss = DAMPING, FRICTION
        size = (LENGTH / 2, HALF_THICKNESS, HALF_HEIGHT)
        add_geom(leaf, "leaf", "BOX", size, self.colour, pos=(LENGTH / 2, 0.0, 0.0)).mass = MASS

    def put(self, positions: NDArray, place: NDArray | None, number: int) -> None:
        """See `Thing.put`; a place beside the handle's arc means the nearest on it.

        Raises:
            ValueError: when it is to take no part.
        """
        if place is None:
            raise ValueError(f"{self.name}: takes no part, expected a place, as a door always takes part")
        positions[0] = np.clip(angle_of(place), LOWEST, HIGHEST)

    def place(self, positions: NDArray) -> Corner:
        """See `Thing.place`."""
        return tuple(handle_at(positions[0]))


def handle_at(angle: float) -> NDArray[np.float64]:
    """Where the handle of a door at an angle is, [2] metres."""
    return np.array(HINGE) + LENGTH * np.array([np.cos(angle), np.sin(angle)])


def angle_of(places: NDArray) -> NDArray[np.float64]:
    """Angles [...] of a door whose handle is at places [..., 2], radians."""
    x, y = np.moveaxis(np.asarray(places) - HINGE, -1, 0)
    return np.arctan2(y, x)


def sample_goal(rng: np.random.Generator, present: NDArray[np.bool_]) -> Layout:
    """A door at any of the goals' angles, and the hand where it would have opened it from, [4]."""
    angle = rng.uniform(GOAL_LOWEST, GOAL_HIGHEST)
    handle = handle_at(angle)
    side = np.array([np.sin(angle), -np.cos(angle)])
    return np.concatenate([np.clip(handle + STANDOFF * side, HAND_LOW, HAND_HIGH), handle])


def angle_error(layouts: Layout, goals: Layout) -> dict[str, NDArray[np.float64]]:
    """How far doors are from their goals' angles, [B] degrees."""
    gap = np.abs(angle_of(layouts[:, 2:]) - angle_of(goals[:, 2:]))
    return {"door_angle_error": np.rad2deg(gap)}


DOOR = TaskPlan(
    world=World("door", (Door("door", LEAF_COLOUR),), CAMERA),
    hand_low=HAND_LOW,
    hand_high=HAND_HIGH,
    start=np.concatenate([HAND_START, handle_at(0.0)]),
    sample_goal=sample_goal,
    horizon=HORIZON,
    measures=angle_error,
)
