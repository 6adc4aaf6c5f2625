"""One thread for every test here, and one update in an epoch of the autoencoder."""

import pytest
import torch

import agents.rig.autoencoding


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def short_epochs(monkeypatch):
    monkeypatch.setattr(agents.rig.autoencoding, "EPOCH_UPDATES", 2)
