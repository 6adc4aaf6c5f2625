"""Pyramidal residual networks, whose channels grow in every block (Han et al. 2017, additive form)."""

from torch import nn

from vision.images.networks.classifier import small_stem
from vision.images.networks.residual import (
    Convolutions,
    basic,
    blocks_of_depth,
    bottleneck,
    residual_tower,
)
from vision.images.networks.trunk import Trunk, TrunkOptions

STEM = 16
EXPANSION = 4  # a bottleneck's outer over its inner channels


def pyramidnet(depth: int, alpha: int, options: TrunkOptions, *, bottlenecks: bool = False) -> Trunk:
    """PyramidNet-depth of widening factor alpha: block k of K has round(16 + k alpha / K) (inner) channels.

    Raises:
        ValueError: where depth is not 6n+2 (9n+2 with bottlenecks).
    """
    per_stage = blocks_of_depth(depth, per_block=3 if bottlenecks else 2, other=2)
    total = 3 * per_stage

    def block(place: int) -> Convolutions:
        width = round(STEM + (place + 1) * alpha / total)
        stride = 2 if place in (per_stage, 2 * per_stage) else 1
        return bottleneck(width, EXPANSION * width, stride) if bottlenecks else basic(width, stride)

    blocks = [block(place) for place in range(total)]
    tower = residual_tower(
        STEM,
        blocks,
        layout="pyramid",
        shortcut="pool_pad",
        regularizer=options.regularizer,
        generator=options.generator,
    )
    stem = small_stem(options.in_channels, STEM, relu=False, generator=options.generator)
    return Trunk(nn.Sequential(stem, tower), blocks[-1][-1].channels)
