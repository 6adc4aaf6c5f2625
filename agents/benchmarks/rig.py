"""Gradient updates a second of what trains on the manipulation worlds: policies and autoencoders.

Batches are random and drawn beforehand: only updates are timed (on a GPU, those of a policy with sending them
there). Each row says on how many threads, or on which GPU.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from agents.rig.agent import ACTIONS, build_agent
from agents.rig.autoencoding import AutoencoderTraining, build_network
from agents.rig.batch import Batch, to_batch
from agents.rig.config import RigConfig
from agents.rig.device_updates import DeviceUpdates
from agents.rig.learner import DRAWN_AT_ONCE
from agents.rig.presets import PRESETS
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
GPU_POLICIES = {
    f"TD3, codes, {products}": (replace(PRESETS["paper_pusher"], products=products), 2000)
    for products in ("float32", "tfloat32")
} | {"SAC, codes": (replace(PRESETS["paper_pusher"], algorithm="sac"), 2000)}
"""The same on a GPU, with the networks of the paper."""
GPU_AUTOENCODERS = {
    f"VAE 84x84, {precision}": replace(
        PRESETS["paper_pusher"], vae_precision=precision, vae_images=256, finetune_updates=100
    )
    for precision in ("float32", "bfloat16")
}
"""The paper's, trained as before the first action: on images that lie on the GPU."""
REPEATS = 3
IMAGES = 256
ROWS, GPU_ROWS = len(POLICIES) + len(AUTOENCODERS), len(GPU_POLICIES) + len(GPU_AUTOENCODERS)
"""How many rows `measure` and `measure_device` yield."""


def measure(seed: int) -> Iterator[dict[str, Any]]:
    """Time the updates of policies, then of autoencoders, on a CPU; yields one row each."""
    for name, (config, updates) in POLICIES.items():
        yield _row(name, config.batch, updates, _policy_updates(config, updates, seed))
    for name, config in AUTOENCODERS.items():
        yield _row(name, config.vae_batch, AUTOENCODER_UPDATES, _autoencoder_updates(config, seed))


def measure_device(seed: int, device: torch.device) -> Iterator[dict[str, Any]]:
    """Time updates for which nobody waits, then autoencoders whose images lie on the device; one row each."""
    shown = {"device": torch.cuda.get_device_name() if device.type == "cuda" else device.type}
    for name, (config, updates) in GPU_POLICIES.items():
        yield _row(name, config.batch, updates, _device_updates(config, updates, seed, device)) | shown
    for name, config in GPU_AUTOENCODERS.items():
        work = _pretraining_updates(config, seed, device)
        yield _row(name, config.vae_batch, config.finetune_updates, work) | shown


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


def _algorithm(config: RigConfig, seed: int, device: torch.device | str) -> tuple[Td3 | Sac, tuple[int, ...]]:
    """An algorithm with fresh networks, and the shape of the codes it learns on."""
    generator = torch.Generator().manual_seed(seed)
    latent = None
    if config.autoencoder:
        latent = LatentRepresentation(build_network(config, generator=generator))
    agent = build_agent(config, generator=generator, latent=latent, device=device)
    algorithm = ALGORITHMS[config.algorithm](agent.networks, config, seed=seed, device=device)
    return algorithm, agent.representation.code_shape


def _device_updates(config: RigConfig, updates: int, seed: int, device: torch.device) -> Callable[[], object]:
    algorithm, (code,) = _algorithm(config, seed, device)
    ours = DeviceUpdates(algorithm, config.batch, code, actions=ACTIONS, device=device)
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((DRAWN_AT_ONCE, config.batch, 3 * code + ACTIONS + 2), dtype=np.float32)
    rows[..., -1] = 0.0  # nothing terminates

    def work() -> None:
        for first in range(0, updates, DRAWN_AT_ONCE):
            ours.learn(rows[: updates - first])
        ours.check()

    return work


def _pretraining_updates(config: RigConfig, seed: int, device: torch.device) -> Callable[[], object]:
    side = config.image_size
    images = np.random.default_rng(seed).integers(0, 256, (config.vae_images, side, side, 3), dtype=np.uint8)
    training = AutoencoderTraining(config, seed=seed, device=device)
    training.begin(images)

    def work() -> None:
        for _ in range(config.finetune_updates):
            training.fit.advance()
        training.fit.state_dict()  # waits for the device

    return work


def _policy_updates(config: RigConfig, updates: int, seed: int) -> Callable[[], object]:
    algorithm, shape = _algorithm(config, seed, "cpu")
    batch = _random_batch(shape, config.batch, np.random.default_rng(seed))
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
