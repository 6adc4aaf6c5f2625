"""Small checkpoints for the tests of the format."""

import numpy as np
import torch

from agents.runs.checkpoint import Checkpoint, encode
from agents.runs.random_state import numpy_state, torch_state


def small_checkpoint(step=3, seed=0):
    """A checkpoint of about three kilobytes with every kind of leaf."""
    rng = np.random.default_rng(seed)
    state = {
        "run": {"best": None, "best_step": 0, "seconds": 1.5},
        "learner": {
            "weights": {
                "layer.0": torch.from_numpy(rng.normal(size=(7, 5))),
                "half": torch.ones(3, dtype=torch.bfloat16),
            },
            "optimizer": {
                "state": {0: {"step": torch.tensor(4.0), "betas": (0.9, 0.999)}},
                "groups": [{"lr": 0.1}],
            },
            "counts": np.arange(6, dtype=np.uint16).reshape(2, 3),
            "rng": numpy_state(rng),
            "generator": torch_state(torch.Generator().manual_seed(seed))[:64].clone(),
            "limits": [float("inf"), None, True, "text", {"$mark": 1}, {}],
        },
    }
    return Checkpoint("tiny", {"updates": 4, "name": "a"}, step, {"python": "3"}, state)


def content_of(checkpoint):
    """The bytes of a checkpoint's file."""
    return b"".join(encode(checkpoint))


def same(one, other):
    """Whether two nested states are equal in types, dtypes and every bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return one == other
