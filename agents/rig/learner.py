"""The learner of kind `rig`: imagines goals, plays for them, and learns to reach them.

Nair et al., "Visual Reinforcement Learning with Imagined Goals" (2018), algorithm 1.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from agents.rig.agent import ACTIONS, build_agent
from agents.rig.autoencoding import AutoencoderTraining
from agents.rig.collector import Collector
from agents.rig.config import RigConfig
from agents.rig.covering import covering_sets
from agents.rig.device_updates import DeviceUpdates
from agents.rig.evaluation import final_distances, held_out_goals
from agents.rig.experience import draw_batch, draw_rows
from agents.rig.finetuning import finetune, refresh_goals
from agents.rig.goals import ImaginedGoals, TaskGoals
from agents.rig.replay import Replay
from agents.rig.sac import Sac
from agents.rig.td3 import Td3
from agents.rig.worlds import build_task
from agents.runs.random_state import numpy_state, restore_numpy
from agents.runs.segments import Segment
from envs.manipulation.simulation import PhysicsError

ALGORITHMS = {"td3": Td3, "sac": Sac}
DRAWN_AT_ONCE = 16
"""Updates on a GPU whose batches are drawn together, while those of the ones before are learnt from."""
HELD_OUT_SEED = 2018
"""Of the goals of the measurements, the same in every run."""


class RigLearner:
    """An agent on its way through a run.

    Args:
        config: see `RigConfig`.
        seed: of all randomness.
        device: "cpu" or "cuda".
    """

    def __init__(self, config: RigConfig, *, seed: int, device: str) -> None:
        self.config, self._device = config, device
        worlds, covering, goals, draws, networks = np.random.SeedSequence(seed).spawn(5)
        self._task = build_task(config)
        weights, images, updates = (int(number) for number in networks.generate_state(3))
        self.autoencoder = (
            AutoencoderTraining(config, seed=images, device=device) if config.autoencoder else None
        )
        self._covering: Segment | None = None
        self._crowded: Segment | None = None
        self._covering_rng = np.random.default_rng(covering)
        self.agent = build_agent(
            config,
            generator=torch.Generator().manual_seed(weights),
            latent=self.autoencoder.representation if self.autoencoder else None,
            device=device,
        )
        self.algorithm = ALGORITHMS[config.algorithm](
            self.agent.networks, config, seed=updates, device=device
        )
        self.goals = self._goal_source(np.random.default_rng(goals))
        self.replay = self._empty_replay()
        self._collector = Collector(self._task, self.agent, self.goals, self.replay, seed=worlds)
        self._rng = np.random.default_rng(draws)
        self._on_device = self._device_updates()
        self._held_out = held_out_goals(self._task, config.goals, HELD_OUT_SEED)
        self.steps = 0
        self._pretrained = 0
        first = max(config.warmup_steps, self._task.horizon * config.parallel)
        untaught = f"steps: all {config.steps} are over before the first update, which comes after {first}"
        self.notes = (untaught,) if config.steps <= first else ()
        """What a person should know before the run starts."""

    def train(self) -> Iterator[dict[str, float]]:
        """Train the autoencoder, if there is one, then play and learn; one dict for each interval.

        Raises:
            FloatingPointError: in the update that meets a number that is not finite; on a GPU some hundred
                updates later at most and naming it, and nothing has moved since.
            PhysicsError: when the physics failed again and again.
        """
        self._cover()
        if self.autoencoder and self._pretrained < self.config.pretraining_intervals:
            for report in self.autoencoder.pretrain():
                self._pretrained += 1
                if self._pretrained == self.config.pretraining_intervals:
                    refresh_goals(self, self._rng)
                yield report
        while self.steps < self.config.steps:
            yield self._interval()

    def _interval(self) -> dict[str, float]:
        """Play and learn up to the next measurement, and measure."""
        sums: dict[str, list[float]] = defaultdict(list)
        end = (self.steps // self.config.interval_steps + 1) * self.config.interval_steps
        while self.steps < min(end, self.config.steps):
            for name, value in self._advance().items():
                sums[name].append(value)
        found = {name: float(np.mean(values)) for name, values in sums.items()}
        if self._on_device is not None:
            found |= self._on_device.means()
        counts = {"environment_steps": float(self.steps), "updates": float(self.algorithm.updates)}
        if self._collector.dropped:
            counts["dropped_episodes"] = float(self._collector.dropped)
        return counts | found | self._measure()

    def _advance(self) -> dict[str, float]:
        """Act once in every episode, make the updates that are due, and fine-tune where that is due."""
        before = self.steps
        found: dict[str, float] = {}
        if self._on_device is None:
            self.steps += self._collector.step()
            if self._may_learn(self.steps):
                for _ in range(self.config.updates_per_step * (self.steps - before)):
                    found |= self.update()
        else:
            self.steps += self._collector.step(self._update_on_device)
        every = self.config.finetune_every
        if every and self.steps // every > before // every:
            found |= finetune(self, self._rng)
        return found

    def update(self) -> dict[str, float]:
        """Learn from one batch; returns the losses and the mean reward."""
        batch = draw_batch(self.replay, self.goals, self.config, self._rng, device=self._device)
        return self.algorithm.update(batch) | {"reward": float(batch.reward.mean())}

    def _may_learn(self, steps: int) -> bool:
        """Whether there is something to learn from after so many actions, and the warm-up is over."""
        return len(self.replay) > 0 and steps > self.config.warmup_steps

    def _update_on_device(self) -> None:
        """Leave the updates to the device that are due for the actions which now begin, come what may."""
        actions = self.config.parallel
        if self._may_learn(self.steps + actions):
            due = self.config.updates_per_step * actions
            for first in range(0, due, DRAWN_AT_ONCE):
                count = min(DRAWN_AT_ONCE, due - first)
                self._on_device.learn(draw_rows(self.replay, self.goals, self.config, self._rng, count))

    def recode_open_episodes(self) -> None:
        """Encode anew what the episodes that are being played saw last, and their goals."""
        self._collector.recode()

    def _measure(self) -> dict[str, float]:
        """Mean final distances to the held-out goals; only that there are none where the physics failed."""
        try:
            found = final_distances(self.agent, self._task, self._held_out)
        except PhysicsError:
            return {"failed_measurements": 1.0}
        return {name: float(np.mean(values)) for name, values in found.items()}

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes; images as sealed segments.

        Raises:
            FloatingPointError: when an update on the device failed that was not checked yet.
        """
        if self._on_device is not None:
            self._on_device.check()
        self._cover()
        state = {
            "steps": self.steps,
            "pretrained": self._pretrained,
            "rng": numpy_state(self._rng),
            "algorithm": self.algorithm.state_dict(),
            "replay": self.replay.state_dict(),
            "collector": self._collector.state_dict(),
            "goals": self.goals.state_dict(),
        }
        if self.autoencoder:
            state |= {
                "autoencoder": self.autoencoder.state_dict(),
                "covering": self._covering,
                "crowded": self._crowded,
            }
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: when it does not fit the config.
        """
        self.steps, self._pretrained = state["steps"], state["pretrained"]
        restore_numpy(self._rng, state["rng"])
        if self.autoencoder:
            self._covering = state["covering"]
            self._crowded = state.get("crowded")  # runs of earlier versions had none
            crowded = None if self._crowded is None else self._crowded.array
            self.autoencoder.take_images(self._covering.array, crowded)
            self.autoencoder.load_state_dict(state["autoencoder"])
        self.goals.load_state_dict(state["goals"])
        self.algorithm.load_state_dict(state["algorithm"])
        self.replay.load_state_dict(state["replay"])
        self._collector.load_state_dict(state["collector"])

    def _cover(self) -> None:
        """Take the covering images, unless they came with the run that is continued."""
        if self.autoencoder is None or self._covering is not None:
            return
        count, rollout = self.config.vae_images, self.config.vae_rollout
        images, crowded = covering_sets(self._task, self._covering_rng, count=count, rollout=rollout)
        self._covering = Segment(images)
        self._crowded = None if crowded is None else Segment(crowded)
        self.autoencoder.begin(images, crowded)

    def _device_updates(self) -> DeviceUpdates | None:
        """Updates that nobody waits for, on a GPU; images are too large to be drawn for many at once."""
        shape = self.agent.representation.code_shape
        if torch.device(self._device).type != "cuda" or len(shape) > 1:
            return None
        return DeviceUpdates(
            self.algorithm, self.config.batch, shape[0], actions=ACTIONS, device=self._device
        )

    def _goal_source(self, rng: np.random.Generator) -> ImaginedGoals | TaskGoals:
        if self.autoencoder is None:
            return TaskGoals(self._task, self.agent.representation, rng)
        with_images = self.config.reward_kind == "pixel_mse"
        return ImaginedGoals(self.autoencoder.representation, with_images=with_images)

    def _empty_replay(self) -> Replay:
        config, horizon = self.config, self._task.horizon
        episodes = math.ceil(min(config.replay_capacity, config.steps) / horizon)
        shape = self.agent.representation.code_shape
        gives_images = len(shape) > 1 or config.reward_kind == "pixel_mse"
        # Where no reward sees pixels and no encoder changes, codes are all that is ever asked for.
        keeps_images = gives_images or config.finetune_every > 0
        return Replay(
            episodes + 2 * config.parallel,
            horizon,
            code_size=shape[0] if len(shape) == 1 else None,
            side=config.image_size if keeps_images else None,
            goal_images=keeps_images,
            gives_images=gives_images,
        )


def build(config: RigConfig, *, seed: int, device: str) -> RigLearner:
    """Build the learner of kind `rig`; see `agents.runs.learner.Builder`."""
    return RigLearner(config, seed=seed, device=device)
