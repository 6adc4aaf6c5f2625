"""Scores of rankings on cases worked out by hand."""

from itertools import product

import numpy as np
import pytest

from vision.interactions.ranking import Interaction
from vision.interactions.scores import (
    area_under_curve,
    pair_area,
    r_precision,
    top_rank_recall,
    true_pairs,
)

TRUTH = (frozenset({0, 1, 2}), frozenset({2, 3}))


def ranked(*sets):
    return [Interaction(one, 1.0) for one in sets]


def test_the_area_is_the_share_of_pairs_in_order_with_ties_halved():
    scores = np.array([3.0, 2.0, 2.0, 1.0])
    labels = np.array([True, False, True, False])
    # Pairs: 3>2, 3>1, 2=2, 2>1.
    assert area_under_curve(scores, labels) == pytest.approx(3.5 / 4)
    assert area_under_curve(-scores, labels) == pytest.approx(0.5 / 4)
    assert area_under_curve(np.zeros(4), labels) == 0.5


def test_the_area_is_that_of_the_double_loop_on_many_ties():
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores, labels = rng.integers(0, 5, 30).astype(float), rng.random(30) < 0.3
        labels[:2] = (True, False)
        pairs = list(product(scores[labels], scores[~labels]))
        expected = sum((high > low) + (high == low) / 2 for high, low in pairs) / len(pairs)
        assert area_under_curve(scores, labels) == pytest.approx(expected)


def test_an_area_needs_both_classes():
    with pytest.raises(ValueError, match="2 positive and 0 negative"):
        area_under_curve(np.zeros(2), np.ones(2, dtype=bool))


def test_a_pair_is_true_if_it_lies_in_a_true_interaction():
    table = true_pairs(TRUTH, 5)
    found = {(row, column) for row, column in np.argwhere(table).tolist() if row < column}
    assert found == {(0, 1), (0, 2), (1, 2), (2, 3)}
    assert np.array_equal(table, table.T) and not table.diagonal().any()


def test_pairs_in_the_order_of_truth_have_area_one_and_one_mistake_costs_its_share():
    strengths = true_pairs(TRUTH, 5).astype(float)
    assert pair_area(strengths, TRUTH) == 1.0
    strengths[0, 4] = strengths[4, 0] = 2.0  # one of six false pairs stands above all four true ones
    assert pair_area(strengths, TRUTH) == pytest.approx(1 - 4 / 24)


@pytest.mark.parametrize(
    ("sets", "precision", "recall"),
    [
        ([(0, 1, 2), (2, 3)], 1.0, 1.0),
        ([(2, 3), (0, 1), (1, 2), (0, 1, 2)], 1.0, 1.0),  # subsets of a true one do not count
        ([(2, 3), (3, 4), (0, 1, 2)], 0.5, 0.5),
        ([(3, 4), (2, 3), (0, 1, 2)], 0.5, 0.0),
        ([(0, 1, 2, 3), (0, 4)], 0.0, 0.0),  # a superset of a true one is false
        ([(0, 1), (1, 2)], 0.0, 0.0),
        ([], 0.0, 0.0),
    ],
)
def test_rankings_of_any_order_have_the_scores_of_their_first_mistakes(sets, precision, recall):
    assert r_precision(ranked(*sets), TRUTH) == precision
    assert top_rank_recall(ranked(*sets), TRUTH) == recall
