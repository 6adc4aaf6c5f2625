"""Replayed transitions as batches under relabelled goals, with their rewards. B batch."""

import numpy as np
import torch

from agents.rig.batch import Batch, to_batch
from agents.rig.config import RigConfig
from agents.rig.goals import GoalSource
from agents.rig.relabel import RELABELLING, relabelled
from agents.rig.replay import Replay
from agents.rig.rewards import reward_of


def draw_batch(
    replay: Replay,
    source: GoalSource,
    config: RigConfig,
    rng: np.random.Generator,
    *,
    device: torch.device | str,
) -> Batch:
    """A batch of transitions, each as likely, under goals by the config's shares; no network is asked.

    Args:
        replay: with a finished episode at least.
        source: of imagined goals.
        config: batch, relabelling and reward.
        rng: draws.
        device: of the tensors.

    Raises:
        FloatingPointError: when a reward is not finite.
    """
    slots, times = replay.sample(rng, config.batch)
    goals = relabelled(replay, source, slots, times, RELABELLING[config.relabel_kind], rng)
    reached = replay.reached_at(slots, times + 1)
    rewards = reward_of(config, reached, goals)
    if not np.isfinite(rewards).all():
        raise FloatingPointError("reward: got a number that is not finite")
    actions, terminated = replay.actions_at(slots, times)
    before = replay.codes_at(slots, times)
    return to_batch(before, goals.codes, actions, rewards, reached.codes, terminated, device=device)
