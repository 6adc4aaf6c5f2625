"""The table of manipulation tasks."""

from envs.manipulation.door import DOOR
from envs.manipulation.plan import TaskPlan
from envs.manipulation.push import MULTI_PUSHER, PUSHER, VARIABLE_PUSHER
from envs.manipulation.reach import REACHER

TASKS = {plan.world.name: plan for plan in (REACHER, PUSHER, MULTI_PUSHER, VARIABLE_PUSHER, DOOR)}


def get_plan(task: str | TaskPlan) -> TaskPlan:
    """The plan of a task, given by name or as itself.

    Raises:
        ValueError: when there is no such task.
    """
    if isinstance(task, TaskPlan):
        return task
    if task not in TASKS:
        raise ValueError(f"task: {task!r}, expected one of {', '.join(TASKS)}")
    return TASKS[task]
