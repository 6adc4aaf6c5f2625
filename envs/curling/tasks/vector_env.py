"""The curling environments as vector environments: all throws of a step are one call of the engine."""

from typing import Any

from gymnasium.vector import AutoresetMode

from envs.curling.tasks.env import game_task
from envs.curling.tasks.session import FRAMES_PER_SECOND
from envs.curling.tasks.single_shot import shot_task
from envs.lockstep import LockstepVectorEnv


def curling_vector_env(
    num_envs: int,
    *,
    autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
    render_mode: str | None = None,
    **arguments: Any,
) -> LockstepVectorEnv:
    """`hogline/Curling-v0` in lockstep; `arguments` are those of `CurlingEnv`."""
    task = game_task(**arguments)
    return LockstepVectorEnv(
        task,
        num_envs,
        frames_per_second=FRAMES_PER_SECOND,
        autoreset_mode=autoreset_mode,
        render_mode=render_mode,
    )


def single_shot_vector_env(
    num_envs: int,
    *,
    autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
    render_mode: str | None = None,
    **arguments: Any,
) -> LockstepVectorEnv:
    """The single-shot environments in lockstep; `arguments` are those of `SingleShotEnv`."""
    task = shot_task(**arguments)
    return LockstepVectorEnv(
        task,
        num_envs,
        frames_per_second=FRAMES_PER_SECOND,
        autoreset_mode=autoreset_mode,
        render_mode=render_mode,
    )
