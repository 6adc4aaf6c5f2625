"""Laws of paired differences between groups of runs."""

import numpy as np
import pytest

from agents.runs.comparison import Group
from agents.runs.intervals import Interval, mean_interval
from agents.runs.paired import EQUAL, HIGHER, LOWER, NOT_SHOWN, differences, verdict


def group(label, values, **more):
    """One run per seed, whose last value of `score` is given."""
    rows = [[{"score": 0.0, **more}, {"score": value, **more}] for value in values.values()]
    return Group(label, list(values), rows)


def test_differences_are_taken_seed_by_seed_whatever_the_order():
    baseline = group("a", {1: 10.0, 2: 20.0, 3: 30.0})
    other = group("b", {3: 31.0, 1: 12.0, 9: 99.0, 2: 23.0})
    (found,) = differences(other, baseline, ["score"])
    assert (found.seeds, found.values) == ([1, 2, 3], [2.0, 3.0, 1.0])
    assert found.mean == mean_interval(np.array([2.0, 3.0, 1.0]))


def test_a_spread_that_seeds_share_cancels():
    rng = np.random.default_rng(0)
    shared = rng.normal(0.0, 10.0, 8)
    baseline = group("a", dict(enumerate(shared.tolist())))
    other = group("b", dict(enumerate((shared + 1.0 + rng.normal(0.0, 0.01, 8)).tolist())))
    (found,) = differences(other, baseline, ["score"])
    assert found.mean.low > 0.98 and found.mean.high < 1.02


def test_a_group_minus_itself_is_nothing_and_swapping_turns_the_sign():
    one, other = group("a", {1: 1.0, 2: 4.0}), group("b", {1: 3.0, 2: 5.0})
    assert differences(one, one, ["score"])[0].values == [0.0, 0.0]
    forth, back = differences(one, other, ["score"])[0], differences(other, one, ["score"])[0]
    assert forth.mean.estimate == -back.mean.estimate and forth.mean.low == -back.mean.high


def test_without_common_seeds_or_measurements_there_is_no_difference():
    assert differences(group("a", {1: 1.0}), group("b", {2: 1.0}), ["score"]) == []
    found = differences(group("a", {1: 1.0}, scale=2.0), group("b", {1: 1.0}), ["scale", "score"])
    assert [one.metric for one in found] == ["score"]


@pytest.mark.parametrize(
    ("low", "high", "margin", "expected"),
    [
        (-0.5, 0.9, 1.0, EQUAL),
        (0.1, 0.9, 1.0, EQUAL),
        (-1.0, 1.0, 1.0, EQUAL),
        (0.1, 1.1, 1.0, HIGHER),
        (-1.1, -0.1, 1.0, LOWER),
        (-0.1, 1.1, 1.0, NOT_SHOWN),
        (-0.1, 0.1, 0.0, NOT_SHOWN),
        (0.1, 0.2, 0.0, HIGHER),
        (0.0, 0.0, 0.0, EQUAL),
        (None, None, 1.0, NOT_SHOWN),
    ],
)
def test_equality_is_a_claim_that_needs_an_interval_within_the_margin(low, high, margin, expected):
    assert verdict(Interval(0.0, low, high), margin) == expected
