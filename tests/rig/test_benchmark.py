"""The benchmark of updates yields the rows it promises, each with a speed."""

from dataclasses import replace

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
    rows = list(rig.measure(0))
    assert len(rows) == rig.ROWS
    assert [row["scene"] for row in rows] == [
        *(f"update of {name}, batch 2" for name in (*policies, *autoencoders)),
    ]
    assert all(row["updates_per_second"] > 0 and row["threads"] >= 1 for row in rows)
