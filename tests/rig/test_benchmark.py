"""The benchmark of updates yields the rows it promises, each with a speed."""

from dataclasses import replace

import pytest
import torch

from agents.benchmarks import rig


def test_every_policy_and_autoencoder_has_a_row(monkeypatch):
    monkeypatch.setattr(rig, "REPEATS", 1)
    small = {"batch": 2, "hidden": (8,), "vae_batch": 2}
    policies = {name: (replace(config, **small), 1) for name, (config, _) in rig.POLICIES.items()}
    autoencoders = {
        name: replace(config, vae_batch=2, finetune_updates=1) for name, config in rig.AUTOENCODERS.items()
    }
    monkeypatch.setattr(rig, "POLICIES", policies)
    monkeypatch.setattr(rig, "AUTOENCODERS", autoencoders)
    monkeypatch.setattr(rig.torch.cuda, "is_available", lambda: False)
    rows = list(rig.measure(0))
    assert len(rows) == rig.ROWS
    assert [row["scene"] for row in rows] == [
        *(f"update of {name}, batch 2" for name in (*policies, *autoencoders)),
    ]
    assert all(row["updates_per_second"] > 0 and row["threads"] >= 1 for row in rows)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_every_policy_and_autoencoder_of_a_gpu_has_a_row_too(monkeypatch, device):
    monkeypatch.setattr(rig, "REPEATS", 1)
    small = {"batch": 2, "hidden": (8,)}
    policies = {name: (replace(config, **small), 20) for name, (config, _) in rig.GPU_POLICIES.items()}
    autoencoders = {
        name: replace(config, vae_batch=2, vae_images=6, finetune_updates=1)
        for name, config in rig.GPU_AUTOENCODERS.items()
    }
    monkeypatch.setattr(rig, "GPU_POLICIES", policies)
    monkeypatch.setattr(rig, "GPU_AUTOENCODERS", autoencoders)
    rows = list(rig.measure_device(0, torch.device(device)))
    assert [row["scene"] for row in rows] == [
        *(f"update of {name}, batch 2" for name in (*policies, *autoencoders)),
    ]
    assert all(row["updates_per_second"] > 0 and row["device"] for row in rows)
