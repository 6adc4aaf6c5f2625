"""Several objects reached one at a time: a goal that moves everything becomes goals that move one object.

Nair et al. (2018) leave it open how a single latent goal copes with several objects; here each stage shows
the scene as it stands with one object at its goal: the pucks in their order, and at last the hand.

Shape letters: N episodes, S = 2 + 2 pucks numbers of a layout.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from envs.manipulation.episode import Episode
from envs.manipulation.task import ManipulationTask


class SingleObjectGoals:
    """The `agents.rig.play.Aims` of a sequence of single-object goals.

    The stages of an episode share its horizon evenly. Each begins from where the objects truly are, so that
    this is a way to evaluate, not one that a robot without state could take.

    Args:
        task: of the episodes.
        episodes: N, with layouts as goals.
        horizon: actions of an episode.

    Raises:
        ValueError: when a goal is not known as a layout.
    """

    def __init__(self, task: ManipulationTask, episodes: Sequence[Episode], horizon: int) -> None:
        if not all(np.isfinite(episode.goal).all() for episode in episodes):
            raise ValueError("goal: got an image, expected a layout to be reached one object at a time")
        self._task, self._episodes, self._horizon = task, episodes, horizon
        self._orders = [stage_order(episode.present) for episode in episodes]
        self._stages = [-1] * len(episodes)
        self._images: list[NDArray | None] = [None] * len(episodes)
        self.layouts = np.zeros((len(episodes), 2 + 2 * task.plan.things))
        """[N, S] metres, what is shown now."""
        self._advance(0)

    def __call__(self, taken: int, own: NDArray) -> NDArray:
        """Goals [N, ...] after `taken` actions, of the kind and dtype of the episodes' `own`."""
        self._advance(taken)
        shown = self.layouts if self._task.camera is None else np.stack(self._images)
        return shown.astype(own.dtype)

    def _advance(self, taken: int) -> None:
        """Take the goal of the next stage wherever one begins: the scene as it is, with one object moved."""
        for number, (episode, order) in enumerate(zip(self._episodes, self._orders, strict=True)):
            stage = min(taken * len(order) // self._horizon, len(order) - 1)
            if stage == self._stages[number]:
                continue
            layout = with_object_moved(episode.simulation.layout, episode.goal, order[stage])
            self._stages[number], self.layouts[number] = stage, layout
            if self._task.camera is not None:
                self._images[number] = self._task.images_of(layout[None])[0]


def stage_order(present: NDArray[np.bool_]) -> list[int]:
    """Objects in the order in which they are moved: pucks that take part, [pucks] bool, then 0, the hand."""
    return [*(1 + np.flatnonzero(present)).tolist(), 0]


def with_object_moved(layout: NDArray, goal: NDArray, moved: int) -> NDArray[np.float64]:
    """The layout [S] with object `moved` (0 the hand, then the pucks) where the goal [S] has it."""
    place = slice(2 * moved, 2 * moved + 2)
    result = np.array(layout, dtype=np.float64)
    result[place] = goal[place]
    return result
