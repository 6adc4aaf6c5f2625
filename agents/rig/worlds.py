"""The world of a run, as its agent sees it."""

import os

from agents.rig.config import RigConfig
from agents.runs.fields import check_choice
from envs.manipulation.task import ManipulationTask
from envs.manipulation.tasks import TASKS


def build_task(config: RigConfig, *, visual: bool | None = None) -> ManipulationTask:
    """The task of a run, played on all cores.

    Args:
        config: of the run.
        visual: with images or states; None takes what the agent sees.

    Raises:
        ConfigError: when there is no such task.
    """
    check_choice("env", config.env, tuple(TASKS))
    seen = config.visual if visual is None else visual
    return ManipulationTask(
        TASKS[config.env],
        image_size=config.image_size if seen else None,
        horizon=config.horizon or None,
        threads=os.cpu_count() or 1,
    )
