"""Updates for which nobody waits: the same run as with waiting, and no failure is lost."""

import math
from dataclasses import replace

import pytest
import torch

from tests.vision_training.recorded_graph import record_instead_of_capturing
from tests.vision_training.tiny import (
    PLAIN,
    striped_images,
    tiny_fit,
    tiny_network,
    with_optimizer,
    with_schedule,
)
from vision.deferred import CHECK_EVERY, MOST_GRAPHS, WARM_UPS
from vision.fit import Fit, NonFiniteError
from vision.images.augment_config import Normalization
from vision.images.classification import CrossEntropy, ImageBatches
from vision.images.model_config import RegularizerConfig
from vision.images.models import create_model
from vision.schedules import Setting

OPTIMIZERS = ["sgd", "momentum", "nesterov", "adam", "adamw"]
NORMALIZATION = Normalization((0.3,), (0.2,))


@pytest.fixture
def deferring(monkeypatch):
    """Lets fits on a CPU leave their updates to it, as on a GPU but for the graphs."""
    monkeypatch.setattr(Fit, "_defers", True)


def weights(fit):
    return torch.cat([value.detach().flatten().cpu() for value in fit.model.parameters()])


def assert_alike(reports, expected, tolerance):
    assert len(reports) == len(expected)
    for report, other in zip(reports, expected, strict=True):
        assert report.keys() == other.keys()
        for name, value in report.items():
            assert value == pytest.approx(other[name], rel=tolerance, abs=tolerance), name


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_deferred_updates_are_those_with_waiting(kind, monkeypatch):
    config = with_optimizer(kind)
    # Without norms: the gradient of a bias before a norm is rounding alone, which Adam makes large.
    waiting = tiny_fit(config, network=tiny_network(norm=False))
    expected = list(waiting.train())
    monkeypatch.setattr(Fit, "_defers", True)
    deferred = tiny_fit(config, network=tiny_network(norm=False))
    assert_alike(list(deferred.train()), expected, 1e-4)
    torch.testing.assert_close(weights(deferred), weights(waiting), rtol=1e-4, atol=1e-5)
    assert deferred.updates == waiting.updates


@pytest.mark.usefixtures("deferring")
@pytest.mark.parametrize("kind", ["momentum", "adam"])
def test_a_deferred_failure_moves_nothing_and_is_named(kind):
    fit = tiny_fit(with_optimizer(kind, with_schedule(epochs=40)))
    for _ in range(4):
        fit.advance()
    fetched = fit._fetch
    fit._fetch = lambda *asked: (fetched(*asked)[0] * math.nan, fetched(*asked)[1])
    before = weights(fit)
    fit.advance()
    fit._fetch = fetched
    for _ in range(3):
        fit.advance()
    assert torch.equal(weights(fit), before)
    with pytest.raises(NonFiniteError, match=r"update 5$"):
        fit.state_dict()


@pytest.mark.usefixtures("deferring")
def test_a_deferred_failure_is_noticed_soon_enough():
    fit = tiny_fit(with_schedule(epochs=400))
    fit._fetch = lambda indices, generator: (torch.full((len(indices), 1, 8, 8), math.inf), indices % 4)
    with pytest.raises(NonFiniteError, match=r"update 1$"):
        for _ in range(CHECK_EVERY):
            fit.advance()


@pytest.mark.usefixtures("deferring")
def test_deferred_runs_resume_to_the_same_bits():
    whole = tiny_fit()
    expected = list(whole.train())
    first, second = tiny_fit(), tiny_fit(network=tiny_network(seed=9))
    begun = first.train()
    reports = [next(begun), next(begun)]
    second.load_state_dict(first.state_dict())
    assert reports + list(second.train()) == expected
    assert torch.equal(weights(second), weights(whole))


@pytest.mark.usefixtures("deferring")
def test_a_step_asked_for_alone_is_measured_at_once():
    fit = tiny_fit()
    fit.advance()
    batch = fit._fetch(torch.arange(8), fit.generator)
    measured = fit.step(batch, fit._setting())
    assert 0 < measured["loss"] < 5 and 0 <= measured["accuracy"] <= 1
    assert fit.updates == 2 and next(fit.train())["loss"] > 0


@pytest.mark.usefixtures("deferring")
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_updates_played_back_are_those_made_op_by_op(kind):
    config = with_optimizer(
        kind, with_schedule(epochs=8, warmup_epochs=8)
    )  # so that each has a rate of its own
    plain = tiny_fit(config)
    played = record_instead_of_capturing(tiny_fit(config))
    expected = list(plain.train())
    assert_alike(list(played.train()), expected, 1e-6)
    assert len(played._deferred._graphs) >= 2, "batches of several sizes are recorded"
    torch.testing.assert_close(weights(played), weights(plain), rtol=1e-6, atol=1e-7)


def regularized_fit(level):
    """A fit whose blocks draw, jointly or each for itself."""
    config = RegularizerConfig("shakedrop", level=level, gate="sample")
    network = create_model("resnet8", num_classes=4, in_channels=1, regularizer=config, seed=1)
    return tiny_fit(with_schedule(kind="constant", epochs=3), network=network)


