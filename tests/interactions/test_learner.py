"""Laws of the kind `interactions`: it finds what is there, goes on bit by bit, and refuses what is wrong."""

import copy
from dataclasses import replace

import pytest
import torch

from agents.interactions.config import InteractionsConfig
from agents.interactions.cutoff import find_cutoff, fit_additive
from agents.interactions.learner import build
from agents.interactions.presets import PRESETS
from agents.runs.kinds import KINDS
from agents.runs.tables import TABLES
from tests.interactions.tiny import TINY
from tests.vision_training.tiny import fingerprint
from vision.interactions.ranking import Interaction

RESUMED = [
    replace(TINY, network="mlp_m"),
    replace(TINY, function="suite", epochs=2, rows=60, interval_epochs=0.5),
]


def test_a_short_run_finds_most_interactions_of_f8():
    """A pair in f8 interacts in a third of all cases; a ranking by chance has an area of one half."""
    config = InteractionsConfig(function="f8", rows=1500, hidden=(40, 20), epochs=12, batch=30, l1=2e-4)
    *_, report = build(config, seed=1, device="cpu").train()
    assert report["pair_auc"] > 0.9 and report["r_precision"] >= 0.5
    assert report["test_rmse"] < 0.3


@pytest.mark.parametrize("config", RESUMED, ids=["mlp_m", "suite"])
def test_a_resumed_run_ends_bit_equal(config):
    whole = build(config, seed=1, device="cpu")
    expected = list(whole.train())
    first = build(config, seed=1, device="cpu")
    begun = next(first.train())
    second = build(config, seed=1, device="cpu")
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert [begun, *second.train()] == expected
    assert len(expected) == config.intervals
    assert fingerprint(second.state_dict()) == fingerprint(whole.state_dict())


def test_a_state_of_another_seed_is_refused():
    learner, other = (build(TINY, seed=seed, device="cpu") for seed in (1, 2))
    with pytest.raises(ValueError, match="seed: got 2, expected 1"):
        learner.load_state_dict(other.state_dict())


def test_the_suite_reports_the_area_of_each_function_and_their_mean():
    report = next(build(RESUMED[1], seed=1, device="cpu").train())
    areas = [report[f"f{number}_pair_auc"] for number in range(1, 11)]
    assert report["pair_auc"] == pytest.approx(sum(areas) / 10)
    assert "f5_pair_auc" not in next(build(TINY, seed=1, device="cpu").train())


def test_the_rate_falls_by_its_factor_after_every_pass():
    rates = [report["rate"] for report in build(replace(TINY, decay=0.5), seed=1, device="cpu").train()]
    assert rates == pytest.approx([0.005, 0.0025, 0.00125, 0.00125])
    constant = replace(TINY, decay=1.0)
    assert {report["rate"] for report in build(constant, seed=1, device="cpu").train()} == {0.01}


def test_the_table_shows_what_a_suite_reports():
    report = next(build(RESUMED[1], seed=1, device="cpu").train())
    assert set(TABLES["interactions"].metrics) <= set(report)


def test_networks_of_one_seed_learn_from_the_same_rows():
    first, second = (build(replace(TINY, network=kind), seed=3, device="cpu") for kind in ("mlp", "mlp_m"))
    for name, part in first.problem.parts.items():
        assert torch.equal(part.inputs, second.problem.parts[name].inputs)


def test_building_and_training_leave_the_global_generator_alone():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    next(build(TINY, seed=1, device="cpu").train())
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_best_checkpoint_is_that_of_the_lowest_validation_loss():
    kind = KINDS["interactions"]
    assert (kind.best_metric, kind.best_is_lowest) == ("validation_loss", True)
    assert kind.best_metric in next(build(TINY, seed=1, device="cpu").train())


def test_the_cutoff_adds_interactions_in_order_until_the_loss_is_reached():
    ranking = [Interaction(one, 1.0) for one in [(0, 1), (2, 3), (0, 2), (1, 3)]]
    asked = []

    def loss_with(sets):
        asked.append(list(sets))
        return 1.0 / (1 + len(sets))

    found = find_cutoff(ranking, loss_with, target=0.4, most=4)
    assert asked == [[], [(0, 1)], [(0, 1), (2, 3)]]
    assert found.sets == ((0, 1), (2, 3)) and found.reached
    assert found.losses == pytest.approx((1.0, 0.5, 1 / 3))
    assert not find_cutoff(ranking, loss_with, target=0.4, most=1).reached


def test_an_additive_fit_with_the_true_interactions_predicts_better_than_without():
    config = replace(TINY, function="f8", rows=500, epochs=12, network="mlp_m")
    learner = build(config, seed=1, device="cpu")
    (truth,) = learner.problem.truths
    sets = [tuple(sorted(one)) for one in truth]
    losses = [
        fit_additive(learner.problem, config, chosen, device="cpu", seed=1)
        for chosen in ([], sets, [*sets, sets[1][:2]])
    ]
    assert losses[1] < 0.7 * losses[0]
    assert losses[2] == losses[1]  # a pair inside a set adds nothing


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"dataset": "bike"}, "dataset"),
        ({"data": "somewhere"}, "data"),
        ({"l1": -1.0}, "l1"),
        ({"hidden": ()}, "hidden"),
        ({"decay": 0.0}, "decay"),
        ({"epochs": 1e5}, "epochs"),
    ],
)
def test_a_field_out_of_range_is_named(changes, field):
    with pytest.raises(ValueError, match=rf"InteractionsConfig\.{field}: got "):
        replace(TINY, **changes)


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        (InteractionsConfig(), "function: got nothing, expected f1 to f10, suite, or a dataset"),
        (InteractionsConfig(dataset="bike"), "data: got nothing, expected the folder of the data set bike"),
    ],
)
def test_a_run_without_something_to_fit_says_what_is_missing(config, complaint):
    with pytest.raises(ValueError, match=complaint):
        build(config, seed=1, device="cpu")


def test_presets_are_of_both_networks_and_alike_but_for_that():
    for prefix in ("paper", "suite"):
        assert replace(PRESETS[f"{prefix}_mlp"], network="mlp_m") == PRESETS[f"{prefix}_mlp_m"]
