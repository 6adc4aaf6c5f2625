"""Laws of the residual block: layouts, shortcuts, regularizers' place, stages, reuse as a tower."""

import pytest
import torch
import torch.nn.functional as F

from vision.images.model_config import RegularizerConfig
from vision.images.models import create_model
from vision.images.networks.residual import LAYOUTS, basic, bottleneck, residual_tower
from vision.images.networks.shortcuts import PadShortcut, TwoPathShortcut
from vision.images.networks.shufflenet import ChannelShuffle
from vision.images.regularizers import BranchMixer


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(*shape):
    return torch.randn(*shape, generator=generator(5), dtype=torch.float64)


def build(in_channels, blocks, **settings):
    return residual_tower(in_channels, blocks, generator=generator(), **settings).double()


def norm(layer, x):
    return F.batch_norm(x, None, None, layer.weight, layer.bias, training=True)


def conv(layer, x):
    return F.conv2d(x, layer.weight, stride=layer.stride, padding=layer.padding, groups=layer.groups)


def by_hand(layers, x):
    """A branch from its parameters, with fresh functional layers that overwrite nothing."""
    for layer in layers:
        if isinstance(layer, torch.nn.BatchNorm2d):
            x = norm(layer, x)
        elif isinstance(layer, torch.nn.Conv2d):
            x = conv(layer, x)
        else:
            x = F.relu(x)
    return x


