"""Episodes as pictures beside their goals, drawn for people by our own camera, whatever the agent sees.

Shape letters: T actions, N episodes, P pixels, height and width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.rig.evaluation import Environment, task_of
from agents.rig.play import Actor, begin_towards, play
from agents.rig.single_goals import SingleObjectGoals
from envs.manipulation.camera import Camera
from envs.manipulation.episode import Episode
from envs.manipulation.plan import taking_part
from envs.manipulation.simulation import Simulation
from envs.manipulation.task import ManipulationTask

PICTURE_SIZE = 144
"""pixels, height and width of a picture for people."""


@dataclass(frozen=True)
class Rollouts:
    """Recorded episodes.

    Args:
        frames: [T + 1, N, P, P, 3] uint8, before the first action and after each.
        goals: [N, P, P, 3] uint8.
        distances: final values as `agents.rig.evaluation.final_distances` gives them, [N] each; NaN where a
            goal is known as an image only.
    """

    frames: NDArray[np.uint8]
    goals: NDArray[np.uint8]
    distances: dict[str, NDArray]


class Film:
    """Takes pictures of a task's episodes.

    Args:
        task: of the episodes, with or without images.
        size: P.
    """

    def __init__(self, task: ManipulationTask, size: int = PICTURE_SIZE) -> None:
        self._camera, self._sketch = Camera(task.model, size), Simulation(task.model)

    def scenes(self, episodes: Sequence[Episode]) -> NDArray[np.uint8]:
        """Pictures [N, P, P, 3] of the episodes as they stand."""
        return self._drawn([self._camera.poses(episode.simulation.data) for episode in episodes])

    def goals(self, episodes: Sequence[Episode]) -> NDArray[np.uint8]:
        """Pictures [N, P, P, 3] of their goals; those known as images only are enlarged."""
        return np.concatenate([self._goal(episode) for episode in episodes])

    def layouts(self, layouts: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Pictures [N, P, P, 3] of layouts [N, S], with pucks at 0, 0 left out."""
        poses = []
        for layout in layouts:
            self._sketch.place(layout, taking_part(layout))
            poses.append([part.copy() for part in self._camera.poses(self._sketch.data)])
        return self._drawn(poses)

    def _goal(self, episode: Episode) -> NDArray[np.uint8]:
        if np.isfinite(episode.goal).all():
            return self.layouts(episode.goal[None])
        return enlarged(episode.goal_image, self._camera.size)[None]

    def _drawn(self, poses: Sequence[Sequence[NDArray[np.float64]]]) -> NDArray[np.uint8]:
        return self._camera.images(*(np.stack(parts) for parts in zip(*poses, strict=True)))


def record(
    agent: Actor,
    env: Environment,
    goals: NDArray[np.float64],
    *,
    horizon: int | None = None,
    one_at_a_time: bool = False,
) -> Rollouts:
    """Play one episode towards each goal as `agents.rig.evaluation.final_distances` does, and film it."""
    task = task_of(env)
    episodes, film = begin_towards(task, goals), Film(task)
    aims = SingleObjectGoals(task, episodes, horizon or task.horizon) if one_at_a_time else None
    frames = [film.scenes(episodes) for _ in play(agent, task, episodes, horizon=horizon, aims=aims)]
    return Rollouts(np.stack(frames), film.goals(episodes), task.infos(episodes))


def enlarged(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A square image [H, H, 3] as [size, size, 3], each pixel as a block."""
    rows = np.arange(size) * len(image) // size
    return image[rows][:, rows]
