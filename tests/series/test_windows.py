"""Laws of windows: the past only, scaled by the training part only, and nothing that was not seen."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.series.tiny import LENGTH, scaled, series_of, windows_of
from vision.series.events import carried_forward
from vision.series.windows import Windows, measure_scaling, split_events


def changed_from(series, row):
    """The series with every column but the times changed from an event on."""
    rng = np.random.default_rng(9)
    columns = {}
    for name in ("values", "features", "observed", "targets"):
        column = getattr(series, name).copy()
        column[row:] += 1.0 + rng.random(column[row:].shape)
        columns[name] = column
    return replace(series, **columns)


def test_the_parts_follow_each_other_and_leave_no_event_out():
    split = split_events(1000, 60)
    assert (split.training, split.validation, split.test) == (
        range(60, 800),
        range(800, 900),
        range(900, 1000),
    )
    with pytest.raises(ValueError, match="events: got 70, expected more"):
        split_events(70, 60)


def test_no_event_after_the_training_part_moves_the_scaling():
    series = series_of()
    stop = split_events(len(series), LENGTH).training.stop
    scaling, other = (measure_scaling(one, stop) for one in (series, changed_from(series, stop)))
    moved = measure_scaling(changed_from(series, stop - 1), stop)
    for name in ("centre", "spread", "feature_centre", "feature_spread"):
        assert np.array_equal(getattr(scaling, name), getattr(other, name))
        assert not np.array_equal(getattr(scaling, name), getattr(moved, name))


def test_the_training_part_has_mean_zero_and_deviation_one():
    series = series_of()
    stop = split_events(len(series), LENGTH).training.stop
    ready = scaled(series)
    for column in (ready.targets[:stop], ready.inputs[:stop, 1:]):
        assert torch.allclose(column.mean(0), torch.zeros(column.shape[1]), atol=1e-5)
        assert torch.allclose(column.std(0, correction=0), torch.ones(column.shape[1]), atol=1e-4)


@pytest.mark.parametrize("asynchronous", [True, False])
@pytest.mark.parametrize("value_input", ["observed", "clean"])
def test_a_window_does_not_change_with_the_event_that_it_forecasts_or_any_later(asynchronous, value_input):
    series = series_of(asynchronous=asynchronous)
    row = 290
    number = torch.tensor([row - split_events(len(series), LENGTH).test.start])
    before, after = (
        windows_of(one, value_input=value_input)[2](number) for one in (series, changed_from(series, row))
    )
    for one, other in zip(before[:3], after[:3], strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(before[3], after[3])
    earlier = windows_of(changed_from(series, row - 1), value_input=value_input)[2](number)
    assert not torch.equal(before[0], earlier[0]) and not torch.equal(before[1], earlier[1])


def test_a_window_is_the_events_right_before_its_target():
    series = series_of()
    ready = scaled(series)
    windows = Windows(ready, range(50, 60), LENGTH)
    inputs, values, times, targets = windows(torch.tensor([0, 9]))
    for place, row in enumerate((50, 59)):
        past = slice(row - LENGTH, row)
        assert torch.equal(inputs[place], ready.inputs[past])
        assert torch.equal(values[place], ready.values[past])
        assert torch.equal(targets[place], ready.targets[row])
        expected = series.times[past] - series.times[row - LENGTH]
        assert times[place].tolist() == pytest.approx(expected.tolist())
    assert len(windows) == 10 and torch.equal(windows.targets, ready.targets[50:60])


def test_windows_share_the_memory_of_the_series_until_they_are_asked_for():
    ready = scaled(series_of())
    windows = Windows(ready, range(50, 60), LENGTH)
    assert windows.series.inputs is ready.inputs
    assert windows.targets.data_ptr() == ready.targets[50:].data_ptr()


def test_the_fair_input_holds_no_clean_value_and_the_leak_holds_them_all():
    fair, leak = (windows_of(series_of(), value_input=value)[0] for value in ("observed", "clean"))
    inputs, values, _, _ = fair(torch.arange(len(fair)))
    _, clean, _, _ = leak(torch.arange(len(leak)))
    everything = torch.cat([inputs, values], dim=-1)
    alike = ((everything - clean).abs() < 1e-6).float().mean(dim=(0, 1))
    assert alike.max() < 0.05
    truth = fair.series.targets[fair.rows.start - LENGTH : fair.rows.stop - LENGTH]
    assert torch.equal(clean[:, 0], truth)
    assert torch.equal(leak(torch.arange(len(leak)))[0], inputs)


def test_a_value_is_scaled_like_the_quantity_that_it_is_of():
    series = series_of(asynchronous=False)
    ready = scaled(series)
    assert torch.equal(ready.inputs[:, : series.values.shape[1]], ready.targets[:, 1:])


def test_the_last_value_of_each_quantity_is_carried_forward_once_all_are_seen():
    seen, numbers = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([1, 1, 0, 2, 1])
    carried, first = carried_forward(seen, numbers, 3)
    assert first == 3
    assert carried[first:].tolist() == [[3.0, 2.0, 4.0], [3.0, 5.0, 4.0]]
    with pytest.raises(ValueError, match="not all 4 quantities are seen"):
        carried_forward(seen, numbers, 4)


@pytest.mark.parametrize("rows", [range(5, 20), range(50, 301), range(50, 50)])
def test_windows_without_a_past_or_beyond_the_series_are_refused(rows):
    with pytest.raises(ValueError, match="rows: got"):
        Windows(scaled(series_of()), rows, LENGTH)


def test_columns_that_do_not_fit_or_run_backwards_are_refused():
    series = series_of()
    for changes, name in (
        ({"targets": series.targets[:-1]}, "targets"),
        ({"times": series.times[::-1].copy()}, "times"),
        ({"observed": np.full_like(series.observed, np.nan)}, "observed"),
    ):
        with pytest.raises(ValueError, match=f"{name}: got"):
            replace(series, **changes)
