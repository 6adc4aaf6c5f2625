"""Rewards of reached states under goals, for whole batches and without a network pass.

Nair et al. (2018), sections 4.2 and 5: minus the distance of latents, the log-probability of the goal's
latent, minus the distance of pixels; and a sparse one.

B batch, D code, S image side.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.rig.config import RigConfig
from agents.rig.goals import Goals
from envs.goal import pixel_distance


class Reached(NamedTuple):
    """What was reached: codes, and what more the reward needs of them."""

    codes: NDArray
    """[B, D] float32, or images [B, S, S, 3] uint8."""
    log_variances: NDArray[np.float32] | None
    """[B, D], for the log-probability."""
    images: NDArray[np.uint8] | None
    """[B, S, S, 3], for pixels."""


def code_distance(codes: NDArray, goals: NDArray) -> NDArray[np.float32]:
    """Euclidean distances [B] of codes [B, D]."""
    gap = codes - goals
    return np.sqrt(np.einsum("bd,bd->b", gap, gap))


def log_probability(
    goals: NDArray[np.float32], means: NDArray[np.float32], log_variances: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Log-density [B] in nats of goals [B, D] under normal distributions with diagonal variances."""
    squares = np.square(goals - means) * np.exp(-log_variances)
    return -0.5 * (squares + log_variances + math.log(2 * math.pi)).sum(1)


def reward_of(config: RigConfig, reached: Reached, goals: Goals) -> NDArray[np.float32]:
    """Rewards [B] float32 by the config's kind and scale."""
    kind = config.reward_kind
    if kind == "log_probability":
        reward = log_probability(goals.codes, reached.codes, reached.log_variances)
    elif kind == "pixel_mse":
        reward = -pixel_distance(reached.images, goals.images)
    else:
        seen = reached.codes.dtype == np.uint8
        measure = pixel_distance if seen else code_distance
        distance = measure(reached.codes, goals.codes)
        reward = -distance if kind == "latent_distance" else -1.0 * (distance >= config.sparse_distance)
    return (config.reward_scale * reward).astype(np.float32)
