"""Laws of the residual regularizers: factors, means, gradients, memory, dtype, compilation."""

import math

import pytest
import torch

from vision.images.mixing_rules import ShakeDropRule, ShakeShakeRule
from vision.images.model_config import RegularizerConfig
from vision.images.regularizers import BranchMixer, build_mixer, mix
from vision.random_stream import uniform

SAMPLES = 100_000
SHAPE = (4, 3, 5, 5)
RANGES = [((-1.0, 1.0), (0.0, 1.0)), ((0.0, 0.0), (0.0, 1.0)), ((0.0, 1.0), (-2.0, 3.0))]
KINDS = [
    RegularizerConfig(kind="stochastic_depth"),
    RegularizerConfig(kind="stochastic_depth", scaling="inverted"),
    RegularizerConfig(kind="shakedrop"),
    RegularizerConfig(kind="shakedrop", alpha=(0.0, 1.0), placement="per_branch"),
    RegularizerConfig(kind="shake"),
    RegularizerConfig(kind="shake_shake"),
]


def drawer(seed, draws):
    numbers = uniform(torch.tensor([seed, 0]), draws)
    return lambda offset, count: numbers[offset : offset + count]


def independent_factors(rule, seed=11):
    """Many independent factors of both passes: as many branches of one batch as there are samples."""
    draw = drawer(seed, rule.draws(SAMPLES, (1, 1)))
    return (
        rule.forward_factors(draw, SAMPLES, (1, 1)).flatten().double(),
        rule.backward_factors(draw, SAMPLES, (1, 1)).flatten().double(),
    )


def assert_mean(values, expected):
    """Within five standard errors: a true mean fails once in 1.7 million."""
    bound = 5 * values.std() / len(values) ** 0.5 + 1e-6
    assert abs(values.mean() - expected) < bound, (values.mean(), expected, bound)


def run(mixer, branches):
    branches = [branch.clone().requires_grad_() for branch in branches]
    output = mixer(branches)
    return output.detach(), torch.autograd.grad(output, branches, torch.ones_like(output))


def make(config, branches=2, **settings):
    return build_mixer(config, branches=branches, block=1, blocks=1, seed=5, **settings)


@pytest.mark.parametrize("gate_level", ["batch", "image"])
@pytest.mark.parametrize(("alpha", "beta"), RANGES)
def test_shakedrop_factors_have_the_formulas_means(alpha, beta, gate_level):
    keep = 0.7
    rule = ShakeDropRule(keep, alpha, beta, gate_level=gate_level)
    forward, backward = independent_factors(rule)
    assert_mean(forward, keep + (1 - keep) * sum(alpha) / 2)
    assert_mean(backward, keep + (1 - keep) * sum(beta) / 2)
    assert_mean((forward == 1).double(), keep)
    assert rule.expected_factor == pytest.approx(keep + (1 - keep) * sum(alpha) / 2)


def test_both_passes_share_the_gate_and_draw_alpha_and_beta_apart():
    forward, backward = independent_factors(ShakeDropRule(0.4, (-1.0, 1.0), (0.0, 1.0)))
    assert torch.equal(forward == 1, backward == 1)
    closed = forward != 1
    alpha, beta = forward[closed], 2 * backward[closed] - 1
    assert alpha.min() < -0.99 and alpha.max() > 0.99 and beta.min() < -0.99 and beta.max() > 0.99
    assert abs((alpha * beta).mean() * 3) < 5 / len(alpha) ** 0.5


@pytest.mark.parametrize("config", KINDS, ids=lambda config: f"{config.kind}-{config.scaling}")
def test_training_outputs_average_to_the_evaluation_output(config):
    mixer = build_mixer(config, branches=2, block=1, blocks=2, seed=1)
    branches = [torch.tensor([[2.0]]), torch.tensor([[-1.0]])]
    outputs = torch.stack([mixer(branches) for _ in range(1500)]).flatten().double()
    assert_mean(outputs, mixer.eval()(branches).item())


