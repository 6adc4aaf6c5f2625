"""Laws of self-play behind a gate: which network plays, which is kept, and where its weights lie."""

import copy
from dataclasses import replace

import pytest
import torch

from agents.curling.learning import reinforcement
from agents.curling.learning.gate import MatchScore
from agents.curling.learning.reinforcement import build
from agents.curling.networks.models import load_network, weights_hash
from agents.curling.networks.network_config import NetworkConfig
from agents.curling.search.evaluator import LAYOUTS
from agents.curling.seeds import seed_of
from agents.runs.atomic import write_file
from agents.runs.checkpoint import Checkpoint, encode
from agents.runs.config_json import config_to_json
from agents.runs.origin import versions
from tests.curling_agents.tiny_self_play import CONFIG, NETWORK, SEED
from tests.vision_training.tiny import fingerprint

GATED = replace(CONFIG, gate_every=2, gate_games=2, gate_simulations=2)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    torch.set_num_threads(1)


def test_only_a_promoted_network_plays(monkeypatch):
    verdicts = iter(["kept", "promoted"])
    monkeypatch.setattr(reinforcement, "gated_match", lambda *_, **__: (next(verdicts), MatchScore(1, 0, 1)))
    learner = build(replace(GATED, gate_every=1, iterations=2), seed=SEED, device="cpu")
    start = copy.deepcopy(learner.state_dict()["network"])
    training = learner.train()
    assert next(training)["promoted"] == 0.0
    state = learner.state_dict()
    assert fingerprint(state["best"]) == fingerprint(start) != fingerprint(state["network"])
    assert next(training)["promoted"] == 1.0
    state = learner.state_dict()
    assert fingerprint(state["best"]) == fingerprint(state["network"])


def test_a_continued_run_plays_with_the_network_that_was_promoted_last(monkeypatch):
    first_match = int(seed_of(SEED, reinforcement.GATE, 1)) >> 1

    def promoted_once(world, new, best, gate, seed, **_):
        return "promoted" if seed == first_match else "kept", MatchScore(1, 0, 1)

    monkeypatch.setattr(reinforcement, "gated_match", promoted_once)
    config = replace(GATED, gate_every=1)
    whole, first, second = (build(config, seed=SEED, device="cpu") for _ in range(3))
    reports = list(whole.train())
    training = first.train()
    seen = [next(training) for _ in range(2)]
    state = copy.deepcopy(first.state_dict())
    start = second.state_dict()["best"]
    assert len({fingerprint(weights) for weights in (start, state["best"], state["network"])}) == 3
    second.load_state_dict(state)
    assert seen + list(second.train()) == reports


def test_a_match_leaves_the_weights_where_the_captured_updates_of_a_gpu_write_them(monkeypatch):
    monkeypatch.setitem(LAYOUTS, "cpu", torch.channels_last)  # as on a GPU
    network = NetworkConfig("cnn", blocks=1, filters=4)
    config = replace(GATED, network=network, simulations=2, gate_every=1, iterations=1)
    learner = build(config, seed=SEED, device="cpu")
    places = [weight.data_ptr() for weight in learner.network.parameters()]
    (report,) = learner.train()
    assert report["gate_games"] == 2.0 and report["loss"] > 0
    assert [weight.data_ptr() for weight in learner.network.parameters()] == places


def test_the_network_of_a_gated_run_is_the_one_that_won_its_matches(tmp_path, monkeypatch):
    monkeypatch.setattr(reinforcement, "gated_match", lambda *_, **__: ("kept", MatchScore(1, 0, 1)))
    learner = build(replace(GATED, gate_every=1, iterations=1), seed=SEED, device="cpu")
    start = weights_hash(learner.network.state_dict())
    list(learner.train())
    assert weights_hash(learner.network.state_dict()) != start
    config = {"network": config_to_json(NETWORK)}
    checkpoint = Checkpoint("kr_drl", config, 1, versions(), {"learner": learner.state_dict()})
    write_file(tmp_path / "gated.safetensors", b"".join(encode(checkpoint)))
    found = load_network(tmp_path / "gated.safetensors").network
    assert weights_hash(found.state_dict()) == start