WORDS = {
    "original": "conv norm relu conv norm",
    "original_eraserelu": "conv norm relu conv norm",
    "preactivation": "norm relu conv norm relu conv",
    "preactivation_norm": "norm relu conv norm relu conv norm",
    "preactivation_eraserelu": "norm conv norm relu conv",
    "pyramid": "norm conv norm relu conv norm",
    "relu_first": "relu conv norm relu conv norm",
}
NAMES = {torch.nn.Conv2d: "conv", torch.nn.BatchNorm2d: "norm", torch.nn.ReLU: "relu"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_block_adds_its_branch_to_an_untouched_input(layout):
    block = build(6, [basic(6)], layout=layout).blocks[0]
    assert " ".join(NAMES[type(layer)] for layer in block.branches[0]) == WORDS[layout]
    x = images(4, 6, 5, 5)
    expected = x + by_hand(block.branches[0], x)
    if layout == "original":
        expected = F.relu(expected)
    before = x.clone()
    torch.testing.assert_close(block(x), expected)
    assert torch.equal(x, before)


@pytest.mark.parametrize("layout", ["preactivation", "preactivation_norm", "preactivation_eraserelu"])
def test_a_projecting_preactivation_block_shares_its_first_layers(layout):
    block = build(4, [basic(6, stride=2)], layout=layout, shortcut="bare_projection").blocks[0]
    x = images(4, 4, 6, 6)
    shared = by_hand(block.first, x)
    expected = conv(block.shortcut, shared) + by_hand(block.branches[0], shared)
    torch.testing.assert_close(block(x), expected)


def test_erased_relu_lets_negative_values_out():
    x = images(4, 6, 5, 5)
    assert build(6, [basic(6)], layout="original").blocks[0](x).min() == 0
    assert build(6, [basic(6)], layout="original_eraserelu").blocks[0](x).min() < 0


def test_a_bottleneck_carries_stride_and_groups_in_its_middle():
    block = build(8, [bottleneck(4, 16, stride=2, groups=2)]).blocks[0]
    convolutions = [layer for layer in block.branches[0] if isinstance(layer, torch.nn.Conv2d)]
    assert [(c.kernel_size[0], c.stride[0], c.groups) for c in convolutions] == [
        (1, 1, 1),
        (3, 2, 2),
        (1, 1, 1),
    ]
    assert block(images(2, 8, 6, 6)).shape == (2, 16, 3, 3)


@pytest.mark.parametrize("side", [6, 7])
def test_pad_shortcuts_keep_pixels_or_means_and_append_zeros(side):
    x = images(2, 3, side, side)
    kept, pooled = PadShortcut(3, 5, 2, pool=False)(x), PadShortcut(3, 5, 2, pool=True)(x)
    assert torch.equal(kept[:, :3], x[:, :, ::2, ::2])
    torch.testing.assert_close(pooled[:, :3, 0, 0], x[:, :, :2, :2].mean(dim=(2, 3)))
    assert kept.shape == pooled.shape == (2, 5, (side + 1) // 2, (side + 1) // 2)
    assert not kept[:, 3:].any() and not pooled[:, 3:].any()
    with pytest.raises(ValueError, match="out_channels is 2"):
        PadShortcut(3, 2, 2, pool=False)


def test_the_second_path_sees_the_image_one_pixel_right_and_down():
    shortcut = TwoPathShortcut(1, 2, 2, generator=generator())
    x = torch.rand(1, 1, 6, 6, generator=generator(1)) + 0.5
    seen = {}
    for path in ("straight", "shifted"):
        getattr(shortcut, path).register_forward_pre_hook(
            lambda _, given, path=path: seen.update({path: given[0]})
        )
    shortcut(x)
    assert torch.equal(seen["straight"][0, 0], x[0, 0, ::2, ::2])
    assert torch.equal(seen["shifted"][0, 0, 1:, 1:], x[0, 0, 1:-1:2, 1:-1:2])
    assert not seen["shifted"][0, 0, 0].any() and not seen["shifted"][0, 0, :, 0].any()


def test_pyramid_channels_grow_by_equal_steps():
    trunk = create_model("pyramidnet110_a48", num_classes=2).trunk
    widths = [block.branches[0][-1].num_features for block in trunk[1].blocks]
    assert len(widths) == 54 and widths[0] == 17 and widths[-1] == 64
    assert widths == [round(16 + (place + 1) * 48 / 54) for place in range(54)]


def test_shuffled_channels_come_from_every_group():
    x = torch.arange(6.0).view(1, 6, 1, 1)
    assert ChannelShuffle(2)(x).flatten().tolist() == [0, 3, 1, 4, 2, 5]


def test_a_dropped_block_is_its_shortcut():
    config = RegularizerConfig(kind="stochastic_depth", keep=0.0, decay="uniform")
    tower = build(6, [basic(6)] * 3, layout="pyramid", regularizer=config)
    x = images(2, 6, 5, 5)
    torch.testing.assert_close(torch.nn.Sequential(*tower.blocks)(x), x)


def test_blocks_keep_with_the_linear_rule_and_draw_from_their_own_streams():
    config = RegularizerConfig(kind="shakedrop", keep=0.5)
    tower = build(6, [bottleneck(3, 6)] * 4, regularizer=config)
    mixers = [module for module in tower.modules() if isinstance(module, BranchMixer)]
    assert [mixer.rule.keep for mixer in mixers] == pytest.approx([0.875, 0.75, 0.625, 0.5])
    assert len({int(mixer.stream.state[0]) for mixer in mixers}) == 4


def test_a_shufflenet_keeps_with_the_linear_rule_over_its_units_that_add():
    config = RegularizerConfig(kind="shakedrop", keep=0.5)
    network = create_model("shufflenet_g1", num_classes=2, regularizer=config)
    keeps = [module.rule.keep for module in network.modules() if isinstance(module, BranchMixer)]
    assert keeps == pytest.approx([1 - 0.5 * unit / 13 for unit in range(1, 14)])


def test_a_tower_serves_board_planes_of_any_size():
    stem = torch.nn.Conv2d(29, 32, 3, padding=1)
    tower = residual_tower(32, [basic(32)] * 9, generator=generator())
    planes = torch.rand(2, 29, 32, 32, generator=generator())
    assert tower(stem(planes)).shape == (2, 32, 32, 32)
    assert sum(parameter.numel() for parameter in tower.parameters()) == 9 * (2 * 9 * 32 * 32 + 4 * 32)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"layout": "post"}, "layout is 'post'"), ({"shortcut": "max"}, "shortcut is 'max'")],
)
def test_unknown_words_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        residual_tower(4, [basic(4)], generator=generator(), **settings)
