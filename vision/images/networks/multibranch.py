"""ResNeXt, and networks of several branches a block for Shake-Shake (Xie et al. 2017; Gastaldi 2017)."""

from torch import nn

from vision.images.networks.classifier import small_stem
from vision.images.networks.residual import basic, blocks_of_depth, bottleneck, residual_tower, staged
from vision.images.networks.trunk import Trunk, TrunkOptions

RESNEXT_STEM = 64
RESNEXT_OUTER = 256  # output channels of the first stage
SHAKE_SHAKE_STEM = 16


def resnext(
    depth: int,
    groups: int,
    group_width: int,
    options: TrunkOptions,
    *,
    branches: int = 1,
    layout: str = "original",
) -> Trunk:
    """ResNeXt-depth, groups x group_width, in form C (grouped convolution), perhaps with several branches.

    Raises:
        ValueError: where depth is not 9n+2.
    """
    blocks = blocks_of_depth(depth, per_block=3, other=2)
    inner = groups * group_width
    stem = small_stem(options.in_channels, RESNEXT_STEM, relu=True, generator=options.generator)
    tower = residual_tower(
        RESNEXT_STEM,
        staged(
            [blocks] * 3,
            lambda stage, stride: bottleneck(inner * 2**stage, RESNEXT_OUTER * 2**stage, stride, groups),
        ),
        layout=layout,
        shortcut="projection",
        branches=branches,
        regularizer=options.regularizer,
        generator=options.generator,
    )
    return Trunk(nn.Sequential(stem, tower), RESNEXT_OUTER * 4)


def shake_shake_resnet(depth: int, branches: int, width: int, options: TrunkOptions) -> Trunk:
    """Shake-Shake-depth, branches x width: ReLU-conv-norm-ReLU-conv-norm branches, two-path shortcuts.

    Raises:
        ValueError: where depth is not 6n+2.
    """
    blocks = blocks_of_depth(depth, per_block=2, other=2)
    stem = small_stem(options.in_channels, SHAKE_SHAKE_STEM, relu=False, generator=options.generator)
    tower = residual_tower(
        SHAKE_SHAKE_STEM,
        staged([blocks] * 3, lambda stage, stride: basic(width * 2**stage, stride)),
        layout="relu_first",
        shortcut="two_path",
        branches=branches,
        regularizer=options.regularizer,
        generator=options.generator,
    )
    return Trunk(nn.Sequential(stem, tower), width * 4)
