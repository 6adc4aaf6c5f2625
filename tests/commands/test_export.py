"""`export`: a run's network in a small file that plays as the run does."""

import numpy as np
import pytest
import torch

import run
from agents.curling.networks.models import KIND, load_network, weights_hash
from agents.curling.networks.network_config import NETWORKS
from agents.curling.networks.policy_value import build_network
from agents.curling.player_tokens import check_token
from agents.runs.atomic import write_file
from agents.runs.checkpoint import Checkpoint, encode
from agents.runs.config_json import config_to_json
from agents.runs.origin import versions


def network_of(seed):
    return build_network(NETWORKS["tiny"], generator=torch.Generator().manual_seed(seed))


def saved(folder, kind, **state):
    """A run folder whose last checkpoint has this state."""
    config = {"network": config_to_json(NETWORKS["tiny"]), "games": 128}
    (folder / "checkpoints").mkdir(parents=True)
    checkpoint = Checkpoint(kind, config, 3, versions(), {"learner": state})
    write_file(folder / "checkpoints" / "last.safetensors", b"".join(encode(checkpoint)))
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ends = np.arange(17)
    weights = {"network": dict(network_of(1).state_dict()), "best": dict(network_of(2).state_dict())}
    saved(tmp_path / "self_play", "kr_drl", **weights, hammer_points=ends, replay={"rows": torch.ones(10**6)})
    saved(tmp_path / "taught", "kr_dl", network=weights["network"])
    return tmp_path


@pytest.mark.parametrize("path", ["self_play", "self_play/last", "self_play/checkpoints/last.safetensors"])
def test_the_small_file_has_the_weights_that_play_and_how_the_ends_fell(path, folder, capsys):
    assert run.main(["export", path, "small.safetensors"]) == 0
    assert "kr_drl after 3 intervals" in capsys.readouterr().out
    assert check_token("+mes:small.safetensors").network.stat().st_size < 10**6
    found = load_network("small.safetensors")
    assert weights_hash(found.network.state_dict()) == weights_hash(network_of(2).state_dict())
    assert (found.config, found.kind, found.step) == (NETWORKS["tiny"], "kr_drl", 3) and found.kind != KIND
    assert found.hammer_points.tolist() == list(range(17))


def test_the_small_file_of_supervised_learning_has_no_ends(folder, capsys):
    assert run.main(["export", "taught", "small.safetensors"]) == 0
    found = load_network("small.safetensors")
    assert weights_hash(found.network.state_dict()) == weights_hash(network_of(1).state_dict())
    assert found.kind == "kr_dl" and found.hammer_points is None
    assert run.main(["export", "small.safetensors", "again.safetensors"]) == 0
    assert (folder / "again.safetensors").read_bytes() == (folder / "small.safetensors").read_bytes()


def test_a_file_is_replaced_only_if_that_is_asked_for(folder, capfd):
    target = folder / "small.safetensors"
    target.write_bytes(b"mine")
    assert run.main(["export", "taught", "small.safetensors"]) == 2
    assert "which exists" in capfd.readouterr().err and target.read_bytes() == b"mine"
    assert run.main(["export", "taught", "small.safetensors", "--force"]) == 0
    own = folder / "taught" / "checkpoints" / "last.safetensors"
    before = own.read_bytes()
    assert run.main(["export", "taught", str(own), "--force"]) == 2
    assert "the run's own" in capfd.readouterr().err and own.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["missing", "a.safetensors"], "run: got 'missing', expected a run folder or a checkpoint"),
        (["taught", "a.bin"], "file: got a.bin, expected a file name ending in .safetensors"),
        (["taught", "no/a.safetensors"], "expected a file in a folder that exists"),
        (["other", "a.safetensors"], "got a checkpoint of kind rig, expected a curling network"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(words, complaint, folder, capfd):
    other = Checkpoint("rig", {"env": "reacher"}, 1, versions(), {"x": 1})
    write_file(folder / "other", b"".join(encode(other)))
    assert run.main(["export", *words]) == 2
    error = capfd.readouterr().err
    assert complaint in error and error.count("\n") == 1 and not list(folder.glob("a.*"))
