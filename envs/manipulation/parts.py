"""Shapes and joints with the settings that all our worlds share.

Differs from the simulated Sawyer of Nair et al. (2018): contacts are overdamped, with elliptic cones: pushes
then end in the same place with a timestep of 10 ms as with one of 2 ms, which for its contacts they do not.
"""

import mujoco
import numpy as np

CONTACT_TIME, CONTACT_DAMPING = 0.02, 2.0
"""seconds and damping ratio of all contacts; the time is at least two timesteps."""
CONTACT_IMPEDANCE = (0.95, 0.95, 0.01, 0.5, 2.0)
CONTACT_MARGIN = 0.001
"""metres at which contacts begin."""
Colour = tuple[float, float, float]
"""RGB from 0 to 1."""


def add_slides(body: mujoco.MjsBody, name: str, axes: str) -> None:
    """Lets a body slide along some of the axes x, y and z."""
    for axis in axes:
        direction = np.eye(3)["xyz".index(axis)]
        body.add_joint(name=f"{name}_{axis}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=direction)


def add_geom(
    body: mujoco.MjsBody,
    name: str,
    kind: str,
    size: tuple[float, ...],
    colour: Colour,
    *,
    pos: tuple[float, ...] = (0.0, 0.0, 0.0),
) -> mujoco.MjsGeom:
    """A plane, box or cylinder with the contact settings of all our worlds; sizes are halves, metres."""
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


def make_ghost(geom: mujoco.MjsGeom) -> None:
    """Lets a shape be seen, but neither weigh nor touch anything."""
    geom.mass, geom.contype, geom.conaffinity = 0.0, 0, 0
