"""Laws of the scores over runs: known means, intervals that cover, and runs drawn whole."""

import numpy as np
import pytest

from agents.rig.scores import score


def test_mean_and_interquartile_mean_are_those_of_all_runs_and_goals():
    values = np.arange(16.0).reshape(2, 8)
    found = score(values)
    assert found.mean.estimate == found.student.estimate == 7.5
    assert found.middle.estimate == pytest.approx(np.sort(values.ravel())[4:12].mean())


def test_a_far_goal_moves_the_mean_and_not_the_interquartile_mean():
    values = np.full((3, 10), 0.05)
    values[:, 0] = 5.0
    found = score(values)
    assert found.mean.estimate > 0.5
    assert found.middle.estimate == pytest.approx(0.05)


def test_runs_are_drawn_with_all_their_goals():
    """Runs that agree leave no interval, however much their goals differ."""
    row = np.random.default_rng(0).uniform(size=20)
    found = score(np.stack([row] * 5))
    assert found.mean.low == pytest.approx(found.mean.high)
    assert found.middle.low == pytest.approx(found.middle.high)


def test_a_single_run_has_an_interval_over_its_goals_and_none_of_student():
    found = score(np.random.default_rng(0).uniform(size=(1, 50)))
    assert found.mean.low < found.mean.estimate < found.mean.high
    assert found.student.low is None and found.student.high is None


def test_the_intervals_cover_the_truth_about_as_often_as_they_say():
    """Twenty runs of 5 goals, 100 times: the percentile bootstrap covers some 93 %; bound: 84 to 100 %."""
    rng, covered = np.random.default_rng(1), np.zeros(3)
    for _ in range(100):
        run_effects = rng.normal(size=(20, 1))
        found = score(run_effects + 0.5 * rng.normal(size=(20, 5)))
        covered += [interval.low <= 0.0 <= interval.high for interval in found]
    assert (covered >= 84).all()


def test_bounds_end_where_the_measurement_does():
    found = score(np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])).within(0.0, 1.0)
    assert found.student.high == 1.0 and 0.0 < found.student.low < found.student.estimate == 5 / 6
    assert score(np.ones((1, 3))).within(0.0, 0.5).student.low is None


def test_the_same_values_have_the_same_intervals():
    values = np.random.default_rng(2).uniform(size=(4, 7))
    assert score(values) == score(values.copy())


@pytest.mark.parametrize("values", [np.zeros((0, 3)), np.zeros(3), np.array([[np.nan, 1.0]])])
def test_values_without_runs_or_goals_are_refused(values):
    with pytest.raises(ValueError, match="values: got shape"):
        score(values)
