"""The plans of all manipulation tasks, by name."""

from importlib import import_module

from envs import MANIPULATION_TASKS
from envs.manipulation.plan import TaskPlan


def _plan(reference: str) -> TaskPlan:
    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)


TASKS: dict[str, TaskPlan] = {name: _plan(reference) for name, reference in MANIPULATION_TASKS.items()}


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
