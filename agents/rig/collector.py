"""Episodes played side by side with exploring actions, each for a goal of its own, into replay.

N episodes, D code, A action.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.rig.agent import ACTIONS, Agent
from agents.rig.covering import MOST_FAILURES
from agents.rig.exploration import ActionNoise, randomised
from agents.rig.goals import GoalSource
from agents.rig.replay import Replay
from agents.rig.representation import LatentRepresentation
from agents.runs.random_state import numpy_state, restore_numpy
from envs.manipulation.episode import Episode
from envs.manipulation.simulation import PhysicsError
from envs.manipulation.task import ManipulationTask


class Collector:
    """N episodes in lockstep, which begin and end together.

    Args:
        task: what is played.
        agent: acts.
        goals: gives each episode its goal.
        replay: remembers.
        seed: of the worlds, the goals and the exploration.
    """

    def __init__(
        self,
        task: ManipulationTask,
        agent: Agent,
        goals: GoalSource,
        replay: Replay,
        *,
        seed: np.random.SeedSequence,
    ) -> None:
        self.task, self.agent, self.goals, self.replay = task, agent, goals, replay
        config = agent.config
        own, *worlds = (np.random.default_rng(child) for child in seed.spawn(1 + config.parallel))
        self._rng, self._worlds = own, worlds
        self._noise = ActionNoise(config.noise, config.noise_memory)
        self._episodes: list[Episode] = []
        self._codes = self._goal_codes = np.empty(0, np.float32)
        self.dropped = 0
        """Episodes that ended with a failure of the physics and were forgotten."""
        self._failures = 0

    def step(self, meanwhile: Callable[[], None] = lambda: None) -> int:
        """Act once in every episode, with new episodes where the last ones are over.

        Args:
            meanwhile: is called when the actions are chosen and before they are taken, so that a device on
                which it leaves work is busy while the world moves.

        Returns:
            How many actions were taken: N, or 0 where the physics failed, so that the episodes were dropped.

        Raises:
            FloatingPointError: when a code or an action is not finite.
            PhysicsError: when the physics failed `MOST_FAILURES` times in a row.
        """
        if not self._episodes:
            self._begin()
        actions = self._explore()
        meanwhile()
        try:
            self.task.move(self._episodes, actions)
        except PhysicsError:
            self._failures += 1
            if self._failures == MOST_FAILURES:
                raise
            self.dropped += len(self._episodes)
            self._episodes = []
            self.replay.abandon()
            return 0
        self._failures = 0
        observations, codes, log_variances = self._look()
        never = np.zeros(len(actions), bool)  # a goal is to be kept: no task terminates
        self.replay.add(actions, never, observations, codes, log_variances)
        self._codes = codes
        if self.task.truncated(self._episodes).any():
            self.replay.finish()
            self._episodes = []
        return len(actions)

    def recode(self) -> None:
        """Encode anew what the open episodes saw last, after the representation and replay changed."""
        if self._episodes:
            self._codes = self._look()[1]
            self._goal_codes = self.replay.open_goals()

    def _begin(self) -> None:
        self._episodes = self.task.begin(self._worlds)
        goals = self.goals.for_episodes(self._rng, self._episodes)
        if self.replay.goal_images and goals.images is None:
            goals = goals._replace(images=self.agent.representation.decode(goals.codes))
        observations, self._codes, log_variances = self._look()
        self._goal_codes = goals.codes
        self.replay.begin(goals, observations, self._codes, log_variances)
        self._noise.restart(len(self._episodes), ACTIONS)

    def _explore(self) -> NDArray[np.float32]:
        if self.agent.config.algorithm == "sac":
            return self.agent.act_on(self._codes, self._goal_codes, rng=self._rng)
        greedy = self.agent.act_on(self._codes, self._goal_codes)
        noisy = np.clip(greedy + self._noise.step(self._rng), -1.0, 1.0)
        return randomised(noisy, self.agent.config.random_actions, self._rng)

    def _look(self) -> tuple[NDArray, NDArray, NDArray[np.float32]]:
        """Observations, codes and log-variances (zeros where there are none) of now."""
        observations = self.task.observe(self._episodes)["observation"]
        representation = self.agent.representation
        if isinstance(representation, LatentRepresentation):
            return observations, *representation.distribution(observations)
        codes = representation.encode(observations)
        return observations, codes, np.zeros((len(codes), codes.shape[-1]), np.float32)

    def state_dict(self) -> dict[str, Any]:
        """All that changes, beside replay, agent and goals."""
        return {
            "episodes": [episode.state_dict() for episode in self._episodes],
            "codes": self._codes.copy(),
            "goal_codes": self._goal_codes.copy(),
            "rng": numpy_state(self._rng),
            "worlds": [numpy_state(rng) for rng in self._worlds],
            "noise": self._noise.state_dict(),
            "dropped": self.dropped,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: when it is of another task or number of episodes.
        """
        _check_count(state["worlds"], len(self._worlds))
        restore_numpy(self._rng, state["rng"])
        for rng, saved in zip(self._worlds, state["worlds"], strict=True):
            restore_numpy(rng, saved)
        self._episodes = [self.task.resumed(saved) for saved in state["episodes"]]
        for episode, rng in zip(self._episodes, self._worlds, strict=False):
            episode.rng = rng
        self._codes, self._goal_codes = state["codes"].copy(), state["goal_codes"].copy()
        self._noise.load_state_dict(state["noise"])
        self.dropped = state.get("dropped", 0)  # runs of earlier versions did not count


def _check_count(worlds: Sequence[Any], expected: int) -> None:
    if len(worlds) != expected:
        raise ValueError(f"collector: got {len(worlds)} episodes, expected {expected}")
