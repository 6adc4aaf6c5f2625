"""Random layouts of a task, with the pucks that its episodes may have. G = 2 + 2 N numbers of a layout."""

import numpy as np
from numpy.typing import NDArray

from envs.manipulation.plan import TaskPlan


def sample_layouts(
    plan: TaskPlan, rng: np.random.Generator, count: int, *, everything: bool = False
) -> NDArray[np.float64]:
    """Layouts as the task draws its goals, [count, G] metres; a missing puck is at 0, 0.

    Args:
        plan: of the task.
        rng: draws which pucks take part, and where everything is.
        count: how many layouts.
        everything: all pucks take part in all of them.
    """
    pucks = plan.pucks if everything else None
    return np.stack([_sample_layout(plan, rng, pucks) for _ in range(count)])


def _sample_layout(plan: TaskPlan, rng: np.random.Generator, pucks: int | None) -> NDArray[np.float64]:
    present = plan.sample_present(rng, pucks)
    layout = plan.sample_goal(rng, present)
    return np.where(np.repeat(np.append(True, present), 2), layout, 0.0)
