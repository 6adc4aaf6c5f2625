"""Laws of the supervised loop."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.vision_training.tiny import (
    CONFIG,
    PLAIN,
    fingerprint,
    striped_images,
    tiny_fit,
    tiny_network,
    with_optimizer,
    with_schedule,
)
from vision.averaging import WeightAverage
from vision.fit import NonFiniteError
from vision.fit_config import FitConfig, OptimizerConfig
from vision.images.augment import normalize
from vision.images.augment_config import Normalization
from vision.images.classification import CrossEntropy, ImageBatches
from vision.sample_order import SampleOrder
from vision.schedules import ScheduleConfig, updates

NORMALIZATION = Normalization((0.3,), (0.2,))
OPTIMIZERS = ["sgd", "momentum", "nesterov", "adam", "adamw"]


class Recording:
    """Fetches as `ImageBatches` does and remembers which samples were asked for."""

    def __init__(self, data):
        self.batches = ImageBatches(data, PLAIN, NORMALIZATION)
        self.seen = []

    def __call__(self, indices, generator):
        self.seen.append(indices)
        return self.batches(indices, generator)


@pytest.mark.parametrize("kind", ["decay_rate", "increase_batch", "increased_momentum"])
def test_every_epoch_shows_every_sample_once_whatever_the_schedule(kind):
    data = striped_images(50)
    fetch = Recording(data)
    list(tiny_fit(with_schedule(kind=kind, epochs=3), data=data, fetch=fetch).train())
    stream = torch.cat(fetch.seen)
    assert len(stream) == 150
    for epoch in stream.split(50):
        assert sorted(epoch.tolist()) == list(range(50))


def test_the_order_of_samples_does_not_depend_on_the_batches():
    order = SampleOrder(7, seed=1)
    whole = SampleOrder(7, seed=1).take(0, 30)
    position, parts = 0, []
    for length in (3, 9, 1, 17):
        parts.append(order.take(position, length))
        position += length
    assert torch.equal(torch.cat(parts), whole)
    assert not torch.equal(whole, SampleOrder(7, seed=2).take(0, 30))


def test_updates_use_the_rates_momenta_and_batches_of_the_schedule():
    config = with_schedule(kind="increased_momentum", raised_momentum=0.95, rate_boost=1.5, max_batch=40)
    fit = tiny_fit(config)
    walked = []
    for _, setting in updates(config.plan, 50):
        before = fit.samples
        fit.advance()
        group = fit.optimizer.param_groups[0]
        walked.append((group["lr"], group["momentum"], fit.samples - before))
        assert walked[-1] == (setting.rate, setting.momentum, setting.batch)
    assert fit.finished
    assert len({batch for _, _, batch in walked}) > 2


@pytest.mark.parametrize("epochs", [1, 2.5, 4])
@pytest.mark.parametrize("interval", [0.1, 0.4, 1.0, 3.0])
def test_a_run_reports_once_per_interval_even_if_a_batch_passes_several(epochs, interval):
    config = replace(with_schedule(epochs=epochs, max_batch=64, factor=8), interval_epochs=interval)
    reports = list(tiny_fit(config).train())
    assert len(reports) == config.intervals
    assert reports[-1]["samples"] == round(50 * epochs)
    assert all(math.isfinite(value) for report in reports for value in report.values())


def test_a_run_of_less_than_one_sample_is_refused():
    with pytest.raises(ValueError, match=r"epochs: got 0\.001, expected at least one of 50 samples"):
        tiny_fit(with_schedule(epochs=0.001))


def test_reports_average_over_the_samples_of_the_interval():
    config = replace(with_schedule(epochs=1), interval_epochs=1)
    (report,) = tiny_fit(config).train()
    fit, losses, batches = tiny_fit(config), [], []
    for position, setting in updates(config.plan, 50):
        batch = fit._fetch(fit._order.take(position, setting.batch), fit.generator)
        losses.append(fit.step(batch, setting)["loss"])
        batches.append(setting.batch)
    mean = sum(loss * batch for loss, batch in zip(losses, batches, strict=True)) / 50
    assert report["loss"] == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_one_batch_is_overfitted_to_below_a_hundredth_of_the_first_loss(kind):
    data = striped_images(16, noise=100)
    shape = ScheduleConfig(
        kind="constant", epochs=150, batch=16, rate=0.01 if "adam" in kind else 0.1, momentum=0.9
    )
    config = FitConfig(schedule=shape, optimizer=OptimizerConfig(kind=kind, weight_decay=0.0))
    fit = tiny_fit(config, data=data, variation=PLAIN, loss=CrossEntropy())
    reports = list(fit.train())
    assert reports[-1]["loss"] < 0.01 * reports[0]["loss"]


def held_out_accuracy(fit, data):
    fit.model.eval()
    with torch.no_grad():
        logits = fit.model(normalize(data.images, NORMALIZATION))
    return float((logits.argmax(1) == data.labels).float().mean())


def test_true_labels_generalise_and_shuffled_ones_do_not():
    """400 held-out images of four classes: chance is 25 %, its standard deviation 2.2 points."""
    data, held_out = striped_images(200, seed=1), striped_images(400, seed=2)
    shape = ScheduleConfig(kind="constant", epochs=12, batch=20, rate=0.05)
    config = FitConfig(schedule=shape)
    shuffled = data.labels[torch.randperm(200, generator=torch.Generator().manual_seed(0))]
    honest = tiny_fit(config, data=data, variation=PLAIN)
    misled = tiny_fit(config, data=replace(data, labels=shuffled), variation=PLAIN)
    list(honest.train())
    list(misled.train())
    assert held_out_accuracy(honest, held_out) > 0.95
    assert held_out_accuracy(misled, held_out) < 0.25 + 6 * 0.022


def weights(fit):
    return fingerprint({name: value.clone() for name, value in fit.model.named_parameters()})


class Poison:
    """The ordinary loss, spoilt from the `at`-th call on: in the batch, in the loss or in its gradient."""

    def __init__(self, where, value, at):
        self.where, self.value, self.at, self.calls = where, value, at, 0
        self.inner = CrossEntropy()

    def __call__(self, network, part, generator):
        self.calls += 1
        if self.calls < self.at:
            return self.inner(network, part, generator)
        images, labels = part
        if self.where == "input":
            images = images.clone()
            images[0, 0, 0, 0] = self.value
        loss, measured = self.inner(network, (images, labels), generator)
        if self.where == "loss":
            loss = loss + self.value
        if self.where == "gradient":
            loss.register_hook(lambda gradient: gradient * self.value)
        return loss, measured


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("where", ["input", "loss", "gradient", "weight"])
def test_a_number_that_is_not_finite_is_caught_in_its_update(where, value):
    """At five random updates each; the weights stay what they were, and the error names the update."""
    config = replace(CONFIG, micro_batch=0)
    for at in torch.randperm(18, generator=torch.Generator().manual_seed(1))[:5].tolist():
        loss = CrossEntropy() if where == "weight" else Poison(where, value, at + 1)
        fit = tiny_fit(config, loss=loss)
        for _ in range(at):
            fit.advance()
        if where == "weight":
            with torch.no_grad():
                fit.model[0].weight[0, 0, 0, 0] = value
        before = weights(fit)
        with pytest.raises(NonFiniteError, match=f"update {at + 1}"):
            fit.advance()
        assert weights(fit) == before
        assert fit.updates == at


def test_a_state_that_is_not_finite_is_never_handed_out():
    fit = tiny_fit()
    fit.state_dict()
    fit.model[1].running_var[2] = math.nan
    with pytest.raises(NonFiniteError, match=r"1\.running_var"):
        fit.state_dict()


def test_clipping_bounds_the_move_of_plain_descent():
    shape = ScheduleConfig(kind="constant", epochs=1, batch=25, rate=0.5)
    plain = OptimizerConfig(kind="sgd", weight_decay=0.0)
    for clip, bounded in ((1e-3, True), (0.0, False)):
        fit = tiny_fit(FitConfig(schedule=shape, optimizer=plain, clip=clip))
        before = torch.cat([value.detach().flatten().clone() for value in fit.model.parameters()])
        fit.advance()
        after = torch.cat([value.detach().flatten() for value in fit.model.parameters()])
        assert (float((after - before).norm()) <= 0.5 * 1e-3 * 1.01) is bounded


def test_vectors_can_be_spared_from_weight_decay():
    optimizer = OptimizerConfig(decay_vectors=False, weight_decay=0.1)
    groups = tiny_fit(replace(CONFIG, optimizer=optimizer)).optimizer.param_groups
    assert {(group["weight_decay"], value.ndim > 1) for group in groups for value in group["params"]} == {
        (0.1, True),
        (0.0, False),
    }


def test_the_average_depends_on_data_seen_and_not_on_the_number_of_updates():
    average = WeightAverage(nn.Linear(2, 2), half_life=0.5)
    assert average.decay(0.5) == 0.5
    assert average.decay(0.1) ** 5 == pytest.approx(average.decay(0.5))


def test_the_average_follows_its_formula():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    average = WeightAverage(model, half_life=1.0)
    nn.init.constant_(model.weight, 3.0)
    average.update(model, passes=1.0)
    assert float(average.values["weight"]) == pytest.approx(2.0)
    average.update(model, passes=2.0)
    assert float(average.values["weight"]) == pytest.approx(0.25 * 2.0 + 0.75 * 3.0)


def test_the_average_of_a_run_weighs_each_update_by_the_data_it_saw():
    fit = tiny_fit()
    expected = {name: value.clone() for name, value in fit.model.named_parameters()}
    for _, setting in updates(CONFIG.plan, 50):
        fit.advance()
        kept = 0.5 ** (setting.batch / 50 / CONFIG.average_half_life)
        for name, value in fit.model.named_parameters():
            expected[name] = kept * expected[name] + (1 - kept) * value.detach()
    for name, value in expected.items():
        assert torch.allclose(fit.average.values[name], value, atol=1e-6), name


def test_averaged_weights_are_lent_and_given_back():
    fit = tiny_fit()
    fit.advance()
    own = weights(fit)
    with fit.averaged():
        lent = {name: value.clone() for name, value in fit.model.state_dict().items()}
    assert weights(fit) == own
    assert fingerprint(lent) == fingerprint(dict(fit.average.values))
    assert fingerprint(lent) != fingerprint(dict(fit.model.state_dict()))


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_lowers_the_loss(kind):
    reports = list(tiny_fit(with_optimizer(kind, with_schedule(epochs=8)), variation=PLAIN).train())
    assert reports[-1]["loss"] < 0.7 * reports[0]["loss"]


def test_channels_last_changes_the_layout_and_not_the_result():
    first = list(tiny_fit().train())
    second = list(tiny_fit(replace(CONFIG, channels_last=True)).train())
    assert second[-1]["loss"] == pytest.approx(first[-1]["loss"], rel=1e-3)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_stays_near_single_precision(precision):
    single = list(tiny_fit(variation=PLAIN).train())
    half = list(tiny_fit(replace(CONFIG, precision=precision), variation=PLAIN).train())
    assert half[-1]["loss"] == pytest.approx(single[-1]["loss"], abs=0.05)
    assert half[-1]["loss"] != single[-1]["loss"]


def test_loss_scaling_skips_an_overflow_and_goes_on():
    fit = tiny_fit(replace(CONFIG, precision="float16", micro_batch=0), loss=Overflow(at=3))
    reports = list(fit.train())
    assert fit._scaler.get_scale() == 2.0**15
    assert all(math.isfinite(report["gradient_norm"]) for report in reports)


class Overflow:
    """The ordinary loss, whose gradient overflows in one call only."""

    def __init__(self, at):
        self.at, self.calls = at, 0

    def __call__(self, network, part, generator):
        self.calls += 1
        loss, measured = CrossEntropy()(network, part, generator)
        if self.calls == self.at:
            loss.register_hook(lambda gradient: gradient * math.inf)
        return loss, measured


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore:The .grad attribute:UserWarning")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_compiled_network_trains_to_the_same_loss():
    plain = list(tiny_fit(variation=PLAIN).train())
    compiled = list(tiny_fit(replace(CONFIG, compile=True), variation=PLAIN).train())
    assert compiled[-1]["loss"] == pytest.approx(plain[-1]["loss"], rel=1e-3)


def test_label_smoothing_is_its_formula():
    logits = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    loss, _ = CrossEntropy(0.2)(nn.Identity(), (logits, labels), torch.Generator())
    target = 0.8 * nn.functional.one_hot(labels, 4) + 0.2 / 4
    assert float(loss) == pytest.approx(float(-(target * logits.log_softmax(1)).sum(1).mean()), rel=1e-6)


@pytest.mark.parametrize(
    ("field", "value"),
    [("clip", -1), ("precision", "float8"), ("average_half_life", math.inf), ("interval_epochs", 0)],
)
def test_a_field_out_of_range_is_named(field, value):
    with pytest.raises(ValueError, match=rf"FitConfig\.{field}: got "):
        FitConfig(**{field: value})


def test_plain_descent_cannot_raise_its_momentum():
    with pytest.raises(ValueError, match="increased_momentum"):
        with_optimizer("sgd", with_schedule(kind="increased_momentum"))


def test_a_finished_run_refuses_another_update():
    fit = tiny_fit()
    list(fit.train())
    with pytest.raises(ValueError, match="expected fewer"):
        fit.advance()


def test_a_network_without_parameters_is_refused():
    with pytest.raises(ValueError, match="no parameters"):
        tiny_fit(network=tiny_network().requires_grad_(False))
