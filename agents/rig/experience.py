"""Replayed transitions as batches under relabelled goals, with their rewards.

B batch, U updates, D code, A action, W = 3 D + A + 2 numbers of a transition.
"""

import numpy as np
import torch
from numpy.typing import NDArray

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
    return to_batch(*_drawn(replay, source, config, rng, config.batch), device=device)


def draw_rows(
    replay: Replay, source: GoalSource, config: RigConfig, rng: np.random.Generator, updates: int
) -> NDArray[np.float32]:
    """The batches of so many updates at once, as rows [U, B, W] that `as_batch` reads; codes only.

    Args:
        replay, source, config, rng: as in `draw_batch`.
        updates: U, at least 1.

    Raises:
        FloatingPointError: when a reward is not finite.
    """
    parts = _drawn(replay, source, config, rng, updates * config.batch)
    columns = [part.reshape(len(part), -1) for part in parts]
    rows = np.concatenate(columns, axis=1, dtype=np.float32)
    # Goals of a kind lie together: dealt out in turn, every batch gets its share of each.
    return np.ascontiguousarray(rows.reshape(config.batch, updates, -1).swapaxes(0, 1))


def _drawn(
    replay: Replay, source: GoalSource, config: RigConfig, rng: np.random.Generator, count: int
) -> tuple[NDArray, ...]:
    """The arrays of a `Batch` of so many transitions."""
    slots, times = replay.sample(rng, count)
    goals = relabelled(replay, source, slots, times, RELABELLING[config.relabel_kind], rng)
    reached = replay.reached_at(slots, times + 1)
    rewards = reward_of(config, reached, goals)
    if not np.isfinite(rewards).all():
        raise FloatingPointError("reward: got a number that is not finite")
    actions, terminated = replay.actions_at(slots, times)
    before = replay.codes_at(slots, times)
    return before, goals.codes, actions, rewards, reached.codes, terminated