@pytest.mark.usefixtures("deferring")
@pytest.mark.parametrize("level", ["image", "pixel"])
def test_coefficients_played_back_are_as_fresh_as_those_drawn_op_by_op(level):
    plain, played = regularized_fit(level), record_instead_of_capturing(regularized_fit(level))
    assert_alike(list(played.train()), list(plain.train()), 1e-5)
    assert played._deferred._graphs
    for name, value in plain.model.state_dict().items():
        torch.testing.assert_close(played.model.state_dict()[name], value, rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.usefixtures("deferring")
def test_an_evaluation_between_updates_leaves_what_is_played_back_alone():
    plain, played = tiny_fit(), record_instead_of_capturing(tiny_fit())
    images = plain._fetch(torch.arange(8), torch.Generator())[0]
    for fit in (plain, played):
        for _ in range(2 * WARM_UPS):
            fit.advance()
            with fit.averaged(), torch.no_grad():
                fit.model.eval()(images)
    torch.testing.assert_close(weights(played), weights(plain), rtol=1e-6, atol=1e-7)


@pytest.mark.usefixtures("deferring")
def test_another_momentum_is_not_played_back_from_the_one_before():
    plain, played = tiny_fit(), record_instead_of_capturing(tiny_fit())
    for fit in (plain, played):
        batch = fit._fetch(torch.arange(8), fit.generator)
        for momentum in (0.9, 0.5):
            for _ in range(WARM_UPS + 2):
                fit.step(batch, Setting(0.05, momentum, 8))
    torch.testing.assert_close(weights(played), weights(plain), rtol=1e-6, atol=1e-7)


@pytest.mark.usefixtures("deferring")
def test_no_more_than_the_most_kinds_of_updates_are_kept():
    fit = record_instead_of_capturing(tiny_fit(with_schedule(kind="constant", epochs=100)))
    for size in range(4, 4 + MOST_GRAPHS + 2):
        for _ in range(WARM_UPS + 2):
            fit.step(fit._fetch(torch.arange(size), fit.generator), fit._setting())
    assert len(fit._deferred._graphs) == MOST_GRAPHS


def gpu_fit(config, device, network=None):
    data = striped_images(50).to(device)
    fetch = ImageBatches(data, PLAIN, NORMALIZATION)
    network = network or tiny_network()
    return Fit(network, CrossEntropy(0.1), fetch, len(data), config, seed=3, device=device)


@pytest.fixture
def exact_convolutions(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


@pytest.mark.gpu
@pytest.mark.usefixtures("exact_convolutions")
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_captured_updates_are_those_on_a_cpu(kind):
    config = replace(with_optimizer(kind, with_schedule(epochs=8)), average_half_life=0.5)
    cpu, gpu = (gpu_fit(config, device, tiny_network(norm=False)) for device in ("cpu", "cuda"))
    expected = list(cpu.train())
    assert_alike(list(gpu.train()), expected, 2e-2)
    assert len(gpu._deferred._graphs) >= 2, "batches of several sizes are captured"
    torch.testing.assert_close(weights(gpu), weights(cpu), rtol=2e-2, atol=2e-3)


@pytest.mark.gpu
def test_captured_updates_draw_fresh_coefficients_and_learn():
    regularizer = RegularizerConfig("shakedrop")
    network = create_model("resnet8", num_classes=4, in_channels=1, regularizer=regularizer, seed=1)
    fit = gpu_fit(replace(with_schedule(epochs=30), precision="bfloat16"), "cuda", network)
    states = [value for name, value in network.state_dict().items() if name.endswith("stream.state")]
    positions = [state.clone() for state in states]
    reports = list(fit.train())
    assert fit.updates > WARM_UPS and reports[-1]["accuracy"] > reports[0]["accuracy"] + 0.2
    assert all(int(now[1]) > int(before[1]) for now, before in zip(states, positions, strict=True))


@pytest.mark.gpu
def test_a_failure_in_a_captured_update_moves_nothing_and_is_named():
    fit = gpu_fit(with_schedule(kind="constant", epochs=40), "cuda")
    for _ in range(WARM_UPS + 5):
        fit.advance()
    with torch.no_grad():
        fit.model[0].weight[0, 0, 0, 0] = math.nan
    before = weights(fit)
    for _ in range(3):
        fit.advance()
    assert torch.equal(weights(fit).nan_to_num(7.0), before.nan_to_num(7.0))
    with pytest.raises(NonFiniteError, match=rf"update {WARM_UPS + 6}$"):
        fit.state_dict()


@pytest.mark.gpu
def test_captured_runs_go_on_from_a_state():
    config = with_schedule(epochs=6)
    first, second = gpu_fit(config, "cuda"), gpu_fit(config, "cuda", tiny_network(seed=9))
    begun = first.train()
    next(begun), next(begun)
    second.load_state_dict(first.state_dict())
    rest, again = list(begun), list(second.train())
    assert_alike(again, rest, 1e-2)
