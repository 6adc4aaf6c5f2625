"""What all tests share: one thread for torch, Ctrl-C that is heard, and a tiny kind of learner on request."""

import os
import signal

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits deaf ears


@pytest.fixture
def tiny_kind(monkeypatch):
    """Registers the tiny kind for one test and returns its name."""
    import torch

    from agents.runs.kinds import KINDS
    from tests.runs.tiny_config import TINY

    torch.set_num_threads(1)
    monkeypatch.setitem(KINDS, "tiny", TINY)
    return "tiny"