def test_stochastic_depth_drops_or_keeps_and_scales_where_its_convention_says():
    original = ShakeDropRule(0.75, (0.0, 0.0), (0.0, 0.0))
    inverted = ShakeDropRule(0.75, (0.0, 0.0), (0.0, 0.0), divisor=0.75)
    assert set(independent_factors(original)[0].tolist()) == {0.0, 1.0}
    assert independent_factors(inverted)[0].unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert (original.expected_factor, inverted.expected_factor) == (0.75, 1.0)


@pytest.mark.parametrize("branches", [2, 3])
def test_shake_shake_factors_are_uniform_on_the_simplex(branches):
    rule = ShakeShakeRule("image", branches=branches)
    shape = (SAMPLES, 1)
    draw = drawer(3, rule.draws(branches, shape))
    forward = rule.forward_factors(draw, branches, shape).double()
    torch.testing.assert_close(forward.sum(0), torch.ones(shape, dtype=torch.float64), atol=1e-6, rtol=0)
    for factor in forward:
        assert_mean(factor.flatten(), 1 / branches)
        # A flat Dirichlet's marginal is Beta(1, n - 1), whose distribution function is 1 - (1 - x)^(n - 1).
        ordered = factor.flatten().sort().values
        distribution = 1 - (1 - ordered) ** (branches - 1)
        distance = (distribution - torch.arange(1, SAMPLES + 1) / SAMPLES).abs().max()
        assert distance < 2.3 / SAMPLES**0.5  # Kolmogorov: exceeded once in 20,000


