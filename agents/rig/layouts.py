"""Random layouts of a task, with the pucks that its episodes may have. G = 2 + 2 N numbers of a layout."""

import numpy as np
from numpy.typing import NDArray

from envs.manipulation.plan import TaskPlan


def sample_layouts(plan: TaskPlan, rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Layouts as the task draws its goals, [count, G] metres; a missing puck is at 0, 0."""
    return np.stack([_sample_layout(plan, rng) for _ in range(count)])


def _sample_layout(plan: TaskPlan, rng: np.random.Generator) -> NDArray[np.float64]:
    present = plan.sample_present(rng)
    layout = plan.sample_goal(rng, present)
    return np.where(np.repeat(np.append(True, present), 2), layout, 0.0)
