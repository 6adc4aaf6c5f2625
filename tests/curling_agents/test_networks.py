"""Networks of every family, their judgements and their files."""

import numpy as np
import pytest
import torch

from agents.curling.compiled.end_step import OUTCOMES
from agents.curling.networks.conditions import FORMER, Conditions, conditions_of, read_conditions
from agents.curling.networks.features import Inputs, inputs_of
from agents.curling.networks.models import load_network, save_network, weights_hash
from agents.curling.networks.network_config import NETWORKS, NetworkConfig
from agents.curling.networks.policy_value import build_network
from agents.curling.player_tokens import pretrained_path
from agents.curling.positions import mover
from agents.curling.search.evaluator import NetworkEvaluator
from agents.curling.search.grid import CELLS
from agents.runs.errors import ConfigError, CorruptFileError, StorageError
from tests.curling_agents.made_positions import parts_of, random_positions, swapped

SMALL_CNN = NetworkConfig("cnn", blocks=2, filters=8)
SMALL = {
    "cnn": SMALL_CNN,
    "cnn_dense": NetworkConfig("cnn", blocks=1, filters=8, policy_head="dense"),
    "deep_sets": NetworkConfig("deep_sets"),
    "separate": NetworkConfig("deep_sets", stone_width=32, width=32, joint=False),
    "attention": NetworkConfig("attention"),
}


def network_of(config, seed=1):
    return build_network(config, generator=torch.Generator().manual_seed(seed)).eval()


def judge_of(config, **options):
    return NetworkEvaluator(network_of(config), parts_of()[2], **options)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_every_network_answers_on_the_grid_and_on_the_scores_and_learns_in_all_its_weights(name):
    network = network_of(SMALL[name]).train()
    policy, value = network(inputs_of(random_positions(12, 0)))
    assert policy.shape == (12, CELLS) and value.shape == (12, OUTCOMES)
    (policy.logsumexp(-1).sum() + value.square().sum()).backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in network.parameters())


def test_the_papers_network_has_its_sizes():
    network = network_of(NETWORKS["cnn"])
    kernels = [weight for weight in network.parameters() if weight.ndim == 4 and weight.shape[-1] == 3]
    assert [tuple(weight.shape[:2]) for weight in kernels] == [(32, 29)] + [(32, 32)] * 18


