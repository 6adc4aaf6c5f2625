"""Laws of the artificial series: gaps, sources, noise, and what an event shows."""

import numpy as np
import pytest

from tests.series.tiny import series_of
from vision.series.generator import (
    autoregression,
    disturb,
    generate,
    noise_size,
    source_shares,
    waiting_times,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_events_are_two_steps_apart_or_more_with_the_mean_of_a_rounded_exponential():
    """E[1 + ceil(X)] is 1 + 1 / (1 - exp(-1/2)); the bound is five standard errors."""
    gaps = waiting_times(40_000, rng())
    expected = 1 + 1 / (1 - np.exp(-0.5))
    assert gaps.min() == 2
    assert gaps.mean() == pytest.approx(expected, abs=5 * gaps.std() / 200)


def test_each_source_is_seen_a_tenth_more_often_than_the_one_before():
    shares = source_shares(16)
    assert shares.sum() == pytest.approx(1.0)
    assert np.allclose(shares[1:] / shares[:-1], 1.1)
    seen = np.bincount(series_of(40_000, 16).sources, minlength=16) / 40_000
    assert np.abs(seen - shares).max() < 5 * (0.11 / 40_000) ** 0.5


def test_noise_halves_after_the_first_source_and_then_after_every_eighth():
    assert [noise_size(source) for source in (0, 1, 8, 9, 16, 17)] == [1, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_the_four_kinds_of_noise_take_turns():
    truth = np.linspace(1.0, 2.0, 20_000)
    added, multiplied, gaussian, stretched = (disturb(truth, source, rng(source)) for source in (4, 5, 6, 7))
    assert np.allclose(np.unique(np.round(added - truth, 9)), [-0.5, 0.5])
    assert np.allclose(np.unique(np.round(multiplied / truth, 9)), [0.5, 1.5])
    assert (gaussian - truth).std() == pytest.approx(0.5, rel=0.03)
    assert (stretched / truth).std() == pytest.approx(0.5, rel=0.03)
    share = np.mean([np.mean(disturb(truth, 4, rng(seed)) > truth) for seed in range(400)])
    assert share == pytest.approx(0.5, abs=5 * (1 / 12 / 400) ** 0.5)


def test_the_process_is_standardised_and_follows_its_coefficients():
    coefficients, values = autoregression(30_000, rng=rng(1))
    assert coefficients.sum() == pytest.approx(0.999)
    assert values.mean() == pytest.approx(0.0, abs=1e-9) and values.std() == pytest.approx(1.0)
    past = np.lib.stride_tricks.sliding_window_view(values[:-1], 10)
    fitted, *_ = np.linalg.lstsq(np.column_stack([past, np.ones(len(past))]), values[10:], rcond=None)
    assert np.abs(fitted[:10] - coefficients).max() < 5 / 30_000**0.5


def test_an_asynchronous_event_shows_one_source_and_never_the_process_itself():
    series = series_of()
    assert series.values.shape == (300, 1) and series.features.shape == (300, 5)
    assert np.array_equal(series.features[:, :4].sum(1), np.ones(300))
    assert np.array_equal(series.features[:, :4].argmax(1), series.sources)
    assert np.array_equal(np.diff(series.times), series.features[1:, 4])
    assert np.array_equal(series.observed, series.values)
    assert (np.abs(series.observed - series.targets) > 0).mean() > 0.99


def test_a_synchronous_event_shows_all_sources_and_their_mean_stands_for_the_process():
    series = series_of(asynchronous=False)
    assert series.values.shape == (300, 4) and series.targets.shape == (300, 5)
    assert np.array_equal(series.observed[:, 1:], series.targets[:, 1:])
    assert np.allclose(series.observed[:, 0], series.values.mean(1))
    assert series.source_names == ()


def test_a_series_depends_on_its_generator_alone():
    one, same, other = series_of(seed=3), series_of(seed=3), series_of(seed=4)
    assert np.array_equal(one.values, same.values) and np.array_equal(one.times, same.times)
    assert not np.array_equal(one.values, other.values)


@pytest.mark.parametrize(("events", "sources"), [(0, 4), (10, 0)])
def test_a_series_without_events_or_sources_is_refused(events, sources):
    with pytest.raises(ValueError, match="events and sources: got"):
        generate(events, sources, asynchronous=True, rng=rng())
