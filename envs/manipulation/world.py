"""A table, a hand and pucks as a MuJoCo model, built with mjSpec.

Sizes, masses and the control rate are those of the simulated Sawyer of Nair et al., "Visual Reinforcement
Learning with Imagined Goals" (2018); of its arm there is the part next to the hand, for the eye only.

Differs from that simulator:
- The hand is a carriage on two slides that `Simulation.move` drives, where the arm followed a mocap body
  through a weld. A mocap body itself has no velocity, so contacts would take a moving hand for one at rest.
- Pucks have slides only, where an inertia of 1e5 kg m^2 kept a free body from tipping and spinning.
- The claws' low friction holds against pucks (priority), and pucks slide along one another; there the larger
  friction of two geoms, 1, held everywhere.
- Contacts are overdamped, with elliptic cones: pushes then end in the same place with a timestep of 10 ms as
  with one of 2 ms, which for its contacts they do not.
"""

from dataclasses import dataclass
from typing import NamedTuple

import mujoco
import numpy as np

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
PUCK_RADIUS, PUCK_HALF_HEIGHT, PUCK_MASS = 0.04, 0.015, 0.1
"""metres, metres, kilograms."""
PUCK_FRICTION = 0.1
"""Of pucks among themselves; on the table its larger friction of 1 holds."""
PUCK_REST_HEIGHT = 0.01673
"""metres of a puck's middle where its contacts carry it."""
TABLE_CENTRE, TABLE_SIZE = (0.0, 0.7), (0.4, 0.5)
"""metres; the size is half the edges."""
CONTACT_TIME, CONTACT_DAMPING = 0.02, 2.0
"""seconds and damping ratio of all contacts; the time is at least two timesteps."""
CONTACT_IMPEDANCE = (0.95, 0.95, 0.01, 0.5, 2.0)
CONTACT_MARGIN = 0.001
"""metres at which contacts begin."""
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
class Puck:
    """A puck by its name and its colour, RGB from 0 to 1."""

    name: str
    colour: tuple[float, float, float]


@dataclass(frozen=True)
class World:
    """What stands on the table and who looks at it."""

    name: str
    pucks: tuple[Puck, ...]
    camera: CameraPose


def build_model(world: World, *, timestep: float = TIMESTEP) -> mujoco.MjModel:
    """The model of a world; its positions are the hand's x and y, then each puck's x, y and z, in metres.

    Args:
        world: what to build.
        timestep: seconds; must divide `ACTION_SECONDS`.
    """
    spec = mujoco.MjSpec()
    spec.modelname, spec.memory = world.name, MEMORY
    _set_solver(spec, timestep)
    _set_looks(spec)
    _add_geom(spec.worldbody, "table", "PLANE", (*TABLE_SIZE, 1.0), TABLE_COLOUR, pos=(*TABLE_CENTRE, 0.0))
    _add_hand(spec)
    for puck in world.pucks:
        _add_puck(spec, puck)
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
    _add_slides(hand, "hand", "xy")
    for side, name in ((-1.0, "left_claw"), (1.0, "right_claw")):
        claw = _add_geom(hand, name, "BOX", CLAW_SIZE, CLAW_COLOUR, pos=(side * CLAW_GAP / 2, 0.0, 0.0))
        claw.mass = HAND_MASS / 2
        claw.friction[0] = CLAW_FRICTION
        claw.priority = 1
    for name, size, colour, place in (
        ("wrist", WRIST_SIZE, WRIST_COLOUR, WRIST_PLACE),
        ("forearm", FOREARM_SIZE, FOREARM_COLOUR, FOREARM_PLACE),
    ):
        part = _add_geom(hand, name, "BOX", size, colour, pos=place)
        part.mass, part.contype, part.conaffinity = 0.0, 0, 0


def _add_puck(spec: mujoco.MjSpec, puck: Puck) -> None:
    body = spec.worldbody.add_body(name=puck.name)
    _add_slides(body, puck.name, "xyz")
    size = (PUCK_RADIUS, PUCK_HALF_HEIGHT, 0.0)
    geom = _add_geom(body, puck.name, "CYLINDER", size, puck.colour)
    geom.mass, geom.friction[0] = PUCK_MASS, PUCK_FRICTION


def _add_slides(body: mujoco.MjsBody, name: str, axes: str) -> None:
    for axis in axes:
        direction = np.eye(3)["xyz".index(axis)]
        body.add_joint(name=f"{name}_{axis}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=direction)


def _add_geom(
    body: mujoco.MjsBody,
    name: str,
    kind: str,
    size: tuple[float, ...],
    colour: tuple[float, float, float],
    *,
    pos: tuple[float, ...] = (0.0, 0.0, 0.0),
) -> mujoco.MjsGeom:
    """A geom with the contact settings of all our worlds."""
    return body.add_geom(
        name=name,
        type=getattr(mujoco.mjtGeom, f"mjGEOM_{kind}"),
        size=size,
        pos=pos,
        rgba=(*colour, 1.0),
        solref=(CONTACT_TIME, CONTACT_DAMPING),
        solimp=CONTACT_IMPEDANCE,
        margin=CONTACT_MARGIN,
    )


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
