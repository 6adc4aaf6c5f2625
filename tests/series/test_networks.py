"""Laws of the forecasting networks: SOCNN's formula, its loss, and what every network keeps to."""

import math

import numpy as np
import pytest
import torch

from tests.series.tiny import LENGTH, series_of, windows_of
from vision.series.forecast import Forecast, ForecastError, forecast_windows
from vision.series.layers import EventConvolution
from vision.series.model_config import FIELDS, ForecasterConfig
from vision.series.models import create_forecaster, list_forecasters
from vision.series.phased_lstm import LEAK, OPEN_SHARE

INPUTS, TARGETS, BATCH = 3, 2, 5


def sized(name, **changes):
    sizes = {"layers": 3, "filters": 4, "units": 5}
    own = {field: value for field, value in sizes.items() if field in FIELDS[name]}
    return ForecasterConfig(name, **(own | changes))


def network(name="socnn", *, seed=0, length=LENGTH, **changes):
    config = sized(name, **changes)
    return create_forecaster(config, inputs=INPUTS, targets=TARGETS, length=length, seed=seed)


def batch(seed=0, length=LENGTH):
    generator = torch.Generator().manual_seed(seed)
    shapes = ((BATCH, length, INPUTS), (BATCH, length, TARGETS), (BATCH, length), (BATCH, TARGETS))
    inputs, values, gaps, targets = (torch.randn(shape, generator=generator) for shape in shapes)
    return inputs, values, gaps.abs().cumsum(1), targets


