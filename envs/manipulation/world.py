"""A table, a hand and things as a MuJoCo model, built with mjSpec.

Sizes, masses and the control rate are those of the simulated Sawyer of Nair et al., "Visual Reinforcement
Learning with Imagined Goals" (2018); of its arm there is the part next to the hand, for the eye only.

Differs from that simulator:
- The hand is a carriage on two slides that `Simulation.move` drives, where the arm followed a mocap body
  through a weld. A mocap body itself has no velocity, so contacts would take a moving hand for one at rest.
- The claws' low friction holds against things (priority); there the larger friction of two geoms, 1, held.
"""

from dataclasses import dataclass
from typing import NamedTuple

import mujoco
import numpy as np

from envs.manipulation.parts import add_geom, add_slides, make_ghost
from envs.manipulation.thing import Thing

TIMESTEP = 0.01
"""seconds; the largest for which pushes end where those of a fifth of it do."""
ACTION_SECONDS = 0.1
HAND_HEIGHT = 0.06
"""metres of the claws' middle above the table."""
CLAW_SIZE = (0.005, 0.005, 0.05)
"""metres, half the width, depth and height of a claw."""
CLAW_GAP = 0.03
"""metres between the middles of the claws."""
CLAW_FRICTION = 0.001
WRIST_SIZE, WRIST_PLACE = (0.03, 0.02, 0.02), (0.0, 0.0, 0.07)
FOREARM_SIZE, FOREARM_PLACE = (0.025, 0.09, 0.025), (0.0, -0.11, 0.095)
"""metres, half the edges, and the middle from the hand's; wrist and forearm are above all pucks. The
forearm leads away from the camera."""
HAND_MASS = 1000.0
"""kilograms; so heavy that pushing leaves its velocity as it is."""
TABLE_CENTRE, TABLE_SIZE = (0.0, 0.7), (0.4, 0.5)
"""metres; the size is half the edges."""
FRICTION_IMPEDANCE_RATIO = 10.0
TABLE_COLOUR = (0.6, 0.6, 0.5)
CLAW_COLOUR, WRIST_COLOUR, FOREARM_COLOUR = (0.1, 0.75, 0.1), (0.7, 0.0, 0.0), (0.35, 0.0, 0.0)
HEADLIGHT_AMBIENT, HEADLIGHT_DIFFUSE = 0.5, 0.5
MEMORY = 1 << 19
"""bytes for contacts; a simulation of two pucks that touch everything takes less than a tenth."""
MAX_PICTURE = 1024
"""pixels of the largest picture MuJoCo's renderer may draw."""


class CameraPose(NamedTuple):
    """Where the camera looks: a point, from a distance in metres, elevation and azimuth in degrees."""

    lookat: tuple[float, float, float]
    distance: float
    elevation: float
    azimuth: float


@dataclass(frozen=True)
class World:
    """What stands on the table and who looks at it."""

    name: str
    things: tuple[Thing, ...]
    """All of one kind."""
    camera: CameraPose


def build_model(world: World, *, timestep: float = TIMESTEP) -> mujoco.MjModel:
    """The model of a world; its positions are the hand's x and y in metres, then those of each thing.

    Args:
        world: what to build.
        timestep: seconds; must divide `ACTION_SECONDS`.
    """
    spec = mujoco.MjSpec()
    spec.modelname, spec.memory = world.name, MEMORY
    _set_solver(spec, timestep)
    _set_looks(spec)
    add_geom(spec.worldbody, "table", "PLANE", (*TABLE_SIZE, 1.0), TABLE_COLOUR, pos=(*TABLE_CENTRE, 0.0))
    _add_hand(spec)
    for thing in world.things:
        thing.build(spec)
    _add_camera(spec, world.camera)
    return spec.compile()


def _set_solver(spec: mujoco.MjSpec, timestep: float) -> None:
    spec.option.timestep = timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = FRICTION_IMPEDANCE_RATIO
    # a state that went wrong is kept for the error's dump
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET


def _set_looks(spec: mujoco.MjSpec) -> None:
    """Light from the camera; no shadow map and no multisampling, which cost most of a small picture."""
    spec.visual.headlight.ambient = np.full(3, HEADLIGHT_AMBIENT)
    spec.visual.headlight.diffuse = np.full(3, HEADLIGHT_DIFFUSE)
    spec.visual.headlight.specular = np.zeros(3)
    spec.visual.quality.shadowsize = 0
    spec.visual.quality.offsamples = 0
    spec.visual.global_.offwidth = MAX_PICTURE
    spec.visual.global_.offheight = MAX_PICTURE


def _add_hand(spec: mujoco.MjSpec) -> None:
    hand = spec.worldbody.add_body(name="hand", pos=(0.0, 0.0, HAND_HEIGHT))
    add_slides(hand, "hand", "xy")
    for side, name in ((-1.0, "left_claw"), (1.0, "right_claw")):
        claw = add_geom(hand, name, "BOX", CLAW_SIZE, CLAW_COLOUR, pos=(side * CLAW_GAP / 2, 0.0, 0.0))
        claw.mass = HAND_MASS / 2
        claw.friction[0] = CLAW_FRICTION
        claw.priority = 1
    for name, size, colour, place in (
        ("wrist", WRIST_SIZE, WRIST_COLOUR, WRIST_PLACE),
        ("forearm", FOREARM_SIZE, FOREARM_COLOUR, FOREARM_PLACE),
    ):
        make_ghost(add_geom(hand, name, "BOX", size, colour, pos=place))


def _add_camera(spec: mujoco.MjSpec, pose: CameraPose) -> None:
    elevation, azimuth = np.deg2rad(pose.elevation), np.deg2rad(pose.azimuth)
    forward = np.array(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    )
    right = np.array([np.sin(azimuth), -np.cos(azimuth), 0.0])
    up = np.cross(right, forward)
    camera = spec.worldbody.add_camera(name="camera", pos=np.array(pose.lookat) - pose.distance * forward)
    camera.alt.type = mujoco.mjtOrientation.mjORIENTATION_XYAXES
    camera.alt.xyaxes = np.concatenate([right, up])
