"""One episode of a task after another, as a single Gymnasium environment plays and shows them."""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from envs.curling.pictures.window import Window
from envs.curling.tasks.actions import ENTRIES
from envs.curling.tasks.observations import Observation
from envs.lockstep import Task, begun, checked_render_mode, first

FRAMES_PER_SECOND = 1
RENDER_MODES = ["rgb_array", "human"]


class Session:
    """What the single environments have in common between `reset` and `close`.

    Args:
        task: what is played.
        render_mode: one of `RENDER_MODES` or None.

    Raises:
        ValueError: on an unknown render mode.
    """

    def __init__(self, task: Task, render_mode: str | None) -> None:
        self.render_mode = checked_render_mode(render_mode, RENDER_MODES)
        self._task = task
        self._episode: Any = None
        self._over = False
        self._window = Window("Curling")

    def begin(self, rng: np.random.Generator) -> tuple[Observation, dict[str, Any]]:
        """A new episode: observation and info."""
        (self._episode,) = self._task.begin([rng])
        self._over = False
        self._show()
        return self._seen()

    def play(self, action: NDArray[np.floating]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One step, [3] normalised action: observation, reward, terminated, truncated, info.

        Raises:
            ResetNeeded: before the first episode and after one that is over.
            ValueError: on a bad action.
        """
        episode = begun(self._episode)
        if self._over:
            raise gymnasium.error.ResetNeeded("reset: the episode is over, expected a call before step")
        action = np.asarray(action)
        if action.shape != (ENTRIES,):
            raise ValueError(f"action: got shape {action.shape}, expected ({ENTRIES},)")
        (reward,), (terminated,), (truncated,) = self._task.play([episode], action[None])
        self._over = bool(terminated or truncated)
        self._show()
        observation, info = self._seen()
        return observation, float(reward), bool(terminated), bool(truncated), info

    def picture(self) -> NDArray[np.uint8] | None:
        """[H, W, 3] uint8 RGB in the mode `rgb_array`, else None.

        Raises:
            ResetNeeded: before the first episode.
        """
        if self.render_mode != "rgb_array":
            return None
        return self._task.picture(begun(self._episode))

    def close(self) -> None:
        """Close the window, if there is one, and the task."""
        self._window.close()
        self._task.close()

    def _seen(self) -> tuple[Observation, dict[str, Any]]:
        return first(self._task.observe([self._episode])), first(self._task.infos([self._episode]))

    def _show(self) -> None:
        if self.render_mode == "human":
            self._window.show(self._task.picture(self._episode))
