"""Laws of rankings of interactions by weights, against plain loops and networks made by hand."""

import math
from itertools import combinations

import numpy as np
import pytest

from vision.interactions.ranking import (
    MEANS,
    Interaction,
    pair_strengths,
    prune,
    rank_any_order,
    rank_pairs,
    unit_influence,
)

PLAIN_MEANS = {
    "min": min,
    "harmonic": lambda values: len(values) / sum(1 / value for value in values),
    "geometric": lambda values: math.prod(values) ** (1 / len(values)),
    "arithmetic": lambda values: sum(values) / len(values),
    "rms": lambda values: (sum(value**2 for value in values) / len(values)) ** 0.5,
    "max": max,
}


def random_weights(seed, units=7, inputs=6):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(units, inputs)), rng.uniform(0.1, 1.0, units)


def strengths_at_a_unit(row, mean):
    """Every set of two or more inputs -> mean of absolute weights, by exhaustion."""
    sets = (one for size in range(2, len(row) + 1) for one in combinations(range(len(row)), size))
    return {one: PLAIN_MEANS[mean]([abs(row[place]) for place in one]) for one in sets}


def test_every_mean_has_its_plain_reference():
    assert set(MEANS) == set(PLAIN_MEANS)


@pytest.mark.parametrize("mean", MEANS)
def test_the_greedy_ranking_holds_the_strongest_set_of_each_size_at_each_unit(mean):
    for seed in range(5):
        first, influence = random_weights(seed)
        expected = {}
        for row, share in zip(first, influence, strict=True):
            found = strengths_at_a_unit(row, mean)
            for size in range(2, first.shape[1] + 1):
                # Several sets share the greatest maximum: the one of the largest weights is meant.
                of_size = [one for one in found if len(one) == size]
                best = max(of_size, key=lambda one: (found[one], sum(abs(row[place]) for place in one)))
                expected[best] = expected.get(best, 0.0) + share * found[best]
        ranking = rank_any_order(first, influence, mean=mean)
        assert {one.inputs: pytest.approx(one.strength) for one in ranking} == expected
        strengths = [one.strength for one in ranking]
        assert strengths == sorted(strengths, reverse=True)


@pytest.mark.parametrize("mean", MEANS)
def test_the_strength_of_a_pair_is_its_double_loop(mean):
    first, influence = random_weights(3)
    found = pair_strengths(first, influence, mean=mean)
    for one in range(6):
        for other in range(6):
            pairs = ([abs(row[one]), abs(row[other])] for row in first)
            total = sum(share * PLAIN_MEANS[mean](pair) for share, pair in zip(influence, pairs, strict=True))
            assert found[one, other] == pytest.approx(0.0 if one == other else total)


@pytest.mark.parametrize("mean", ["min", "harmonic", "geometric"])
def test_an_input_without_weight_takes_part_in_nothing(mean):
    first, influence = random_weights(1)
    first[:, 2] = 0.0
    assert np.all(pair_strengths(first, influence, mean=mean)[2] == 0.0)
    assert all(one.strength == 0.0 for one in rank_any_order(first, influence, mean=mean) if 2 in one.inputs)


def test_the_influence_is_the_product_of_absolute_weights():
    rng = np.random.default_rng(0)
    second, third, output = rng.normal(size=(4, 5)), rng.normal(size=(3, 4)), rng.normal(size=(1, 3))
    expected = np.zeros(5)
    for i in range(5):
        for j in range(4):
            for k in range(3):
                expected[i] += abs(output[0, k] * third[k, j] * second[j, i])
    assert np.allclose(unit_influence([second, third, output]), expected)
    assert np.allclose(unit_influence([output]), np.abs(output[0]))
    with pytest.raises(ValueError, match="a network of 3 outputs"):
        unit_influence([third])


def test_a_network_made_for_one_interaction_ranks_it_first():
    first = np.zeros((4, 6))
    first[0, [1, 3, 4]] = (2.0, -1.5, 1.5)  # the interaction, at the unit that matters most
    first[1, 0], first[2, 2] = 3.0, -3.0  # single inputs
    first[3, [0, 5]] = (0.1, 0.1)
    influence = unit_influence([np.array([[1.0, 0.5, 0.5, 1.0]])])
    best = prune(rank_any_order(first, influence), most=100)[:2]
    # Its strongest pair has the same strength at this unit, and the whole set comes at once after it.
    assert [one.inputs for one in best] == [(1, 3), (1, 3, 4)]
    assert {one.inputs for one in rank_pairs(pair_strengths(first, influence))[:3]} == {
        (1, 3),
        (1, 4),
        (3, 4),
    }


def test_permuted_inputs_permute_the_rankings():
    first, influence = random_weights(9)
    order = np.random.default_rng(1).permutation(6)
    moved = first[:, order]  # column i is the old order[i]
    found = {tuple(sorted(order[list(one.inputs)])): one.strength for one in rank_any_order(moved, influence)}
    expected = {one.inputs: pytest.approx(one.strength) for one in rank_any_order(first, influence)}
    assert found == expected
    pairs = pair_strengths(first, influence)
    assert np.allclose(pair_strengths(moved, influence), pairs[np.ix_(order, order)])


def test_pruning_drops_subsets_of_stronger_sets_and_nothing_else():
    sets = [(0, 1), (0, 1, 2), (1, 2), (3, 4), (0, 2), (1, 2, 3), (0, 1, 2, 3)]
    ranking = [Interaction(one, 10.0 - place) for place, one in enumerate(sets)]
    kept = [one.inputs for one in prune(ranking, most=100)]
    assert kept == [(0, 1), (0, 1, 2), (3, 4), (1, 2, 3), (0, 1, 2, 3)]
    assert [one.inputs for one in prune(ranking, most=2)] == kept[:2]


def test_pairs_are_ranked_all_and_once():
    strengths = pair_strengths(*random_weights(2))
    ranked = rank_pairs(strengths)
    assert sorted(one.inputs for one in ranked) == list(combinations(range(6), 2))
    assert [one.strength for one in ranked] == sorted(strengths[np.triu_indices(6, 1)], reverse=True)


def test_shapes_and_means_that_do_not_fit_are_refused():
    first, influence = random_weights(0)
    with pytest.raises(ValueError, match=r"first and influence: got \(7, 6\) and \(6,\)"):
        rank_any_order(first, influence[1:])
    with pytest.raises(ValueError, match=r"got \(7, 1\)"):
        pair_strengths(first[:, :1], influence)
    with pytest.raises(ValueError, match="mean: got 'median', expected one of min"):
        pair_strengths(first, influence, mean="median")
