"""Laws of drawing the factors of all blocks at once: what each would draw itself, in fewer steps."""

import copy

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from vision.images.model_config import RegularizerConfig
from vision.images.models import create_model
from vision.images.shared_draws import SharedDraws

DRAWN_TOGETHER = {
    "stochastic depth": ("preresnet8", RegularizerConfig(kind="stochastic_depth")),
    "inverted": ("preresnet8", RegularizerConfig(kind="stochastic_depth", scaling="inverted")),
    "ShakeDrop, batch": ("wrn_10_1", RegularizerConfig(kind="shakedrop", level="batch")),
    "ShakeDrop, image": ("wrn_10_1", RegularizerConfig(kind="shakedrop", level="image", gate="sample")),
    "kept alpha": ("wrn_10_1", RegularizerConfig(kind="shakedrop", level="image", backward="keep")),
    "one-branch Shake": ("wrn_10_1", RegularizerConfig(kind="shake", level="image")),
    "Shake-Shake": ("shakeshake8_2x4d", RegularizerConfig(kind="shake_shake", level="image")),
    "Shake-Shake, even": ("shakeshake8_2x4d", RegularizerConfig(kind="shake_shake", backward="even")),
    "ShakeDrop, per branch": (
        "shakeshake8_2x4d",
        RegularizerConfig(kind="shakedrop", level="image", placement="per_branch"),
    ),
}


def network(model, config):
    built = create_model(model, num_classes=3, regularizer=config, seed=1)
    return built, [module for module in built.modules() if isinstance(module, SharedDraws)]


def apart(model):
    """The same network, whose blocks draw for themselves."""
    other = copy.deepcopy(model)
    for module in other.modules():
        if getattr(module, "draws", None) is not None:
            module.draws = None
    return other


def passes(model, number=3):
    """Logits and gradients of passes over batches of several sizes, and the state afterwards."""
    seen = []
    for size in range(2, 2 + number):
        images = torch.randn(size, 3, 8, 8, generator=torch.Generator().manual_seed(size))
        logits = model(images)
        model.zero_grad()
        logits.square().sum().backward()
        seen += [logits.detach(), *(weight.grad.clone() for weight in model.parameters())]
    return [*seen, *model.state_dict().values()]


@pytest.mark.parametrize("name", DRAWN_TOGETHER)
def test_blocks_get_the_numbers_they_would_draw_themselves(name):
    model, draws = network(*DRAWN_TOGETHER[name])
    other = apart(model)
    assert len(draws) == 1 and not [module for module in other.modules() if isinstance(module, SharedDraws)]
    assert list(model.state_dict()) == list(other.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(passes(model), passes(other), strict=True))


@pytest.mark.parametrize("level", ["channel", "pixel"])
def test_factors_that_depend_on_what_a_block_makes_stay_with_the_block(level):
    _, draws = network("wrn_10_1", RegularizerConfig(kind="shakedrop", level=level))
    assert not draws


def test_an_evaluation_draws_nothing():
    model, _ = network(*DRAWN_TOGETHER["ShakeDrop, image"])
    before = copy.deepcopy(model.state_dict())
    model.eval()(torch.ones(2, 3, 8, 8))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


class Counting(TorchDispatchMode):
    """Counts what torch calculates."""

    calls = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.calls += 1
        return func(*args, **(kwargs or {}))


def calls_of(model):
    images = torch.ones(4, 3, 8, 8)
    with Counting() as counting:
        model(images).sum().backward()
    return counting.calls


def test_blocks_cost_less_than_a_third_of_the_calls_they_would_take_alone():
    plain, _ = network("preresnet20", RegularizerConfig())
    together, _ = network("preresnet20", RegularizerConfig(kind="shakedrop", level="image"))
    own = [calls_of(model) - calls_of(plain) for model in (together, apart(together))]
    assert own[0] < own[1] / 3


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # torch's own compiler uses what torch has deprecated
def test_tracing_sees_one_graph_with_the_eager_numbers():
    torch.compiler.reset()
    eager, _ = network(*DRAWN_TOGETHER["ShakeDrop, image"])
    other = copy.deepcopy(eager)
    traced = torch.compile(other, fullgraph=True, backend="aot_eager")
    for size in (4, 4, 6):
        images = torch.randn(size, 3, 8, 8, generator=torch.Generator().manual_seed(0))
        for model in (eager, traced):
            model(images).square().sum().backward()
    for weight, compiled in zip(eager.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(compiled.grad, weight.grad)
    assert all(torch.equal(other.state_dict()[name], state) for name, state in states_of(eager).items())


def states_of(model):
    return {name: state for name, state in model.state_dict().items() if name.endswith("stream.state")}


@pytest.mark.gpu
def test_a_gpu_draws_the_factors_of_the_cpu_also_in_a_captured_graph():
    (model, (cpu,)), (other, (gpu,)) = (network(*DRAWN_TOGETHER["ShakeDrop, image"]) for _ in range(2))
    other.cuda()
    x = torch.ones(8, 16, 4, 4)
    on_gpu = x.cuda()
    gpu(on_gpu)  # warm-up before the capture
    other.load_state_dict(model.state_dict())
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        factors = gpu(on_gpu)
    for _ in range(3):
        graph.replay()
        for drawn, expected in zip(factors, cpu(x), strict=True):
            torch.testing.assert_close(drawn.forward.cpu(), expected.forward)
            torch.testing.assert_close(drawn.backward.cpu(), expected.backward)
