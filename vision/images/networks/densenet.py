"""Densely connected networks with bottlenecks and compression, DenseNet-BC (Huang et al. 2017).

B batch, C channels, H, W, k growth rate.
"""

import torch
from torch import Tensor, nn

from vision.images.networks.classifier import imagenet_stem
from vision.images.networks.layers import convolution
from vision.images.networks.residual import LAYOUTS, Convolution, blocks_of_depth, build_branch, layers
from vision.images.networks.trunk import Trunk, TrunkOptions

BOTTLENECK = 4  # inner channels of a dense layer, in growth rates
COMPRESSION = 2  # a transition keeps one channel in this many
IMAGENET_BLOCKS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
IMAGENET_GROWTH = 32


class DenseLayer(nn.Module):
    """Appends k new channels, computed from all channels before: norm-ReLU-1x1-norm-ReLU-3x3."""

    def __init__(self, in_channels: int, growth: int, *, generator: torch.Generator) -> None:
        super().__init__()
        convolutions = (Convolution(BOTTLENECK * growth, 1), Convolution(growth, 3))
        self.branch = build_branch(in_channels, convolutions, LAYOUTS["preactivation"], generator)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C + k, H, W)."""
        return torch.cat((x, self.branch(x)), dim=1)


def _transition(in_channels: int, generator: torch.Generator) -> nn.Sequential:
    layout = LAYOUTS["preactivation"]
    branch = build_branch(in_channels, (Convolution(in_channels // COMPRESSION, 1),), layout, generator)
    return branch.append(nn.AvgPool2d(2))


def _dense_trunk(
    stem: nn.Module, channels: int, blocks: tuple[int, ...], growth: int, generator: torch.Generator
) -> Trunk:
    modules = [stem]
    for stage, number in enumerate(blocks):
        if stage > 0:
            modules.append(_transition(channels, generator))
            channels //= COMPRESSION
        for _ in range(number):
            modules.append(DenseLayer(channels, growth, generator=generator))
            channels += growth
    return Trunk(nn.Sequential(*modules, *layers(("norm", "relu"), channels)), channels)


def _refuse_regularizer(options: TrunkOptions) -> None:
    if options.regularizer.kind != "none":
        raise ValueError(f"regularizer.kind is {options.regularizer.kind!r}; expected 'none' for a DenseNet")


def densenet(depth: int, growth: int, options: TrunkOptions) -> Trunk:
    """DenseNet-BC of 6n+4 layers for small images.

    Raises:
        ValueError: where depth is not 6n+4, or a residual regularizer is asked for.
    """
    _refuse_regularizer(options)
    number = blocks_of_depth(depth, per_block=2, other=4)
    stem = convolution(options.in_channels, 2 * growth, generator=options.generator)
    return _dense_trunk(stem, 2 * growth, (number,) * 3, growth, options.generator)


def imagenet_densenet(depth: int, options: TrunkOptions) -> Trunk:
    """DenseNet-BC for images of about 224 pixels, growth 32.

    Raises:
        ValueError: on a depth that is not in the paper's table, or a residual regularizer.
    """
    _refuse_regularizer(options)
    if depth not in IMAGENET_BLOCKS:
        raise ValueError(f"depth is {depth}; expected one of {tuple(IMAGENET_BLOCKS)}")
    channels = 2 * IMAGENET_GROWTH
    stem = imagenet_stem(options.in_channels, channels, generator=options.generator)
    return _dense_trunk(stem, channels, IMAGENET_BLOCKS[depth], IMAGENET_GROWTH, options.generator)
