"""Where goals come from: imagined by the prior of an autoencoder, or drawn by the task.

N goals, D code, S image side.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.rig.layouts import sample_layouts
from agents.rig.representation import LatentRepresentation, PixelRepresentation, StateRepresentation
from envs.manipulation.episode import Episode
from envs.manipulation.task import ManipulationTask

POOL = 4096
"""Goals that are kept where drawing a fresh one would need a network or the camera."""


class Goals(NamedTuple):
    """Goals as policy and critics take them, and as images where the reward needs these."""

    codes: NDArray
    """[N, D] float32, or images [N, S, S, 3] uint8 where policy and critics see pixels."""
    images: NDArray[np.uint8] | None
    """[N, S, S, 3], or None."""


class GoalSource(Protocol):
    """Gives goals to learn for, and goals to play for."""

    def draw(self, rng: np.random.Generator, seen: NDArray) -> Goals:
        """Goals [N, ...] for relabelling moments whose codes [N, ...] are `seen`."""

    def for_episodes(self, rng: np.random.Generator, episodes: Sequence[Episode]) -> Goals:
        """One goal for each new episode."""


class TaskGoals:
    """Goals of the task itself, from a pool of `POOL` that is drawn when it is first needed.

    Args:
        task: draws the goals, as images or as states.
        representation: turns them into codes.
        rng: draws the pool.
    """

    def __init__(
        self,
        task: ManipulationTask,
        representation: StateRepresentation | PixelRepresentation,
        rng: np.random.Generator,
    ) -> None:
        self._task, self._representation = task, representation
        self._visual, self._rng = task.camera is not None, rng
        self._drawn: NDArray[np.float64] | None = None
        self._encoded: NDArray | None = None

    def draw(self, rng: np.random.Generator, seen: NDArray) -> Goals:
        """Goals for relabelling; images are their own codes, states have the pucks that `seen` has."""
        pool = self._pool()
        codes = pool[rng.integers(len(pool), size=len(seen))]
        if self._visual:
            return Goals(codes, codes)
        return Goals(self._representation.with_things_of(seen, codes), None)

    def for_episodes(self, rng: np.random.Generator, episodes: Sequence[Episode]) -> Goals:
        """The goals that the task gave to the episodes."""
        goals = [episode.goal_image if self._visual else episode.goal for episode in episodes]
        codes = self._representation.encode(np.stack(goals))
        return Goals(codes, codes if self._visual else None)

    def state_dict(self) -> dict[str, Any]:
        """The pool's layouts."""
        return {"layouts": self._layouts()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self._drawn, self._encoded = state["layouts"], None

    def _layouts(self) -> NDArray[np.float64]:
        """Of the pool, [P, G] metres."""
        if self._drawn is None:
            self._drawn = sample_layouts(self._task.plan, self._rng, POOL, everything=not self._visual)
        return self._drawn

    def _pool(self) -> NDArray:
        """The pool's goals as codes, [P, ...]."""
        if self._encoded is None:
            layouts = self._layouts()
            seen = self._task.images_of(layouts) if self._visual else layouts
            self._encoded = self._representation.encode(seen)
        return self._encoded


class ImaginedGoals:
    """Goals drawn from a normal distribution over codes, or from codes by their weights (Skew-Fit).

    Differs from the paper, whose fitted prior has independent dimensions: those of a code are often strongly
    correlated, and goals without these correlations are codes of nothing that could be reached.

    Args:
        representation: decodes goals.
        with_images: whether goals come with their decoded images, from a pool of `POOL`.
    """

    def __init__(self, representation: LatentRepresentation, *, with_images: bool) -> None:
        self._representation, self._with_images = representation, with_images
        size = representation.code_shape[0]
        self.mean, self.spread = np.zeros(size, np.float32), np.eye(size, dtype=np.float32)
        self._pool: NDArray[np.float32] | None = None
        self._images: NDArray[np.uint8] | None = None

    def fit(self, codes: NDArray[np.float32]) -> None:
        """Take mean and covariance of codes [N, D] for those of the prior."""
        self.mean = codes.mean(0)
        variances, directions = np.linalg.eigh(np.cov(codes, rowvar=False).reshape(2 * self.mean.shape))
        self.spread = (directions * np.sqrt(variances.clip(0.0))).astype(np.float32)

    def fill(
        self,
        rng: np.random.Generator,
        codes: NDArray[np.float32] | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """Draw the pool anew: from the normal distribution, or from codes [N, D] by their weights [N]."""
        self._pool = None
        if codes is not None:
            self._pool = codes[rng.choice(len(codes), size=POOL, p=weights)]
        elif self._with_images:
            self._pool = self._fresh(rng, POOL)
        self._decode_pool()

    def draw(self, rng: np.random.Generator, seen: NDArray) -> Goals:
        """Imagined goals for relabelling, whatever was seen."""
        return self.imagine(rng, len(seen))

    def for_episodes(self, rng: np.random.Generator, episodes: Sequence[Episode]) -> Goals:
        """One imagined goal for each episode, whatever goal the task gave it."""
        return self.imagine(rng, len(episodes))

    def imagine(self, rng: np.random.Generator, count: int) -> Goals:
        """So many goals."""
        if self._pool is None:
            return Goals(self._fresh(rng, count), None)
        chosen = rng.integers(len(self._pool), size=count)
        return Goals(self._pool[chosen], None if self._images is None else self._images[chosen])

    def state_dict(self) -> dict[str, Any]:
        """The prior and the pool's codes."""
        return {"mean": self.mean, "spread": self.spread, "pool": self._pool}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave; the representation must have its weights already."""
        self.mean, self.spread, self._pool = state["mean"], state["spread"], state["pool"]
        self._decode_pool()

    def _fresh(self, rng: np.random.Generator, count: int) -> NDArray[np.float32]:
        noise = rng.standard_normal((count, len(self.mean)), dtype=np.float32)
        return self.mean + noise @ self.spread.T

    def _decode_pool(self) -> None:
        decoded = self._with_images and self._pool is not None
        self._images = self._representation.decode(self._pool) if decoded else None
