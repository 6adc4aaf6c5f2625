"""ShuffleNet: grouped 1x1 convolutions with shuffled channels in between (Zhang et al. 2018).

The inner channels are a quarter of a unit's output, also where the resolution halves: so the multiplications
are those of the paper's table 1 for every number of groups. Hoffer et al. 2018 count 1,826,555 parameters for
three groups; that is, but for one, a network whose reducing units have a quarter of what their branch adds
instead, with a bias in every convolution and no normalisation after the first.

B batch, C channels, H, W.
"""

import torch
from torch import Tensor, nn

from vision.images.networks.classifier import imagenet_stem, small_stem
from vision.images.networks.layers import convolution, draw_seed
from vision.images.networks.residual import ResidualBlock
from vision.images.networks.trunk import Trunk, TrunkOptions
from vision.images.regularizers import build_mixer

STEM = 24
BLOCKS = (4, 8, 4)
FIRST_STAGE = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}  # channels by number of groups; they double each stage
BOTTLENECK = 4  # a unit's output over its inner channels


class ChannelShuffle(nn.Module):
    """Deals the channels of each group out over all groups."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return x.unflatten(1, (self.groups, -1)).transpose(1, 2).flatten(1, 2)


class ReducingUnit(nn.Module):
    """Halves the resolution: ReLU of the branch's output beside the average-pooled input."""

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.pool = nn.AvgPool2d(3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C + branch channels, H / 2, W / 2)."""
        return torch.relu(torch.cat((self.pool(x), self.branch(x)), dim=1))


def _branch(
    in_channels: int,
    inner: int,
    out_channels: int,
    *,
    stride: int,
    groups: int,
    first_groups: int,
    generator: torch.Generator,
) -> nn.Sequential:
    return nn.Sequential(
        convolution(in_channels, inner, kernel=1, groups=first_groups, generator=generator),
        nn.BatchNorm2d(inner),
        nn.ReLU(inplace=True),
        ChannelShuffle(groups),
        convolution(inner, inner, stride=stride, groups=inner, generator=generator),
        nn.BatchNorm2d(inner),
        convolution(inner, out_channels, kernel=1, groups=groups, generator=generator),
        nn.BatchNorm2d(out_channels),
    )


def _adding_units(
    channels: int, groups: int, first: int, options: TrunkOptions, number: int
) -> list[nn.Module]:
    total = sum(BLOCKS) - len(BLOCKS)
    return [
        ResidualBlock(
            [
                _branch(
                    channels,
                    channels // BOTTLENECK,
                    channels,
                    stride=1,
                    groups=groups,
                    first_groups=groups,
                    generator=options.generator,
                )
            ],
            merge=build_mixer(
                options.regularizer,
                branches=1,
                block=first + place,
                blocks=total,
                seed=draw_seed(options.generator),
            ),
            last=nn.ReLU(inplace=True),
        )
        for place in range(number)
    ]


def shufflenet(groups: int, options: TrunkOptions, *, imagenet: bool = False) -> Trunk:
    """ShuffleNet 1x with 3 stages; `imagenet` starts with a quarter of the resolution instead of all of it.

    Residual regularizers act on the units that add; those that halve the resolution concatenate.

    Raises:
        ValueError: on a number of groups that is not in the paper's table.
    """
    if groups not in FIRST_STAGE:
        raise ValueError(f"groups is {groups}; expected one of {tuple(FIRST_STAGE)}")
    if imagenet:
        stem = imagenet_stem(options.in_channels, STEM, kernel=3, generator=options.generator)
    else:
        stem = small_stem(options.in_channels, STEM, relu=True, generator=options.generator)
    modules, channels, added = [stem], STEM, 0
    for stage, number in enumerate(BLOCKS):
        out_channels = FIRST_STAGE[groups] * 2**stage
        branch = _branch(
            channels,
            out_channels // BOTTLENECK,
            out_channels - channels,
            stride=2,
            groups=groups,
            first_groups=1 if stage == 0 else groups,  # too few channels to group them, section 3.2
            generator=options.generator,
        )
        modules.append(ReducingUnit(branch))
        modules += _adding_units(out_channels, groups, added + 1, options, number - 1)
        channels, added = out_channels, added + number - 1
    return Trunk(nn.Sequential(*modules), channels)
