"""Frames and steps a second of the manipulation worlds, beside MuJoCo's own renderer in the same run, and
updates a second of what trains on them.

Frames are of random layouts. Each way is timed several times and its fastest time counts; both cameras and
the single environments work on one thread. MuJoCo's renderer draws without shadows; where there is no OpenGL
its columns stay empty.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import torch

import envs  # noqa: F401  (registers the ids)
from agents.benchmarks import rig
from envs.manipulation.camera import Camera
from envs.manipulation.picture import PictureError, PictureRenderer
from envs.manipulation.simulation import Simulation
from envs.manipulation.tasks import get_plan
from envs.manipulation.world import build_model

SIZES = (48, 84)
"""pixels, height and width."""
FRAMES, RENDERER_FRAMES = 512, 32
REPEATS = 7
NUM_ENVS, VECTOR_STEPS = 32, 25
STEPS = 400
STEP_REPEATS = 3
IDS = (
    "hogline/VisualReacher-v0",
    "hogline/VisualPusher-v0",
    "hogline/VisualMultiPusher-v0",
    "hogline/Pusher-v0",
)
ROWS, GPU_ROWS = len(SIZES) + len(IDS) + rig.ROWS, rig.GPU_ROWS
"""How many rows `measure` and `measure_gpu` yield."""


def measure(task: str, seed: int) -> Iterator[dict[str, Any]]:
    """Time both cameras at every size, then environments, then updates; yields one row each.

    Args:
        task: whose world the cameras look at.
        seed: of the layouts and actions.
    """
    for size in SIZES:
        yield _measure_cameras(task, size, np.random.default_rng(seed))
    for name in IDS:
        yield _measure_steps(name, seed)
    yield from rig.measure(seed)


def measure_gpu(task: str, seed: int) -> Iterator[dict[str, Any]]:
    """Time updates on a GPU, with the configs of the paper's pusher; yields one row each."""
    return rig.measure_device(seed, torch.device("cuda"))


def _measure_cameras(task: str, size: int, rng: np.random.Generator) -> dict[str, Any]:
    plan = get_plan(task)
    simulation, present = (
        Simulation(build_model(plan.world), plan.world.things),
        np.ones(plan.things, dtype=bool),
    )
    layouts = [plan.sample_goal(rng, present) for _ in range(FRAMES)]
    camera, poses = Camera(simulation.model, size), []
    for layout in layouts:
        simulation.place(layout, present)
        poses.append(camera.poses(simulation.data))
    positions, rotations = (np.stack(parts) for parts in zip(*poses, strict=True))
    camera.images(positions, rotations)
    ours = FRAMES / _fastest(lambda: camera.images(positions, rotations), REPEATS)
    theirs = _renderer_rate(simulation, layouts[:RENDERER_FRAMES], present, size)
    return {
        "scene": f"camera {size}x{size}, {task}",
        "frames": FRAMES,
        "frames_per_second": ours,
        "mujoco_frames": RENDERER_FRAMES,
        "mujoco_frames_per_second": theirs,
        "ratio": None if theirs is None else ours / theirs,
    }


def _renderer_rate(
    simulation: Simulation, layouts: list[np.ndarray], present: np.ndarray, size: int
) -> float | None:
    """Frames a second of MuJoCo's renderer, the time to place things left out; None without OpenGL."""
    try:
        renderer = PictureRenderer(simulation.model, size)
    except PictureError:
        return None
    seconds = np.inf
    for _ in range(REPEATS):
        spent = 0.0
        for layout in layouts:
            simulation.place(layout, present)
            spent += _seconds(lambda: renderer.draw(simulation.data))
        seconds = min(seconds, spent)
    renderer.close()
    return len(layouts) / seconds


def _measure_steps(name: str, seed: int) -> dict[str, Any]:
    threads = os.cpu_count() or 1
    single = gymnasium.make(name).unwrapped
    single.reset(seed=seed)
    single.action_space.seed(seed)
    actions = [single.action_space.sample() for _ in range(STEPS)]
    row = {"scene": f"{name}, steps", "num_envs": NUM_ENVS, "threads": threads}
    row["steps_per_second"] = STEPS / _fastest(lambda: _play(single, actions), STEP_REPEATS)
    for column, count in (("vector_steps_per_second_one_thread", 1), ("vector_steps_per_second", threads)):
        vector = gymnasium.make_vec(name, num_envs=NUM_ENVS, threads=count, autoreset_mode="same_step")
        vector.reset(seed=seed)
        vector.action_space.seed(seed)
        batches = [vector.action_space.sample() for _ in range(VECTOR_STEPS)]
        seconds = _fastest(lambda env=vector, rows=batches: [env.step(row) for row in rows], STEP_REPEATS)
        row[column] = NUM_ENVS * VECTOR_STEPS / seconds
        vector.close()
    single.close()
    return row


def _play(env: gymnasium.Env, actions: list[np.ndarray]) -> None:
    """Take the actions, with the resets that are due."""
    for action in actions:
        if env.step(action)[3]:
            env.reset()


def _fastest(work: Callable[[], object], repeats: int) -> float:
    return min(_seconds(work) for _ in range(repeats))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
