"""Run folders of tiny agents, trained once for all tests."""

import pytest
import torch

import run

TINY = {
    "steps": 24,
    "interval-steps": 12,
    "warmup-steps": 10,
    "updates-per-step": 1,
    "horizon": 6,
    "batch": 4,
    "hidden": 8,
    "goals": 2,
}
TINY_CODES = {"vae-images": 24, "vae-rollout": 3, "vae-epochs": 1, "vae-batch": 2, "latent": 2}


def trained(folder, **flags):
    """A run folder of the kind rig, made by the command."""
    words = [word for name, value in flags.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    assert run.main(["train", "rig", *words, "--out", str(folder), "--device", "cpu"]) == 0
    return folder


@pytest.fixture(scope="session")
def oracle(tmp_path_factory):
    """Two seeds that see the state of the pusher."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("oracle") / "oracle"
    return trained(folder, **TINY, method="oracle", env="pusher", seeds="1..2")


@pytest.fixture(scope="session")
def imaginer(tmp_path_factory):
    """One seed that imagines goals for the pusher."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("imaginer") / "imaginer"
    return trained(folder, **TINY, **TINY_CODES, method="rig", env="pusher", seed=2)
