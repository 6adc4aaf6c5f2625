"""What a curling environment plays, apart from Gymnasium: episodes in lockstep (Protocol).

Shape letters: B episodes.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from envs.curling.tasks.observations import Observation


class Task(Protocol):
    """What `GameTask` and `ShotTask` offer; the episodes are theirs alone to read."""

    def observation_space(self) -> spaces.Dict:
        """Bounds of what `observe` returns, for one episode."""
        ...

    def begin(self, rngs: Sequence[np.random.Generator]) -> list[Any]:
        """B new episodes."""
        ...

    def play(
        self, episodes: Sequence[Any], actions: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """One action [B, 3] in every episode: rewards [B] float64, and which episodes are over [B] bool."""
        ...

    def observe(self, episodes: Sequence[Any]) -> Observation:
        """Arrays [B, ...] float32 by key."""
        ...

    def info(self, episode: Any) -> dict[str, Any]:
        """Information beside the observation."""
        ...

    def picture(self, episode: Any) -> NDArray[np.uint8]:
        """[H, W, 3] uint8 RGB."""
        ...