@pytest.mark.parametrize(
    ("config", "branches", "expected"),
    [
        (RegularizerConfig(kind="shake_shake", level="pixel"), 2, 0.5),
        (RegularizerConfig(kind="shake_shake", level="pixel", backward="keep"), 3, 1 / 3),
        (RegularizerConfig(kind="shake_shake", level="pixel", forward="even"), 2, 0.5),
        (RegularizerConfig(kind="shake", level="pixel", beta=(0.0, 3.0)), 1, 1.5),
        (RegularizerConfig(kind="shakedrop", level="pixel", gate="sample", beta=(0.0, 1.0)), 1, 0.75),
    ],
)
def test_gradients_average_to_the_formulas_means(config, branches, expected):
    """With one block of one, ShakeDrop's p is 1/2: p + (1 - p) E[beta]."""
    mixer = make(config, branches=branches)
    _, gradients = run(mixer, [torch.ones(SAMPLES // 4, 1, 2, 2) for _ in range(branches)])
    for gradient in gradients:
        means = gradient.double().mean((1, 2, 3))  # a gate is shared by a sample's pixels
        assert_mean(means, expected)


@pytest.mark.parametrize(
    "rule", [ShakeShakeRule, lambda **modes: ShakeDropRule(0.3, (0, 1), (0, 3), **modes)]
)
def test_modes_choose_what_each_pass_uses(rule):
    def factors(**modes):
        chosen = rule(level="image", **modes)
        draw = drawer(3, chosen.draws(2, SHAPE))
        return chosen.forward_factors(draw, 2, SHAPE), chosen.backward_factors(draw, 2, SHAPE)

    shaken, again = factors()
    assert not torch.equal(shaken, again)
    kept = factors(backward="keep")
    assert torch.equal(kept[0], kept[1]) and torch.equal(kept[0], shaken)
    even = factors(forward="even", backward="even")
    assert all(len(factor.unique()) <= 2 for factor in even)
    assert torch.equal(factors(forward="even")[1], again)


def test_even_shake_shake_is_the_mean_of_the_branches():
    mixer = make(RegularizerConfig(kind="shake_shake", forward="even", backward="even"))
    branches = [torch.randn(SHAPE, generator=torch.Generator().manual_seed(i)) for i in range(2)]
    output, gradients = run(mixer, branches)
    torch.testing.assert_close(output, (branches[0] + branches[1]) / 2)
    assert all(torch.equal(gradient, torch.full(SHAPE, 0.5)) for gradient in gradients)


def test_mix_weighs_outputs_and_gradients_by_different_factors():
    branches = [torch.full((2, 3), 2.0, requires_grad=True), torch.full((2, 3), 5.0, requires_grad=True)]
    forward = torch.tensor([[[3.0], [4.0]], [[1.0], [-1.0]]])
    backward = torch.tensor([[[0.5], [0.25]], [[7.0], [8.0]]])
    output = mix(branches, forward, backward)
    assert output[:, 0].tolist() == [11.0, 3.0]
    gradients = torch.autograd.grad(output.sum(), branches)
    assert gradients[0][:, 0].tolist() == [0.5, 0.25]
    assert gradients[1][:, 0].tolist() == [7.0, 8.0]


@pytest.mark.parametrize(("level", "own"), [("batch", 0), ("image", 1), ("channel", 2), ("pixel", 4)])
def test_a_level_shares_its_coefficient_and_nothing_else(level, own):
    mixer = make(RegularizerConfig(kind="shake", level=level), branches=1)
    output, (gradient,) = run(mixer, [torch.ones(SHAPE)])
    for factors in (output, gradient):
        groups = factors.reshape(math.prod(SHAPE[:own]), -1)
        assert torch.equal(groups, groups[:, :1].expand_as(groups))
        assert len(groups[:, 0].unique()) == len(groups)


@pytest.mark.parametrize(("gate", "values"), [("batch", 1), ("sample", 2)])
def test_the_gate_is_drawn_for_the_batch_or_for_each_sample(gate, values):
    mixer = make(RegularizerConfig(kind="stochastic_depth", gate=gate), branches=1)
    seen = [len(mixer([torch.ones(64, 1)]).unique()) for _ in range(10)]
    assert set(seen) == {values}


def test_placement_draws_once_for_the_sum_or_once_for_each_branch():
    branches = [torch.ones(1, 1), torch.ones(1, 1)]
    after_sum = make(RegularizerConfig(kind="stochastic_depth", placement="after_sum"))
    per_branch = make(RegularizerConfig(kind="stochastic_depth", placement="per_branch"))
    assert {after_sum(branches).item() for _ in range(50)} == {0.0, 2.0}
    assert {per_branch(branches).item() for _ in range(50)} == {0.0, 1.0, 2.0}


def test_keep_probability_decays_linearly_from_the_first_block_on():
    config = RegularizerConfig(kind="shakedrop", keep=0.5)
    probabilities = [config.keep_probability(block, 4) for block in range(1, 5)]
    assert probabilities == pytest.approx([0.875, 0.75, 0.625, 0.5])
    assert RegularizerConfig(kind="shakedrop", keep=0.5, decay="uniform").keep_probability(1, 4) == 0.5


@pytest.mark.parametrize("config", KINDS, ids=lambda config: f"{config.kind}-{config.scaling}")
def test_evaluation_is_deterministic_and_its_gradient_is_its_factor(config):
    mixer = make(config).eval()
    before = mixer.stream.state.clone()
    branches = [torch.ones(SHAPE), torch.ones(SHAPE)]
    output, gradients = run(mixer, branches)
    factor = mixer.rule.expected_factor
    torch.testing.assert_close(output, torch.full(SHAPE, 2 * factor))
    for gradient in gradients:
        torch.testing.assert_close(gradient, torch.full(SHAPE, factor))
    assert torch.equal(mixer.stream.state, before)


def saved_bytes(mixer, branches):
    total = 0

    def count(tensor):
        nonlocal total
        total += tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        mixer([branch.requires_grad_() for branch in branches])
    return total


@pytest.mark.parametrize(
    ("level", "expected"), [("batch", 4), ("image", 64), ("channel", 512), ("pixel", 16)]
)
def test_only_coefficients_are_saved_for_the_backward_pass(level, expected):
    mixer = make(RegularizerConfig(kind="shakedrop", level=level), branches=1)
    assert (
        saved_bytes(mixer, [torch.ones(16, 8, 32, 32)]) == expected
    )  # pixel: the stream's seed and position


@pytest.mark.parametrize("level", ["image", "pixel"])
@pytest.mark.parametrize("kind", ["shakedrop", "shake_shake"])
def test_same_state_gives_same_results_and_no_global_generator_moves(kind, level, untouched_global_generator):
    config = RegularizerConfig(kind=kind, level=level, gate="sample")
    first, second = make(config), make(config)
    branches = [torch.ones(SHAPE), torch.full(SHAPE, 3.0)]
    run(first, branches)
    second.load_state_dict(first.state_dict())
    output, gradients = run(first, branches)
    resumed, resumed_gradients = run(second, branches)
    assert torch.equal(output, resumed)
    assert all(map(torch.equal, gradients, resumed_gradients))
    assert not torch.equal(run(first, branches)[0], output)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("level", ["image", "pixel"])
@pytest.mark.parametrize("training", [True, False])
def test_dtype_is_kept_in_both_passes(dtype, level, training):
    mixer = make(RegularizerConfig(kind="shakedrop", level=level), branches=1).train(training)
    output, (gradient,) = run(mixer, [torch.ones(SHAPE, dtype=dtype)])
    assert output.dtype == gradient.dtype == dtype


@pytest.mark.parametrize("level", ["image", "pixel"])
def test_both_passes_run_without_reading_a_value_from_the_device(level):
    mixer = make(RegularizerConfig(kind="shakedrop", level=level), branches=1).to("meta")
    output, (gradient,) = run(mixer, [torch.ones(SHAPE, device="meta")])  # reading a meta tensor raises
    assert output.shape == gradient.shape == SHAPE


# Torch's own compiler uses what torch has deprecated.
compiling = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def compiled_agrees(backend, kind, level):
    torch.compiler.reset()
    config = RegularizerConfig(kind=kind, level=level, gate="sample")
    eager, other = make(config), make(config)
    compiled = torch.compile(other, fullgraph=True, backend=backend)
    generator = torch.Generator().manual_seed(0)
    for size in (6, 6, 7):
        branches = [torch.randn(size, 3, 4, 4, generator=generator) for _ in range(2)]
        output, gradients = run(eager, branches)
        traced, traced_gradients = run(compiled, branches)
        torch.testing.assert_close(traced, output)
        for traced_gradient, gradient in zip(traced_gradients, gradients, strict=True):
            torch.testing.assert_close(traced_gradient, gradient)
    assert torch.equal(eager.stream.state, other.stream.state)


@compiling
@pytest.mark.parametrize(("kind", "level"), [("shakedrop", "image"), ("shakedrop", "pixel")])
def test_tracing_sees_one_graph_with_the_eager_numbers(kind, level):
    compiled_agrees("aot_eager", kind, level)


@compiling
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["stochastic_depth", "shakedrop", "shake_shake"])
@pytest.mark.parametrize("level", ["batch", "image", "channel", "pixel"])
def test_compiled_mixers_agree_with_eager_ones(kind, level):
    compiled_agrees("inductor", kind, level)


@pytest.mark.gpu
@pytest.mark.parametrize("level", ["image", "pixel"])
def test_a_gpu_draws_the_numbers_of_the_cpu_also_in_a_captured_graph(level):
    config = RegularizerConfig(kind="shakedrop", level=level, gate="sample")
    x = torch.ones(8, 3, 4, 4)
    cpu, gpu = make(config, branches=1), make(config, branches=1).cuda()
    on_gpu = x.cuda()
    gpu([on_gpu])  # warm-up before the capture
    gpu.stream.state.copy_(cpu.stream.state)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = gpu([on_gpu])
    for _ in range(3):
        graph.replay()
        torch.testing.assert_close(output.cpu(), cpu([x]))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "dropout"}, "regularizer.kind is 'dropout'"),
        ({"kind": "shakedrop", "keep": 1.5}, "regularizer.keep is 1.5"),
        ({"kind": "shakedrop", "alpha": (1.0, -1.0)}, "regularizer.alpha"),
        ({"kind": "shake_shake", "beta": (0.0, 1.0)}, "takes no range"),
        ({"kind": "shakedrop", "scaling": "inverted"}, "regularizer.scaling"),
        ({"kind": "shakedrop", "level": "row"}, "regularizer.level"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields, message):
    with pytest.raises(ValueError, match=message):
        RegularizerConfig(**fields)


def test_shake_shake_needs_two_branches():
    with pytest.raises(ValueError, match="at least 2 branches"):
        make(RegularizerConfig(kind="shake_shake"), branches=1)


def test_no_regularizer_is_the_plain_sum_without_state():
    mixer = make(RegularizerConfig())
    assert not isinstance(mixer, BranchMixer) and not mixer.state_dict()
    assert torch.equal(mixer([torch.ones(2), torch.full((2,), 3.0)]), torch.full((2,), 4.0))
