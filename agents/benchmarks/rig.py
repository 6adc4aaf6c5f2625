"""Gradient updates a second of what trains on the manipulation worlds: policies and autoencoders.

Batches are random and drawn beforehand: only updates are timed. Each row says on how many threads.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from agents.rig.agent import build_agent
from agents.rig.autoencoding import AutoencoderTraining, build_network
from agents.rig.batch import Batch, to_batch
from agents.rig.config import RigConfig
from agents.rig.representation import LatentRepresentation
from agents.rig.sac import Sac
from agents.rig.td3 import Td3

ALGORITHMS = {"td3": Td3, "sac": Sac}
POLICIES = {
    "TD3, codes": (RigConfig(env="pusher"), 100),
    "SAC, codes": (RigConfig(env="pusher", algorithm="sac"), 100),
    "TD3, pixels 48x48": (RigConfig(env="pusher", method="her"), 4),
}
"""Name -> config and updates that are timed."""
AUTOENCODER_UPDATES = 5
AUTOENCODERS = {
    f"VAE {side}x{side}": RigConfig(env="pusher", image_size=side, finetune_updates=AUTOENCODER_UPDATES)
    for side in (48, 84)
}
REPEATS = 3
IMAGES = 256
ROWS = len(POLICIES) + len(AUTOENCODERS)
"""How many rows `measure` yields."""


def measure(seed: int) -> Iterator[dict[str, Any]]:
    """Time the updates of policies, then of autoencoders, on a CPU; yields one row each."""
    for name, (config, updates) in POLICIES.items():
        yield _row(name, config.batch, updates, _policy_updates(config, updates, seed))
    for name, config in AUTOENCODERS.items():
        yield _row(name, config.vae_batch, AUTOENCODER_UPDATES, _autoencoder_updates(config, seed))


def _row(name: str, batch: int, updates: int, work: Callable[[], object]) -> dict[str, Any]:
    """The row of some work of so many updates, the fastest of `REPEATS` times after one that warms up."""
    work()
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return {
        "scene": f"update of {name}, batch {batch}",
        "threads": torch.get_num_threads(),
        "updates": updates,
        "updates_per_second": updates / min(seconds),
    }


def _policy_updates(config: RigConfig, updates: int, seed: int) -> Callable[[], object]:
    generator = torch.Generator().manual_seed(seed)
    latent = None
    if config.autoencoder:
        latent = LatentRepresentation(build_network(config, generator=generator))
    agent = build_agent(config, generator=generator, latent=latent, device="cpu")
    algorithm = ALGORITHMS[config.algorithm](agent.networks, config, seed=seed, device="cpu")
    batch = _random_batch(agent.representation.code_shape, config.batch, np.random.default_rng(seed))
    return lambda: [algorithm.update(batch) for _ in range(updates)]


def _random_batch(shape: tuple[int, ...], count: int, rng: np.random.Generator) -> Batch:
    """A batch of codes or images that mean nothing."""

    def codes() -> np.ndarray:
        if len(shape) > 1:
            return rng.integers(0, 256, (count, *shape), dtype=np.uint8)
        return rng.standard_normal((count, *shape), dtype=np.float32)

    actions = rng.uniform(-1.0, 1.0, (count, 2)).astype(np.float32)
    rewards = -rng.uniform(size=count).astype(np.float32)
    return to_batch(
        codes(), codes(), actions, rewards, codes(), np.zeros(count, dtype=np.float32), device="cpu"
    )


def _autoencoder_updates(config: RigConfig, seed: int) -> Callable[[], object]:
    rng, side = np.random.default_rng(seed), config.image_size
    images = rng.integers(0, 256, (IMAGES, side, side, 3), dtype=np.uint8)
    training = AutoencoderTraining(config, seed=seed, device="cpu")
    return lambda: training.finetune(lambda count: images[:count])
