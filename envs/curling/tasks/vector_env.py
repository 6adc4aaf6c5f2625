"""The curling environments as vector environments on the batched engine.

Every sub-environment has its own generator, so its results are those of the single environment with the
same seed; what is shared is the work: all throws of a step are one call of the engine.

Shape letters: B sub-environments.
"""

import sys
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from envs.curling.arguments import whole
from envs.curling.tasks.actions import action_space
from envs.curling.tasks.env import game_task
from envs.curling.tasks.observations import Observation, row
from envs.curling.tasks.session import FRAMES_PER_SECOND, checked_render_mode
from envs.curling.tasks.single_shot import shot_task
from envs.curling.tasks.task import Task


class CurlingVectorEnv(VectorEnv):
    """B episodes of one task, thrown together.

    Args:
        task: what is played.
        num_envs: B, at least 1.
        autoreset_mode: "next_step" (the step after the end of an episode resets it and ignores its action),
            "same_step" (it is reset at once; `final_obs` and `final_info` hold its end) or "disabled"
            (`reset(options={"reset_mask": ...})` does it).
        render_mode: None or "rgb_array".

    Raises:
        ValueError: on a bad number, autoreset or render mode.
    """

    def __init__(
        self,
        task: Task,
        num_envs: int,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ) -> None:
        self.task, self.num_envs = task, whole("num_envs", num_envs, 1, sys.maxsize)
        self.render_mode = checked_render_mode(render_mode, ["rgb_array"])
        self.autoreset_mode = _autoreset_mode(autoreset_mode)
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": FRAMES_PER_SECOND,
            "autoreset_mode": self.autoreset_mode,
        }
        self.single_action_space = action_space()
        self.single_observation_space = task.observation_space()
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._rngs = [seeding.np_random()[0] for _ in range(num_envs)]
        self._episodes: list[Any] = [None] * num_envs
        self._over = np.zeros(num_envs, dtype=bool)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin new episodes everywhere, or where `options["reset_mask"]` ([B] bool) says.

        Args:
            seed: None keeps the generators, a number seeds them with seed, seed + 1, ..., a list one by one.
            options: see above.

        Raises:
            ValueError: on a list or mask of a wrong length.
            ResetNeeded: when a mask leaves out an episode that never began.
        """
        seeds = self._seeds(seed)
        mask = np.asarray((options or {}).get("reset_mask", np.ones(self.num_envs, dtype=bool)))
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_:
            raise ValueError(f"reset_mask: {mask.dtype} {mask.shape}, expected bool ({self.num_envs},)")
        fresh = np.array([episode is None for episode in self._episodes])
        if (fresh & ~mask).any():
            raise gymnasium.error.ResetNeeded("reset_mask: an episode never began, expected all at first")
        chosen = np.flatnonzero(mask)
        for index in chosen:
            if seeds[index] is not None:
                self._rngs[index] = seeding.np_random(seeds[index])[0]
        self._begin(chosen)
        return self.task.observe(self._episodes), self._infos(chosen)

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[Observation, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Throw once in every sub-environment (but those that `next_step` resets now).

        Args:
            actions: [B, 3] float32.

        Raises:
            ResetNeeded: before the first reset, or with "disabled" when an episode that is over was not
                reset.
            ValueError: on actions of a wrong shape or that are not numbers.
        """
        if any(episode is None for episode in self._episodes):
            raise gymnasium.error.ResetNeeded("reset: not called yet, expected a call before step")
        actions = np.asarray(actions)
        if actions.shape != self.action_space.shape:
            raise ValueError(f"actions: shape {actions.shape}, expected {self.action_space.shape}")
        stale = np.flatnonzero(self._over)
        if len(stale) and self.autoreset_mode == AutoresetMode.DISABLED:
            raise gymnasium.error.ResetNeeded(
                f"sub-environment {stale[0]}: over, expected a reset before step"
            )
        live = np.flatnonzero(~self._over)
        self._begin(stale)
        rewards, terminated = np.zeros(self.num_envs), np.zeros(self.num_envs, dtype=bool)
        if len(live):
            playing = [self._episodes[index] for index in live]
            rewards[live], terminated[live] = self.task.play(playing, actions[live])
        infos: dict[str, Any] = {}
        if self.autoreset_mode == AutoresetMode.SAME_STEP:
            infos = self._finals(np.flatnonzero(terminated))
            self._begin(np.flatnonzero(terminated))
        else:
            self._over = terminated.copy()
        truncated = np.zeros(self.num_envs, dtype=bool)
        return (
            self.task.observe(self._episodes),
            rewards,
            terminated,
            truncated,
            self._infos(range(self.num_envs), infos),
        )

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """One image a sub-environment, in the mode `rgb_array`."""
        if self.render_mode is None:
            return None
        return tuple(self.task.picture(episode) for episode in self._episodes)

    def _seeds(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, (int, np.integer)):
            return [int(seed) + index for index in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"seed: {len(seed)} values, expected {self.num_envs}")
        return seed

    def _begin(self, indices: Sequence[int] | NDArray[np.intp]) -> None:
        """New episodes in these sub-environments."""
        begun = self.task.begin([self._rngs[index] for index in indices])
        for index, episode in zip(indices, begun, strict=True):
            self._episodes[index] = episode
            self._over[index] = False

    def _infos(self, indices: Sequence[int], infos: dict[str, Any] | None = None) -> dict[str, Any]:
        infos = {} if infos is None else infos
        for index in indices:
            infos = self._add_info(infos, self.task.info(self._episodes[index]), index)
        return infos

    def _finals(self, indices: Sequence[int]) -> dict[str, Any]:
        """`final_obs` and `final_info` of episodes that are about to be replaced."""
        infos: dict[str, Any] = {}
        for index in indices:
            episode = self._episodes[index]
            final = {"final_obs": row(self.task.observe([episode]), 0), "final_info": self.task.info(episode)}
            infos = self._add_info(infos, final, index)
        return infos


def curling_vector_env(
    num_envs: int,
    *,
    autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
    render_mode: str | None = None,
    **arguments: Any,
) -> CurlingVectorEnv:
    """`hogline/Curling-v0` in lockstep; `arguments` are those of `CurlingEnv`."""
    task = game_task(**arguments)
    return CurlingVectorEnv(task, num_envs, autoreset_mode=autoreset_mode, render_mode=render_mode)


def single_shot_vector_env(
    num_envs: int,
    *,
    autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
    render_mode: str | None = None,
    **arguments: Any,
) -> CurlingVectorEnv:
    """The single-shot environments in lockstep; `arguments` are those of `SingleShotEnv`."""
    task = shot_task(**arguments)
    return CurlingVectorEnv(task, num_envs, autoreset_mode=autoreset_mode, render_mode=render_mode)


def _autoreset_mode(mode: str | AutoresetMode) -> AutoresetMode:
    """The mode, given by name in any spelling of case, or as itself."""
    if isinstance(mode, AutoresetMode):
        return mode
    names = {known.name.lower(): known for known in AutoresetMode}
    if str(mode).lower() not in names:
        raise ValueError(f"autoreset_mode: {mode!r}, expected one of {', '.join(names)}")
    return names[str(mode).lower()]
