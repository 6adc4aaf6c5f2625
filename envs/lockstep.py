"""Episodes of one task in lockstep, as a Gymnasium vector environment.

Every sub-environment has its own generator, so its results are those of the single environment with the same
seed; what is shared is the work: a step is one call of the task.

Shape letters: B sub-environments.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from envs.arguments import whole

Episode = TypeVar("Episode")
MODES = {mode.name.lower(): mode for mode in AutoresetMode}


class Task(Protocol[Episode]):
    """What is played: episodes that begin and go on together; they are the task's alone to read."""

    def observation_space(self) -> gymnasium.spaces.Dict:
        """Bounds of what `observe` returns, for one episode."""
        ...

    def action_space(self) -> gymnasium.spaces.Box:
        """Bounds of the action of one episode."""
        ...

    def begin(
        self, rngs: Sequence[np.random.Generator], options: Mapping[str, Any] | None = None
    ) -> list[Episode]:
        """One new episode a generator; the options are those of `reset`, the same for all."""
        ...

    def play(
        self, episodes: Sequence[Episode], actions: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """One action [B, ...] in every episode: rewards, terminated and truncated, each [B]."""
        ...

    def observe(self, episodes: Sequence[Episode]) -> Mapping[str, NDArray]:
        """Arrays [B, ...] by key."""
        ...

    def infos(self, episodes: Sequence[Episode]) -> dict[str, NDArray]:
        """Arrays [B, ...] of information beside the observations, by key."""
        ...

    def picture(self, episode: Episode) -> NDArray[np.uint8]:
        """[H, W, 3] uint8 RGB."""
        ...

    def close(self) -> None:
        """End threads and windows, if there are any."""
        ...


class LockstepVectorEnv(VectorEnv):
    """B episodes of one task.

    Args:
        task: what is played.
        num_envs: B, at least 1.
        frames_per_second: of `render`.
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
        frames_per_second: int,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ) -> None:
        self.task, self.num_envs = task, whole("num_envs", num_envs, 1, sys.maxsize)
        self.render_mode = checked_render_mode(render_mode)
        self.autoreset_mode = _checked_mode(autoreset_mode)
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": frames_per_second,
            "autoreset_mode": self.autoreset_mode,
        }
        self.single_action_space = task.action_space()
        self.single_observation_space = task.observation_space()
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._rngs = [seeding.np_random()[0] for _ in range(num_envs)]
        self.episodes: list[Any] = [None] * num_envs
        """[B], None before the first reset."""
        self._over = np.zeros(num_envs, dtype=bool)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Mapping[str, NDArray], dict[str, Any]]:
        """Begin new episodes everywhere, or where `options["reset_mask"]` ([B] bool) says.

        Args:
            seed: None keeps the generators, a number seeds them with seed, seed + 1, ..., a list one by one.
            options: the task's, the same for all, and the mask.

        Raises:
            ValueError: on a list or mask of a wrong length, or an option the task refuses.
            ResetNeeded: when a mask leaves out an episode that never began.
        """
        options, seeds = dict(options or {}), self._seeds(seed)
        mask = np.asarray(options.pop("reset_mask", np.ones(self.num_envs, dtype=bool)))
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_:
            raise ValueError(f"reset_mask: {mask.dtype} {mask.shape}, expected bool ({self.num_envs},)")
        fresh = np.array([episode is None for episode in self.episodes])
        if (fresh & ~mask).any():
            raise gymnasium.error.ResetNeeded("reset_mask: an episode never began, expected all at first")
        chosen = np.flatnonzero(mask)
        for index in chosen:
            if seeds[index] is not None:
                self._rngs[index] = seeding.np_random(seeds[index])[0]
        self._begin(chosen, options)
        return self.task.observe(self.episodes), self._infos(mask)

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[
        Mapping[str, NDArray], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]
    ]:
        """Play once in every sub-environment (but those that `next_step` resets now).

        Args:
            actions: [B, ...] of the action space.

        Raises:
            ResetNeeded: before the first reset, or with "disabled" when an episode that is over was not
                reset.
            ValueError: on actions of a wrong shape, or that the task refuses.
        """
        actions = np.asarray(actions)
        if actions.shape != self.action_space.shape:
            raise ValueError(f"actions: shape {actions.shape}, expected {self.action_space.shape}")
        episodes, everywhere = self._begun(), np.ones(self.num_envs, dtype=bool)
        stale, live = np.flatnonzero(self._over), np.flatnonzero(~self._over)
        if len(stale) and self.autoreset_mode == AutoresetMode.DISABLED:
            raise gymnasium.error.ResetNeeded(
                f"sub-environment {stale[0]}: over, expected a reset before step"
            )
        self._begin(stale)
        rewards = np.zeros(self.num_envs)
        terminated, truncated = ~everywhere, ~everywhere
        if len(live):
            playing = [episodes[index] for index in live]
            rewards[live], terminated[live], truncated[live] = self.task.play(playing, actions[live])
        over, infos = terminated | truncated, {}
        if self.autoreset_mode == AutoresetMode.SAME_STEP:
            infos = self._finals(np.flatnonzero(over))
            self._begin(np.flatnonzero(over))
        else:
            self._over = over
        return (
            self.task.observe(self.episodes),
            rewards,
            terminated,
            truncated,
            self._infos(everywhere) | infos,
        )

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """One image a sub-environment, in the mode `rgb_array`."""
        if self.render_mode is None:
            return None
        return tuple(self.task.picture(episode) for episode in self._begun())

    def close_extras(self, **_: Any) -> None:
        """Let the task end its threads and windows."""
        self.task.close()

    def _begun(self) -> list[Any]:
        """The episodes.

        Raises:
            ResetNeeded: before the first reset.
        """
        for episode in self.episodes:
            begun(episode)
        return self.episodes

    def _seeds(self, seed: int | Sequence[int | None] | None) -> Sequence[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, (int, np.integer)):
            return [int(seed) + index for index in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"seed: {len(seed)} values, expected {self.num_envs}")
        return seed

    def _begin(self, indices: NDArray[np.intp], options: Mapping[str, Any] | None = None) -> None:
        """New episodes in these sub-environments."""
        begun_now = self.task.begin([self._rngs[index] for index in indices], options)
        for index, episode in zip(indices, begun_now, strict=True):
            self.episodes[index] = episode
            self._over[index] = False

    def _infos(self, mask: NDArray[np.bool_]) -> dict[str, Any]:
        """The task's, and under each name with `_` before it the sub-environments it is about."""
        infos: dict[str, Any] = {}
        for name, values in self.task.infos(self.episodes).items():
            infos[name], infos[f"_{name}"] = _masked(values, mask), mask.copy()
        return infos

    def _finals(self, indices: NDArray[np.intp]) -> dict[str, Any]:
        """`final_obs` and `final_info` of episodes that are about to be replaced."""
        infos: dict[str, Any] = {}
        for index in indices:
            alone = [self.episodes[index]]
            final = {
                "final_obs": first(self.task.observe(alone)),
                "final_info": first(self.task.infos(alone)),
            }
            infos = self._add_info(infos, final, index)
        return infos


def first(batch: Mapping[str, NDArray]) -> dict[str, Any]:
    """Row 0 of every array; numbers as plain Python ones."""
    rows = {key: values[0] for key, values in batch.items()}
    return {key: row if isinstance(row, np.ndarray) else row.item() for key, row in rows.items()}


def begun(episode: Episode | None) -> Episode:
    """The episode.

    Raises:
        ResetNeeded: before the first reset.
    """
    if episode is None:
        raise gymnasium.error.ResetNeeded("reset: not called yet, expected a call before step and render")
    return episode


def checked_render_mode(mode: str | None, known: Sequence[str] = ("rgb_array",)) -> str | None:
    """The mode.

    Raises:
        ValueError: when it is not known.
    """
    if mode is not None and mode not in known:
        raise ValueError(f"render_mode: {mode!r}, expected None or one of {', '.join(known)}")
    return mode


def _masked(values: NDArray, mask: NDArray[np.bool_]) -> NDArray:
    """The values, 0 outside the mask."""
    return np.where(mask.reshape(-1, *[1] * (values.ndim - 1)), values, np.zeros((), values.dtype))


def _checked_mode(mode: str | AutoresetMode) -> AutoresetMode:
    """The mode, given by name in any spelling of case, or as itself."""
    if isinstance(mode, AutoresetMode):
        return mode
    if str(mode).lower() not in MODES:
        raise ValueError(f"autoreset_mode: {mode!r}, expected one of {', '.join(MODES)}")
    return MODES[str(mode).lower()]
