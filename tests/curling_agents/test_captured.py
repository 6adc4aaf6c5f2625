"""Networks on a GPU as captured graphs: the answers of the same network called op by op."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from agents.curling.networks.features import Inputs, inputs_of
from agents.curling.networks.network_config import NetworkConfig
from agents.curling.networks.policy_value import build_network
from agents.curling.search.evaluator import NetworkEvaluator
from tests.curling_agents.made_positions import parts_of, random_positions

NETWORKS = {
    "cnn": NetworkConfig("cnn", blocks=2, filters=8),
    "deep_sets": NetworkConfig("deep_sets"),
    "attention": NetworkConfig("attention"),
}


def network_of(name):
    return build_network(NETWORKS[name], generator=torch.Generator().manual_seed(1)).eval()


def judge_of(name, **options):
    return NetworkEvaluator(network_of(name), parts_of()[2], **options)


def test_packed_positions_come_back_as_they_were():
    inputs = inputs_of(random_positions(40, 3))
    for given, expected in zip(Inputs.unpacked(inputs.packed()), inputs, strict=True):
        assert given.dtype == expected.dtype and torch.equal(given, expected)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_a_captured_network_judges_as_the_one_on_the_cpu(name, precision):
    positions = random_positions(150, 3)
    exact = judge_of(name).judge(positions)
    captured = judge_of(name, device="cuda", batch=64, precision=precision).judge(positions)
    bound = {"float32": 2e-3, "bfloat16": 0.02}[precision]
    for given, expected in zip(captured, exact, strict=True):
        assert np.abs(given - expected).max() < bound


@pytest.mark.gpu
def test_a_captured_network_sees_updates_in_place():
    positions, network = random_positions(64, 3), network_of("deep_sets")
    judge = NetworkEvaluator(network, parts_of()[2], device="cuda", batch=64)
    before = judge.judge(positions)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(2.0)
    after = judge.judge(positions)
    eager = NetworkEvaluator(network, parts_of()[2], device="cuda", batch=0).judge(positions)
    assert np.abs(after.outcomes - before.outcomes).max() > 0.01
    assert np.abs(after.outcomes - eager.outcomes).max() < 2e-3


@pytest.mark.gpu
def test_many_threads_get_the_answers_of_one():
    judge = judge_of("cnn", device="cuda", batch=32, precision="bfloat16")
    asked = [random_positions(32, seed) for seed in range(24)]
    alone = [judge.judge(positions) for positions in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(judge.judge, asked))
    for given, expected in zip(together, alone, strict=True):
        assert np.array_equal(given.policy, expected.policy)
        assert np.array_equal(given.outcomes, expected.outcomes)