@pytest.mark.parametrize("name", sorted(SMALL))
def test_weights_come_from_the_generator_alone(name):
    before = torch.random.get_rng_state()
    first, second, other = (network_of(SMALL[name], seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert weights_hash(first) == weights_hash(second) != weights_hash(other)


@pytest.mark.parametrize("name", ["deep_sets", "attention"])
def test_stones_of_a_team_may_come_in_any_order(name):
    inputs, network = inputs_of(random_positions(60, 1)), network_of(SMALL[name])
    order = torch.tensor([3, 1, 0, 2, 7, 6, 5, 4, 8, 15, 14, 13, 9, 10, 11, 12])
    shuffled = inputs._replace(stones=inputs.stones[:, order], in_play=inputs.in_play[:, order])
    with torch.inference_mode():
        for given, expected in zip(network(shuffled), network(inputs), strict=True):
            assert torch.allclose(given, expected, atol=1e-5)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_stones_out_of_play_do_not_matter(name):
    inputs, network = inputs_of(random_positions(60, 2)), network_of(SMALL[name])
    stray = torch.where(inputs.in_play[..., None], inputs.stones, torch.full_like(inputs.stones, 0.7))
    with torch.inference_mode():
        for given, expected in zip(network(Inputs(stray, *inputs[1:])), network(inputs), strict=True):
            assert torch.equal(given, expected)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_judgement_hardly_depends_on_the_batch_and_not_at_all_when_batches_are_filled_up(name):
    """E2: at most 1e-5 apart between batches of 1 and 64."""
    positions = random_positions(64, 3)
    free, padded = judge_of(SMALL[name]), judge_of(SMALL[name], batch=64)
    together, alone = free.judge(positions), free.judge(positions[17:18])
    assert np.abs(together.policy[17] - alone.policy[0]).max() <= 1e-5
    assert np.abs(together.outcomes[17] - alone.outcomes[0]).max() <= 1e-5
    together = padded.judge(np.concatenate([positions, positions[:30]]))
    for rows in (slice(17, 18), slice(40, 63)):
        for whole, part in zip(together, padded.judge(positions[rows]), strict=True):
            assert np.array_equal(whole[rows], part)
    assert together.policy.shape == (94, CELLS)


def test_outcomes_are_team_zeros_and_policies_the_movers():
    positions, judge = random_positions(80, 4), judge_of(SMALL["deep_sets"], batch=80)
    judgement, other = judge.judge(positions), judge.judge(swapped(positions))
    assert 0 < mover(positions).sum() < 80
    assert np.array_equal(judgement.outcomes, other.outcomes[:, ::-1])
    assert np.array_equal(judgement.policy, other.policy)
    with torch.inference_mode():
        _, value = network_of(SMALL["deep_sets"])(inputs_of(positions))
    own = np.where(mover(positions)[:, None] == 0, judgement.outcomes, judgement.outcomes[:, ::-1])
    assert np.array_equal(own, value.softmax(-1).numpy())


def test_half_precision_moves_probabilities_by_less_than_stated():
    positions = random_positions(64, 5)
    for name in ("deep_sets", "attention", "cnn"):
        exact = judge_of(SMALL[name]).judge(positions)
        half = judge_of(SMALL[name], precision="bfloat16").judge(positions)
        assert 0 < np.abs(exact.outcomes - half.outcomes).max() < 0.02
        assert np.abs(exact.policy - half.policy).max() < 0.02
        assert half.policy.dtype == np.float32


@pytest.mark.slow
def test_a_compiled_network_judges_the_same():
    positions = random_positions(64, 6)
    exact = judge_of(SMALL["deep_sets"], batch=64).judge(positions)
    compiled = judge_of(SMALL["deep_sets"], batch=64, compile=True).judge(positions)
    for given, expected in zip(compiled, exact, strict=True):
        assert np.abs(given - expected).max() <= 1e-5


def test_a_network_that_is_not_finite_is_an_error_at_once():
    network = network_of(SMALL["deep_sets"])
    with torch.no_grad():
        network.value[0].weight[3, 4] = float("nan")
    with pytest.raises(FloatingPointError, match="network"):
        NetworkEvaluator(network, parts_of()[2]).judge(random_positions(3, 0))


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_network_comes_back_from_its_file_as_it_was(name, tmp_path):
    network, file = network_of(SMALL[name]), tmp_path / "network.safetensors"
    save_network(file, network, SMALL[name], step=7)
    loaded = load_network(file)
    assert (loaded.config, loaded.step) == (SMALL[name], 7)
    assert weights_hash(loaded.network.state_dict()) == weights_hash(network.state_dict())
    assert not loaded.network.training
    inputs = inputs_of(random_positions(5, 0))
    with torch.inference_mode():
        for given, expected in zip(loaded.network(inputs), network(inputs), strict=True):
            assert torch.equal(given, expected)


def test_a_network_comes_back_with_the_ice_and_the_noise_it_learned_on(tmp_path):
    file, tiny = tmp_path / "network.safetensors", NETWORKS["tiny"]
    for conditions in (Conditions("gat2016", "student_t"), FORMER):
        save_network(file, network_of(tiny), tiny, conditions=conditions)
        assert load_network(file).conditions == read_conditions(file) == conditions
        assert [conditions.hold_in(parts_of(*names)[0]) for names in (conditions, ("gat2016", "none"))] == [
            True,
            False,
        ]


def test_files_that_name_no_ice_are_those_of_former_days():
    assert load_network("kr_drl").conditions == read_conditions(pretrained_path("kr_drl")) == FORMER
    assert conditions_of({"ice": "gat2016"}, {}) == ("gat2016", "dc3")
    assert conditions_of({}, {"learner": {"conditions": {"noise": "none"}}}) == ("fcv1", "none")


def test_a_file_with_an_unknown_ice_is_refused(tmp_path):
    file, tiny = tmp_path / "network.safetensors", NETWORKS["tiny"]
    save_network(file, network_of(tiny), tiny, conditions=Conditions("lake", "dc3"))
    for read in (load_network, read_conditions):
        with pytest.raises(CorruptFileError, match="lake"):
            read(file)


def test_files_that_hold_no_network_are_refused(tmp_path):
    file, tiny = tmp_path / "network.safetensors", NETWORKS["tiny"]
    with pytest.raises(StorageError):
        load_network(file)
    save_network(file, network_of(tiny), NetworkConfig("deep_sets", width=16))
    with pytest.raises(CorruptFileError, match="no network"):
        load_network(file)
    save_network(file, network_of(tiny), tiny)
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)
    with pytest.raises(CorruptFileError, match="SHA-256"):
        load_network(file)


@pytest.mark.parametrize("change", [{"kind": "mlp"}, {"blocks": 0}, {"width": 2.5}, {"heads": 3}])
def test_bad_network_configs_name_the_field(change):
    with pytest.raises((ConfigError, ValueError), match=r"(kind|blocks|width|heads)"):
        NetworkConfig(**change)


@pytest.mark.parametrize("head", ["convolutional", "dense"])
@pytest.mark.parametrize("training", [True, False])
def test_the_papers_network_begins_without_strong_preferences(head, training):
    network = build_network(
        NetworkConfig("cnn", policy_head=head), generator=torch.Generator().manual_seed(1)
    )
    logits, _ = network.train(training)(inputs_of(random_positions(16, 0)))
    chances = logits.softmax(-1)
    entropy = -(chances * chances.clamp_min(1e-30).log()).sum(-1)
    assert (np.log(CELLS) - entropy).max() < 0.5
