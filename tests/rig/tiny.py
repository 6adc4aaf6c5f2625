"""A RIG run so small that a test can take it to its end, and parts of it."""

from dataclasses import replace

import numpy as np

from agents.rig.config import RigConfig
from agents.rig.goals import Goals

TINY = RigConfig(
    steps=40,
    interval_steps=12,
    horizon=7,
    parallel=2,
    warmup_steps=10,
    updates_per_step=1,
    goals=2,
    latent=4,
    vae_images=24,
    vae_rollout=4,
    vae_epochs=1,
    vae_batch=2,
    batch=8,
    hidden=(8, 8),
    features=6,
)


def tiny(**changes):
    """A tiny config with some fields changed."""
    return replace(TINY, **changes)


class NumberedGoals:
    """Imagined goals that say so: their codes are `value`."""

    def __init__(self, size, value=-1.0):
        self.size, self.value = size, value

    def draw(self, rng, seen):
        return Goals(np.full((len(seen), self.size), self.value, np.float32), None)

    def for_episodes(self, rng, episodes):
        return self.draw(rng, episodes)
