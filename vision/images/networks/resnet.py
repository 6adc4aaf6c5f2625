"""Residual networks, ReLU after the sum or before the convolutions (He et al. 2016a,b; Dong et al. 2017)."""

from torch import nn

from vision.images.networks.classifier import imagenet_stem, small_stem
from vision.images.networks.layers import convolution
from vision.images.networks.residual import basic, blocks_of_depth, bottleneck, residual_tower, staged
from vision.images.networks.trunk import Trunk, TrunkOptions

WIDTHS = (16, 32, 64)
EXPANSION = 4  # a bottleneck's outer over its inner channels
IMAGENET_BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
IMAGENET_BASIC = (18, 34)  # depths of two-convolution blocks


def resnet(
    depth: int,
    options: TrunkOptions,
    *,
    layout: str = "original",
    shortcut: str = "subsample_pad",
) -> Trunk:
    """The 6n+2-layer network for small images (He et al. 2016a, section 4.2).

    Raises:
        ValueError: where depth is not 6n+2.
    """
    blocks = blocks_of_depth(depth, per_block=2, other=2)
    stem = small_stem(options.in_channels, WIDTHS[0], relu=True, generator=options.generator)
    tower = residual_tower(
        WIDTHS[0],
        staged([blocks] * 3, lambda stage, stride: basic(WIDTHS[stage], stride)),
        layout=layout,
        shortcut=shortcut,
        regularizer=options.regularizer,
        generator=options.generator,
    )
    return Trunk(nn.Sequential(stem, tower), WIDTHS[-1])


def preactivation_resnet(
    depth: int,
    options: TrunkOptions,
    *,
    layout: str = "preactivation",
    bottlenecks: bool = False,
    widen: int = 1,
) -> Trunk:
    """The pre-activation network of 6n+2 layers, 9n+2 with bottlenecks (He et al. 2016b).

    `widen` multiplies the channels of all blocks, which gives the Wide ResNet (Zagoruyko and Komodakis 2016).

    Raises:
        ValueError: where the depth does not fit.
    """
    blocks = blocks_of_depth(depth, per_block=3 if bottlenecks else 2, other=2)
    expansion = EXPANSION if bottlenecks else 1
    widths = [width * widen for width in WIDTHS]
    tower = residual_tower(
        WIDTHS[0],
        staged(
            [blocks] * 3,
            lambda stage, stride: (
                bottleneck(widths[stage], expansion * widths[stage], stride)
                if bottlenecks
                else basic(widths[stage], stride)
            ),
        ),
        layout=layout,
        shortcut="bare_projection",
        regularizer=options.regularizer,
        generator=options.generator,
    )
    stem = convolution(options.in_channels, WIDTHS[0], generator=options.generator)
    return Trunk(nn.Sequential(stem, tower), expansion * widths[-1])


def wide_resnet(depth: int, widen: int, options: TrunkOptions, *, layout: str = "preactivation") -> Trunk:
    """WRN-depth-widen; the name counts the two later shortcuts as layers, so depth is 6n+4.

    Raises:
        ValueError: where depth is not 6n+4.
    """
    if (depth - 4) % 6:
        raise ValueError(f"depth is {depth}; expected 6 n + 4 with n >= 1")
    return preactivation_resnet(depth - 2, options, layout=layout, widen=widen)


def imagenet_resnet(
    depth: int, options: TrunkOptions, *, layout: str = "original", groups: int = 1, group_width: int = 64
) -> Trunk:
    """The network for images of about 224 pixels; `groups` above 1 makes it a ResNeXt (Xie et al. 2017).

    Raises:
        ValueError: on a depth that is not in the papers' tables.
    """
    if depth not in IMAGENET_BLOCKS:
        raise ValueError(f"depth is {depth}; expected one of {tuple(IMAGENET_BLOCKS)}")
    is_basic = depth in IMAGENET_BASIC
    inner = groups * group_width
    outer = 64 if is_basic else 64 * EXPANSION
    tower = residual_tower(
        64,
        staged(
            IMAGENET_BLOCKS[depth],
            lambda stage, stride: (
                basic(outer * 2**stage, stride)
                if is_basic
                else bottleneck(inner * 2**stage, outer * 2**stage, stride, groups)
            ),
        ),
        layout=layout,
        shortcut="projection",
        regularizer=options.regularizer,
        generator=options.generator,
    )
    stem = imagenet_stem(options.in_channels, 64, generator=options.generator)
    return Trunk(nn.Sequential(stem, tower), outer * 8)
