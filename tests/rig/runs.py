"""Tiny runs of the kind `rig`, one of every method and manner, for the tests of its learner."""

import hashlib

from agents.rig.learner import build
from agents.runs.checkpoint import Checkpoint
from agents.runs.config_json import config_to_json
from agents.runs.state_tree import dump_json, flatten
from tests.rig.tiny import tiny

RUNS = {
    "rig": {},
    "finetuned": {"finetune_every": 8, "finetune_updates": 2, "vae_images": 8},
    "skewed": {"finetune_every": 16, "finetune_updates": 1, "vae_images": 8, "skew": 0.01},
    "log_probability": {"reward": "log_probability", "prior": "standard"},
    "pixels": {"reward": "pixel_mse", "relabel": "half"},
    "sac": {"algorithm": "sac", "env": "variable_pusher"},
    "oracle": {"method": "oracle", "env": "pusher", "reward": "sparse"},
    "her": {"method": "her", "batch": 4, "steps": 20},
    "dsae": {"method": "dsae", "env": "multi_pusher"},
    "lr": {"method": "lr"},
    "forgetful": {"method": "oracle", "replay_capacity": 14, "parallel": 1},
}


def make(name, seed=3, **changes):
    return build(tiny(**(RUNS[name] | changes)), seed=seed, device="cpu")


def checkpoint(learner, step=0):
    return Checkpoint("rig", config_to_json(learner.config), step, {}, {"learner": learner.state_dict()})


def fingerprint(learner):
    """SHA-256 of all that is saved: weights, optimisers, targets, generators, replay, worlds, counters."""
    outline, tensors = flatten(checkpoint(learner).state)
    digest = hashlib.sha256(dump_json(outline).encode())
    for name, tensor in tensors.items():
        digest.update(f"{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def trained(name="rig"):
    learner = make(name)
    list(learner.train())
    return learner
