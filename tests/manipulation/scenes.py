"""Simulations and poses that several tests of the manipulation worlds need."""

import mujoco
import numpy as np

from envs.manipulation.simulation import Simulation
from envs.manipulation.tasks import TASKS
from envs.manipulation.world import build_model


def simulation_of(task, timestep=None):
    """A simulation of a task's world."""
    world = TASKS[task].world
    model = build_model(world) if timestep is None else build_model(world, timestep=timestep)
    return Simulation(model, world.things)


def tumbled_model(shapes=6):
    """Free boxes and cylinders over a table, seen by a camera from above and aside."""
    spec = mujoco.MjSpec()
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=(0.4, 0.5, 1.0), pos=(0, 0.7, 0))
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=(0.05, 0.02, 0.04), pos=(0.2, 0.5, 0.04))
    camera = spec.worldbody.add_camera(pos=(0, 1.06, 0.41))
    camera.alt.type = mujoco.mjtOrientation.mjORIENTATION_XYAXES
    camera.alt.xyaxes = (-1, 0, 0, 0, -(0.5**0.5), 0.5**0.5)
    rng = np.random.default_rng(5)
    for index in range(shapes):
        kind = mujoco.mjtGeom.mjGEOM_CYLINDER if index % 2 else mujoco.mjtGeom.mjGEOM_BOX
        body = spec.worldbody.add_body()
        body.add_freejoint()
        body.add_geom(type=kind, size=rng.uniform(0.01, 0.06, 3), rgba=(*rng.uniform(0.2, 1.0, 3), 1.0))
    return spec.compile()


def tumble(model, rng):
    """Random places and turns of all free bodies."""
    data = mujoco.MjData(model)
    poses = data.qpos.reshape(-1, 7)
    poses[:, :3] = rng.uniform((-0.3, 0.4, 0.0), (0.3, 0.8, 0.2), (len(poses), 3))
    turns = rng.normal(size=(len(poses), 4))
    poses[:, 3:] = turns / np.linalg.norm(turns, axis=1, keepdims=True)
    mujoco.mj_forward(model, data)
    return data


def geoms_by_ray(model, data, size):
    """Which geom MuJoCo's own rays hit through every pixel of camera 0, [size, size], -1 for none.

    One ray at a time: `mj_multiRay` (MuJoCo 3.17) passes over parts of bodies whose geoms lie to one side.
    """
    focal = 0.5 * size / np.tan(np.deg2rad(model.cam_fovy[0]) / 2)
    row, column = np.mgrid[:size, :size] + 0.5
    local = np.stack([column - size / 2, size / 2 - row, np.full((size, size), -focal)], -1).reshape(-1, 3)
    rays = (local / np.linalg.norm(local, axis=1, keepdims=True)) @ data.cam_xmat[0].reshape(3, 3).T
    ids, hit = np.empty(size * size, dtype=np.int32), np.empty(1, dtype=np.int32)
    for pixel, ray in enumerate(rays):
        mujoco.mj_ray(model, data, data.cam_xpos[0], ray, None, 1, -1, hit)
        ids[pixel] = hit[0]
    return ids.reshape(size, size)
