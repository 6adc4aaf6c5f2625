"""Laws of the simple forecasts, and of errors with their intervals."""

import numpy as np
import pytest
import torch

from agents.series.evaluation import Trained, significance
from agents.series.learner import build
from tests.series.tiny import LENGTH, series_of, small, windows_of
from vision.series.baselines import forecast_last, forecast_ridge
from vision.series.evaluate import BLOCK, estimate_in_blocks, report, weight_by_source


def rng(seed=0):
    return np.random.default_rng(seed)


def flattened(windows, regressors):
    inputs, values, _, targets = windows(torch.arange(len(windows)))
    rows = values if regressors == "values" else torch.cat([inputs, values], dim=-1)
    return rows.flatten(1).double().numpy(), targets.double().numpy()


def test_persistence_is_the_value_known_right_before_the_target():
    windows = windows_of(series_of())[2]
    _, values, _, _ = windows(torch.arange(len(windows)))
    assert np.array_equal(forecast_last(windows), values[:, -1].numpy())


@pytest.mark.parametrize("regressors", ["values", "all"])
def test_ridge_is_the_penalised_least_squares_of_the_best_penalty(regressors):
    parts = windows_of(series_of(600))
    (rows, truth), (checked, wanted), (tested, _) = (flattened(part, regressors) for part in parts)
    mean, centre = rows.mean(0), truth.mean(0)
    errors, forecasts = [], []
    for penalty in (1e-2, 1.0, 1e2, 1e4):
        # a penalty is so many further rows of zero targets
        padded = np.vstack([rows - mean, penalty**0.5 * np.eye(rows.shape[1])])
        zeros = np.zeros((rows.shape[1], truth.shape[1]))
        weights, *_ = np.linalg.lstsq(padded, np.vstack([truth - centre, zeros]), rcond=None)
        errors.append((((checked - mean) @ weights + centre - wanted) ** 2).mean())
        forecasts.append((tested - mean) @ weights + centre)
    found = forecast_ridge(*parts, regressors=regressors)
    assert np.allclose(found, forecasts[int(np.argmin(errors))], atol=1e-6)


def test_errors_are_means_over_events_and_targets():
    truth = rng().standard_normal((200, 3))
    found = report(truth + np.array([0.0, 1.0, -2.0]), truth, rng=rng())
    assert found.mse.mean == pytest.approx(5 / 3) and found.mae.mean == pytest.approx(1.0)
    assert found.mse.low == pytest.approx(5 / 3) == found.mse.high and found.mse.count == 200


def test_errors_that_come_in_runs_get_wider_intervals_than_the_same_errors_shuffled():
    values = np.repeat(rng().standard_normal(40) ** 2, BLOCK)
    runs, shuffled = (estimate_in_blocks(one, rng(1)) for one in (values, rng(2).permutation(values)))
    assert runs.mean == pytest.approx(shuffled.mean)
    assert runs.high - runs.low > 4 * (shuffled.high - shuffled.low)


def test_the_interval_of_independent_errors_covers_their_mean_as_often_as_it_says():
    """95 % of 200 series; the bound is five standard errors below, for blocks are few."""
    covered = 0
    for seed in range(200):
        found = estimate_in_blocks(rng(seed).standard_normal(1000), rng(seed))
        covered += found.low < 0.0 < found.high
    assert 0.95 - 5 * (0.05 * 0.95 / 200) ** 0.5 < covered / 200 <= 1.0


def test_a_few_errors_make_ten_short_blocks_or_are_drawn_one_by_one():
    """A tenth of 30 errors is 3: with runs of 3 the interval is that of their means."""
    values = rng().standard_normal(10)
    found, by_runs = estimate_in_blocks(values, rng(1)), estimate_in_blocks(np.repeat(values, 3), rng(1))
    spread = 4 * values.std() / 10**0.5  # two standard errors to either side
    for one in (found, by_runs):
        assert one.low < one.mean < one.high and 0.6 * spread < one.high - one.low < 1.2 * spread
    assert estimate_in_blocks(np.array([1.0, 2.0, 6.0]), rng()).low < 3.0


def test_the_weight_of_a_source_is_the_mean_share_of_its_events_beside_an_average_one():
    weights = np.array([[[0.5], [0.3], [0.2]], [[0.1], [0.6], [0.3]]])
    sources = np.array([[0, 1, 1], [1, 0, 1]])
    found = weight_by_source(weights, sources, 3)[:, 0]
    assert found[:2].tolist() == pytest.approx([3 * (0.5 + 0.6) / 2, 3 * (0.3 + 0.2 + 0.1 + 0.3) / 4])
    assert np.isnan(found[2])


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="forecasts and targets: got"):
        report(np.zeros((3, 2)), np.zeros((3, 1)), rng=rng())
    with pytest.raises(FloatingPointError, match="not finite"):
        report(np.full((3, 1), np.nan), np.zeros((3, 1)), rng=rng())


def test_what_each_source_counts_is_summed_over_the_events_before_each_target():
    learner = build(small(), seed=1, device="cpu")
    found = significance(Trained(learner.network.eval(), learner.config, learner._data, 1))
    data = learner._data
    sums, events = np.zeros((4, 1)), np.zeros((4, 1))
    for number, row in enumerate(data.test.rows):
        for lag in range(LENGTH):
            source = data.series.sources[row - LENGTH + lag]
            sums[source] += found.shares[number, lag]
            events[source] += 1
    assert np.allclose(found.by_source, LENGTH * sums / events, rtol=1e-5)
