"""Images that cover a world: short random rollouts from random layouts (Nair et al. 2018, section 5).

B rollouts side by side, S image side.
"""

import numpy as np
from numpy.typing import NDArray

from agents.rig.layouts import sample_layouts
from envs.manipulation.simulation import PhysicsError
from envs.manipulation.task import ManipulationTask

SIDE_BY_SIDE = 64
MOST_FAILURES = 10
"""Times in a row that the physics may fail, here and where an agent plays."""


def covering_images(
    task: ManipulationTask, rng: np.random.Generator, *, count: int, rollout: int, everything: bool = False
) -> NDArray[np.uint8]:
    """Images [count, S, S, 3] of hand and pucks all over their ranges.

    Args:
        task: with images.
        rng: draws layouts and actions.
        count: how many images.
        rollout: images of one rollout, its first one included. The hand begins at a random layout and then
            acts at random, so that pucks are also seen where only pushes bring them.
        everything: all things take part in all rollouts, also where their number varies.

    Raises:
        PhysicsError: when the physics failed `MOST_FAILURES` times in a row; else rollouts are drawn anew.
    """
    images: list[NDArray[np.uint8]] = []
    missing, failures = count, 0
    while missing > 0:
        rollouts = min(SIDE_BY_SIDE, -(-missing // rollout))
        try:
            images.append(_rollouts(task, rng, rollouts, rollout, everything)[:missing])
        except PhysicsError:
            failures += 1
            if failures == MOST_FAILURES:
                raise
            continue
        missing, failures = missing - len(images[-1]), 0
    return np.concatenate(images)


def covering_sets(
    task: ManipulationTask, rng: np.random.Generator, *, count: int, rollout: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Covering images as episodes look, and where the number of things varies as many with all of them."""
    images = covering_images(task, rng, count=count, rollout=rollout)
    if task.plan.fewest is None:
        return images, None
    return images, covering_images(task, rng, count=count, rollout=rollout, everything=True)


def _rollouts(
    task: ManipulationTask, rng: np.random.Generator, rollouts: int, length: int, everything: bool
) -> NDArray[np.uint8]:
    """Images [rollouts length, S, S, 3], those of one moment after another."""
    starts = sample_layouts(task.plan, rng, rollouts, everything=everything)
    episodes = [task.begin([rng], {"start": start, "goal": start})[0] for start in starts]
    images = [task.observe(episodes)["observation"]]
    for _ in range(length - 1):
        task.move(episodes, rng.uniform(-1.0, 1.0, (rollouts, 2)))
        images.append(task.observe(episodes)["observation"])
    return np.concatenate(images)
