"""The world of a run, as its agent sees it."""

import os

from agents.rig.config import RigConfig
from envs.manipulation.task import ManipulationTask
from envs.manipulation.tasks import get_plan


def build_task(config: RigConfig, *, visual: bool | None = None) -> ManipulationTask:
    """The task of a run, played on all cores.

    Args:
        config: of the run.
        visual: with images or states; None takes what the agent sees.
    """
    seen = config.visual if visual is None else visual
    return ManipulationTask(
        get_plan(config.env),
        image_size=config.image_size if seen else None,
        horizon=config.horizon or None,
        threads=os.cpu_count() or 1,
    )
