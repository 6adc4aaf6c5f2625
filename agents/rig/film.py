"""Episodes as pictures beside their goals, drawn for people by our own camera, whatever the agent sees.

Shape letters: T actions, N episodes, P pixels, height and width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.rig.play import Actor, play
from agents.rig.single_goals import SingleObjectGoals
from envs.manipulation.camera import Camera
from envs.manipulation.episode import Episode
from envs.manipulation.plan import taking_part
from envs.manipulation.task import ManipulationTask

PICTURE_SIZE = 144
"""pixels, height and width of a picture for people."""


@dataclass(frozen=True)
class Rollouts:
    """Recorded episodes.

    Args:
        frames: [T + 1, N, P, P, 3] uint8, before the first action and after each.
        goals: [N, P, P, 3] uint8.
        aims: [T + 1, N, P, P, 3] uint8, goals that the agent was shown on the way; None for `goals`.
        distances: final values as `agents.rig.evaluation.final_distances` gives them, [N] each; NaN where a
            goal is known as an image only.
    """

    frames: NDArray[np.uint8]
    goals: NDArray[np.uint8]
    aims: NDArray[np.uint8] | None
    distances: dict[str, NDArray]


class Film:
    """Takes pictures of a task's episodes.

    Args:
        task: of the episodes, with or without images.
        size: P.
    """

    def __init__(self, task: ManipulationTask, size: int = PICTURE_SIZE) -> None:
        self._camera, self._sketch = Camera(task.model, size), task.simulation()

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
    task: ManipulationTask,
    episodes: Sequence[Episode],
    *,
    horizon: int | None = None,
    one_at_a_time: bool = False,
    watch: Callable[[int], None] = lambda taken: None,
) -> Rollouts:
    """Play episodes on as `agents.rig.evaluation.final_distances` does, and film them.

    Args:
        agent: acts without exploration.
        task: of the episodes.
        episodes: N, changed in place.
        horizon: actions to take; None takes the task's.
        one_at_a_time: show the agent goals that move one object each.
        watch: is told after each action how many were taken.

    Raises:
        ValueError: for a goal known as an image only, with `one_at_a_time`.
        PhysicsError: when a simulation went wrong.
    """
    film, frames, shown = Film(task), [], []
    goals = film.goals(episodes)
    aims = SingleObjectGoals(task, episodes, horizon or task.horizon) if one_at_a_time else None
    for taken in play(agent, task, episodes, horizon=horizon, aims=aims):
        frames.append(film.scenes(episodes))
        if aims is not None:
            shown.append(film.layouts(aims.layouts))
        if taken:
            watch(taken)
    return Rollouts(np.stack(frames), goals, np.stack(shown) if shown else None, task.infos(episodes))


def enlarged(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A square image [H, H, 3] as [size, size, 3], each pixel as a block."""
    rows = np.arange(size) * len(image) // size
    return image[rows][:, rows]