def untied(model):
    """The network with random final weights, for they start equal."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        model.lag_weights.copy_(torch.randn(model.lag_weights.shape, generator=generator))
        if model.bias is not None:
            model.bias.copy_(torch.randn(model.bias.shape, generator=generator))
    return model.eval()


def convolved(block, columns):
    """A block in evaluation mode, event by event and channel by channel: columns are [channel][event]."""
    layer, norm = (part.requires_grad_(False) for part in block[:2])
    weight, reach = layer.weight.detach().numpy(), layer.weight.shape[2] // 2
    events = len(columns[0])
    result = []
    for channel in range(len(weight)):
        line = []
        for event in range(events):
            total = float(layer.bias[channel])
            for before in range(len(columns)):
                for place in range(weight.shape[2]):
                    source = event + place - reach
                    if 0 <= source < events:
                        total += float(weight[channel, before, place]) * columns[before][source]
            deviation = math.sqrt(float(norm.running_var[channel]) + norm.eps)
            total = (total - float(norm.running_mean[channel])) / deviation
            total = total * float(norm.weight[channel]) + float(norm.bias[channel])
            line.append(total if total > 0 else 0.1 * total)
        result.append(line)
    return result


def socnn_by_hand(model, inputs, values, *, softmax, shared):
    """The formula of the paper in plain loops for one window of [event][channel] lists."""
    significance = offset = [list(column) for column in zip(*inputs, strict=True)]
    for block in model.significance:
        significance = convolved(block, significance)
    for block in model.offset:
        offset = convolved(block, offset)
    forecasts = []
    for target in range(TARGETS):
        positive = [math.exp(s) if softmax else math.log1p(math.exp(s)) for s in significance[target]]
        total = 0.0 if shared else float(model.bias.detach()[target])
        for lag in range(len(inputs)):
            weight = LENGTH * float(model.lag_weights.detach()[0 if shared else target, lag])
            adjusted = values[lag][target] + offset[target][lag]
            total += weight * positive[lag] / sum(positive) * adjusted
        forecasts.append(total)
    return forecasts


@pytest.mark.parametrize("weighting", ["softmax", "softplus"])
@pytest.mark.parametrize("shared", [False, True])
def test_socnn_is_its_formula_in_plain_loops(weighting, shared):
    model = network(weighting=weighting, shared_weights=shared, offset_layers=2)
    inputs, values, times, _ = batch()
    for _ in range(3):
        model(inputs, values, times)  # gives batch normalisation statistics that are not trivial
    with torch.no_grad():
        found = untied(model)(inputs, values, times).values
    for window in range(BATCH):
        expected = socnn_by_hand(
            model,
            inputs[window].tolist(),
            values[window].tolist(),
            softmax=weighting == "softmax",
            shared=shared,
        )
        assert found[window].tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("weighting", ["softmax", "softplus"])
def test_significances_are_positive_and_sum_to_one_over_the_window(weighting):
    weights = network(weighting=weighting).weights(batch()[0])
    assert weights.shape == (BATCH, LENGTH, TARGETS) and bool((weights > 0).all())
    assert torch.allclose(weights.sum(1), torch.ones(BATCH, TARGETS), atol=1e-6)
    assert float(weights.std(1).min().detach()) > 1e-3


def test_an_untrained_socnn_follows_a_shift_of_its_value_inputs():
    """The final weights are one at the start, and the significances sum to one."""
    model = network().eval()
    inputs, values, times, _ = batch()
    with torch.no_grad():
        moved = model(inputs, values + 3.0, times).values - model(inputs, values, times).values
    assert torch.allclose(moved, torch.full_like(moved, 3.0), atol=1e-5)


def test_the_offset_of_an_event_depends_on_this_event_alone():
    model = network(offset_layers=3).eval()
    inputs, values, times, _ = batch()
    changed = inputs.clone()
    changed[:, 2] += 1.0
    with torch.no_grad():
        adjusted, other = (model(one, values, times).adjusted for one in (inputs, changed))
    moved = (adjusted - other).abs().amax(dim=(0, 2)) > 0
    assert moved.tolist() == [event == 2 for event in range(LENGTH)]


def test_the_loss_adds_the_mean_error_of_the_adjusted_values_times_its_weight():
    inputs, values, times, targets = batch()
    forecast, adjusted = values[:, 0] * 0.5, values + 1.0
    part = (inputs, values, times, targets)
    loss, measured = ForecastError(0.3)(lambda *_: Forecast(forecast, adjusted), part, None)
    first = second = 0.0
    for window in range(BATCH):
        for target in range(TARGETS):
            truth = float(targets[window, target])
            first += (float(forecast[window, target]) - truth) ** 2 / (BATCH * TARGETS)
            for event in range(LENGTH):
                error = float(adjusted[window, event, target]) - truth
                second += error**2 / (BATCH * TARGETS * LENGTH)
    assert float(loss) == pytest.approx(first + 0.3 * second, rel=1e-5)
    assert float(measured["training_mse"]) == pytest.approx(first, rel=1e-5)
    assert float(measured["adjusted_mse"]) == pytest.approx(second, rel=1e-5)


def test_without_an_auxiliary_weight_the_loss_is_the_error_alone():
    inputs, values, times, targets = batch()
    part = (inputs, values, times, targets)
    loss, measured = ForecastError()(lambda *_: Forecast(targets + 2.0), part, None)
    assert float(loss) == pytest.approx(4.0, rel=1e-5) and list(measured) == ["training_mse"]


def test_weights_beyond_the_limit_act_as_if_scaled_down_to_it():
    layer = EventConvolution(2, 3, 3, max_norm=1.0, generator=torch.Generator().manual_seed(0))
    features = torch.randn(4, 2, 7, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        layer.weight.mul_(0.2 / layer.weight.flatten(1).norm(dim=1)[:, None, None])
        small = layer(features)
        layer.weight.mul_(3.0)
        assert torch.allclose(layer(features), 3.0 * small, atol=1e-5)
        layer.weight.mul_(100.0)
        assert torch.allclose(layer(features), 5.0 * small, atol=1e-5)


@pytest.mark.parametrize("name", list_forecasters())
def test_every_network_forecasts_each_target_of_each_window_by_itself(name):
    model = network(name).eval()
    columns = batch()[:3]
    with torch.no_grad():
        forecasts = model(*columns).values
        alone = torch.cat([model(*(one[i : i + 1] for one in columns)).values for i in range(BATCH)])
    assert forecasts.shape == (BATCH, TARGETS)
    assert torch.allclose(forecasts, alone, atol=1e-5)


@pytest.mark.parametrize("name", list_forecasters())
def test_every_network_reads_both_inputs_and_learns_all_its_weights(name):
    model = network(name)
    inputs, values, times, targets = batch()
    inputs.requires_grad_(), values.requires_grad_()
    loss, _ = ForecastError()(model, (inputs, values, times, targets), None)
    loss.backward()
    assert float(inputs.grad.abs().max()) > 0 and float(values.grad.abs().max()) > 0
    for weights in model.parameters():
        assert weights.grad is not None and bool(weights.grad.isfinite().all())


@pytest.mark.parametrize("name", list_forecasters())
def test_the_weights_of_a_network_depend_on_its_seed_alone(name):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, same, other = network(name, seed=1), network(name, seed=1), network(name, seed=2)
    assert torch.equal(before, torch.random.get_rng_state())
    states = [torch.cat([value.flatten() for value in model.parameters()]) for model in (one, same, other)]
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])


def test_a_name_alone_means_the_default_sizes_and_an_unknown_one_is_refused():
    assert list_forecasters() == list(FIELDS)
    model = create_forecaster("socnn", inputs=INPUTS, targets=TARGETS, length=LENGTH)
    assert len(model.significance) == 10 and len(model.offset) == 1
    with pytest.raises(ValueError, match=r"ForecasterConfig\.name: got 'gru', expected one of socnn"):
        create_forecaster("gru", inputs=INPUTS, targets=TARGETS, length=LENGTH)


def test_only_the_phased_network_looks_at_the_times():
    inputs, values, times, _ = batch()
    for name in list_forecasters():
        model = network(name).eval()
        with torch.no_grad():
            same = torch.equal(model(inputs, values, times).values, model(inputs, values, 1.7 * times).values)
        assert same == (name != "phased_lstm")


def test_a_phased_unit_opens_and_closes_once_a_period():
    model = network("phased_lstm").eval()
    period, shift = model.log_period.exp().detach(), model.shift.detach()
    phases = torch.tensor([0.0, OPEN_SHARE / 4, OPEN_SHARE / 2, 0.75 * OPEN_SHARE, 0.5, 0.9])
    for unit in range(5):
        times = (shift[unit] + period[unit] * (3.0 + phases)).unsqueeze(0)
        gates = model.openness(times)[0, :, unit].detach()
        assert gates[1:].tolist() == pytest.approx([0.5, 1.0, 0.5, 0.0, 0.0], abs=2e-3)
        leaking = model.train().openness(times)[0, 4:, unit].detach()
        assert leaking.tolist() == pytest.approx([LEAK * 0.5, LEAK * 0.9], rel=1e-2)
        model.eval()


def test_a_residual_network_adds_what_a_plain_one_leaves_out():
    plain, residual = (network(name, layers=6, length=12).eval() for name in ("cnn", "resnet"))
    residual.load_state_dict(plain.state_dict())
    inputs, values, times, _ = batch(length=12)
    with torch.no_grad():
        assert not torch.allclose(plain(inputs, values, times).values, residual(inputs, values, times).values)
        for block in residual.blocks[2:]:
            block[1].weight.zero_()
        kept = residual(inputs, values, times).values
        changed = residual(inputs + 1.0, values, times).values
    assert not torch.allclose(kept, changed)  # the first two blocks' features still arrive


def test_a_window_too_short_to_be_pooled_is_refused():
    with pytest.raises(ValueError, match="layers: got 9, expected fewer"):
        network("cnn", layers=9)
    with pytest.raises(ValueError, match="length: got 0"):
        network(length=0)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("socnn", "layers", 0),
        ("socnn", "kernels", ()),
        ("socnn", "weighting", "mean"),
        ("socnn", "auxiliary", -1.0),
        ("cnn", "dropout", 1.0),
        ("cnn", "auxiliary", 0.1),
        ("linear", "layers", 3),
        ("lstm", "dropout", 0.2),
    ],
)
def test_a_size_out_of_range_or_of_another_network_is_named(name, field, value):
    with pytest.raises(ValueError, match=rf"ForecasterConfig\.{field}: got "):
        ForecasterConfig(name, **{field: value})


def test_forecasts_of_many_windows_do_not_depend_on_the_batch():
    windows = windows_of(series_of())[2]
    sizes = {"inputs": windows.series.inputs.shape[1], "targets": 1, "length": LENGTH}
    model = create_forecaster(sized("socnn"), **sizes)
    one, other = forecast_windows(model, windows, batch=7), forecast_windows(model, windows)
    assert one.shape == (len(windows), 1) and np.allclose(one, other, atol=1e-6)
