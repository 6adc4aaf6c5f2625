"""The camera shows what MuJoCo's rays hit and what MuJoCo's renderer draws."""

from concurrent.futures import ThreadPoolExecutor

import mujoco
import numpy as np
import pytest

from envs.manipulation.camera import Camera
from envs.manipulation.picture import PictureError, PictureRenderer
from envs.manipulation.tasks import TASKS
from tests.manipulation.scenes import geoms_by_ray, simulation_of, tumble, tumbled_model

EQUAL_PIXELS = 0.999


def layouts_of(task, rng, count):
    plan = TASKS[task]
    return np.stack([plan.sample_goal(rng, np.ones(plan.things, bool)) for _ in range(count)])


def poses_of(camera, simulation, layouts):
    """Positions and rotations [B, ...] of the moving shapes."""
    poses = []
    for layout in layouts:
        simulation.place(layout, np.ones((len(layout) - 2) // 2, bool))
        poses.append(camera.poses(simulation.data))
    return [np.stack(parts) for parts in zip(*poses, strict=True)]


@pytest.mark.parametrize("size", [48, 84])
@pytest.mark.parametrize("task", TASKS)
def test_pixels_show_the_geoms_that_rays_hit(task, size):
    simulation, rng = simulation_of(task), np.random.default_rng(1)
    camera = Camera(simulation.model, size)
    layouts = layouts_of(task, rng, 10)
    ids = camera.ids(*poses_of(camera, simulation, layouts))
    for seen, layout in zip(ids, layouts, strict=True):
        simulation.place(layout, np.ones((len(layout) - 2) // 2, bool))
        mujoco.mj_forward(simulation.model, simulation.data)
        expected = geoms_by_ray(simulation.model, simulation.data, size)
        assert (seen == expected).mean() >= EQUAL_PIXELS
    assert set(np.unique(ids)) - {-1} == set(range(simulation.model.ngeom)), "every geom is seen somewhere"


@pytest.mark.parametrize("frames", [40, pytest.param(360, marks=pytest.mark.slow)])
def test_pixels_of_tumbled_boxes_and_cylinders_show_the_geoms_that_rays_hit(frames):
    model, rng = tumbled_model(), np.random.default_rng(2)
    camera = Camera(model, 48)
    agreement = []
    for _ in range(frames):
        data = tumble(model, rng)
        positions, rotations = camera.poses(data)
        seen = camera.ids(positions[None], rotations[None])[0]
        agreement.append((seen == geoms_by_ray(model, data, 48)).mean())
    assert np.mean(agreement) >= EQUAL_PIXELS and min(agreement) >= EQUAL_PIXELS - 0.001


def test_a_still_box_hides_what_is_behind_it():
    model = tumbled_model()
    camera = Camera(model, 48)
    data = mujoco.MjData(model)
    data.qpos.reshape(-1, 7)[:, :3] = (0.2, 0.3, 0.02)
    mujoco.mj_kinematics(model, data)
    positions, rotations = camera.poses(data)
    ids = camera.ids(positions[None], rotations[None])[0]
    assert (ids == 1).any() and not (ids[ids == 1] > 1).any()
    assert (ids == 1).sum() == (camera.ids(positions[None] + (0.0, 9.0, 0.0), rotations[None]) == 1).sum()


@pytest.mark.parametrize("size", [48, 84])
def test_colours_are_those_of_mujocos_renderer_but_for_edges(size):
    simulation, rng = simulation_of("multi_pusher"), np.random.default_rng(3)
    try:
        renderer = PictureRenderer(simulation.model, size)
    except PictureError as error:
        pytest.skip(str(error))
    camera = Camera(simulation.model, size)
    layouts = layouts_of("multi_pusher", rng, 10)
    images = camera.images(*poses_of(camera, simulation, layouts))
    for image, layout in zip(images, layouts, strict=True):
        simulation.place(layout, np.ones(2, bool))
        drawn = renderer.draw(simulation.data)
        far = np.abs(drawn.astype(int) - image).max(-1) > 8
        assert far.mean() < 0.02
        assert image.std() > 20 and image.dtype == np.uint8
    renderer.close()


def test_threads_do_not_change_a_byte():
    simulation, rng = simulation_of("multi_pusher"), np.random.default_rng(4)
    camera = Camera(simulation.model, 48)
    poses = poses_of(camera, simulation, layouts_of("multi_pusher", rng, 64))
    expected = camera.images(*poses).tobytes()
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda k: camera.images(*(part[k : k + 4] for part in poses)), range(0, 64, 4)))
    assert np.concatenate(parts).tobytes() == expected
    assert len(camera.images(*(part[:0] for part in poses))) == 0


def test_the_camera_refuses_what_it_cannot_see():
    spec = mujoco.MjSpec()
    spec.worldbody.add_camera(pos=(0, 0, 1))
    spec.worldbody.add_geom(name="ball", type=mujoco.mjtGeom.mjGEOM_SPHERE, size=(0.1, 0, 0))
    with pytest.raises(ValueError, match=r"^geom 'ball': mjGEOM_SPHERE"):
        Camera(spec.compile(), 48)
    camera = Camera(simulation_of("pusher").model, 48)
    with pytest.raises(ValueError, match=r"^poses: "):
        camera.images(np.zeros((1, 3, 3)), np.zeros((1, 4, 3, 3)))
    with pytest.raises(ValueError, match=r"^size: 0"):
        Camera(simulation_of("pusher").model, 0)


def test_pictures_say_what_to_do_where_there_is_no_opengl(monkeypatch):
    monkeypatch.setenv("DISPLAY", "")
    monkeypatch.setenv("WAYLAND_DISPLAY", "")
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "mujoco.egl", None)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(PictureError, match=r"^render: no OpenGL .*MUJOCO_GL=egl"):
        PictureRenderer(simulation_of("pusher").model, 48)
