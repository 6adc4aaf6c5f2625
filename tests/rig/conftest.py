"""One thread for every test here; epochs of the autoencoder and pools of goals that are soon made."""

import pytest
import torch

import agents.rig.autoencoding
import agents.rig.goals


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def short_epochs(monkeypatch):
    monkeypatch.setattr(agents.rig.autoencoding, "EPOCH_UPDATES", 2)


@pytest.fixture
def small_pool(monkeypatch, short_epochs):
    """Twenty goals where the others would be thousands."""
    monkeypatch.setattr(agents.rig.goals, "POOL", 20)
