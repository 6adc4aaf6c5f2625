"""Random layouts of a task, with the things that its episodes may have. G = 2 + 2 N numbers of a layout."""

import numpy as np
from numpy.typing import NDArray

from envs.manipulation.plan import TaskPlan


def sample_layouts(
    plan: TaskPlan, rng: np.random.Generator, count: int, *, everything: bool = False
) -> NDArray[np.float64]:
    """Layouts as the task draws its goals, [count, G] metres; a missing thing is at 0, 0.

    Args:
        plan: of the task.
        rng: draws which things take part, and where everything is.
        count: how many layouts.
        everything: all things take part in all of them.
    """
    things = plan.things if everything else None
    return np.stack([_sample_layout(plan, rng, things) for _ in range(count)])


def _sample_layout(plan: TaskPlan, rng: np.random.Generator, things: int | None) -> NDArray[np.float64]:
    present = plan.sample_present(rng, things)
    layout = plan.sample_goal(rng, present)
    return np.where(np.repeat(np.append(True, present), 2), layout, 0.0)
