"""One residual block for every family: y = last(shortcut(h) + merge(branches(h))), h = first(x).

A family says three things: a `Layout` (what stands before, between and after a branch's convolutions), the
convolutions of each block, and the shortcut where shapes differ. Regularizers enter as the module that merges
the branches, so every family and every bottleneck takes all of them.

B batch, C channels, H, W. Blocks map (B, C_in, H, W) to (B, C_out, H', W').
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vision.images.model_config import RegularizerConfig
from vision.images.networks.layers import convolution, draw_seed
from vision.images.networks.shortcuts import SHORTCUTS
from vision.images.regularizers import Factors, build_mixer
from vision.images.shared_draws import shared_draws


@dataclass(frozen=True)
class Convolution:
    """One convolution of a branch: its output channels, square kernel, stride and groups."""

    channels: int
    kernel: int = 3
    stride: int = 1
    groups: int = 1


Convolutions = tuple[Convolution, ...]


@dataclass(frozen=True)
class Layout:
    """Where a family puts its norms and ReLUs.

    Attributes:
        before, between, after: layers ("norm" or "relu") before the first, between two, after the last
            convolution of a branch.
        relu_after_sum: whether the block ends in a ReLU; erasing it is EraseReLU (Dong et al. 2017).
        shared_before: whether a shortcut that changes the shape starts from the layers before, too
            (He et al. 2016b).
        neck: layers after the last block of the network.
    """

    before: tuple[str, ...]
    between: tuple[str, ...]
    after: tuple[str, ...]
    relu_after_sum: bool = False
    shared_before: bool = False
    neck: tuple[str, ...] = ()


NORM, RELU = ("norm",), ("relu",)
NORM_RELU = NORM + RELU
LAYOUTS: dict[str, Layout] = {
    "original": Layout((), NORM_RELU, NORM, relu_after_sum=True),
    "original_eraserelu": Layout((), NORM_RELU, NORM),
    "preactivation": Layout(NORM_RELU, NORM_RELU, (), shared_before=True, neck=NORM_RELU),
    "preactivation_norm": Layout(NORM_RELU, NORM_RELU, NORM, shared_before=True, neck=NORM_RELU),
    "preactivation_eraserelu": Layout(NORM, NORM_RELU, (), shared_before=True, neck=NORM_RELU),
    "pyramid": Layout(NORM, NORM_RELU, NORM, neck=NORM_RELU),
    "relu_first": Layout(RELU, NORM_RELU, NORM, neck=RELU),
}


def basic(channels: int, stride: int = 1) -> Convolutions:
    """Two 3x3 convolutions."""
    return (Convolution(channels, 3, stride), Convolution(channels))


def bottleneck(inner: int, outer: int, stride: int = 1, groups: int = 1) -> Convolutions:
    """1x1 down to `inner` channels, a (grouped) 3x3 that carries the stride, 1x1 up to `outer`."""
    return (Convolution(inner, 1), Convolution(inner, 3, stride, groups), Convolution(outer, 1))


def staged(blocks: Sequence[int], block: Callable[[int, int], Convolutions]) -> list[Convolutions]:
    """Each block's convolutions, block(stage, stride), in stages of `blocks` blocks; the later ones halve."""
    return [
        block(stage, 2 if stage > 0 and place == 0 else 1)
        for stage, number in enumerate(blocks)
        for place in range(number)
    ]


def blocks_of_depth(depth: int, *, per_block: int, other: int) -> int:
    """Blocks in each of three stages: n of depth = 3 n per_block + other, counted in weighted layers.

    Raises:
        ValueError: where no n fits.
    """
    blocks, rest = divmod(depth - other, 3 * per_block)
    if rest or blocks < 1:
        raise ValueError(f"depth is {depth}; expected {3 * per_block} n + {other} with n >= 1")
    return blocks


def layers(kinds: Sequence[str], channels: int) -> list[nn.Module]:
    """Norms and ReLUs; a ReLU overwrites its input only where a norm made it, so nobody else reads it."""
    return [
        nn.BatchNorm2d(channels) if kind == "norm" else nn.ReLU(inplace=place > 0)
        for place, kind in enumerate(kinds)
    ]


def build_branch(
    in_channels: int, convolutions: Convolutions, layout: Layout, generator: torch.Generator
) -> nn.Sequential:
    """One branch's convolutions with the layout's layers around them."""
    modules: list[nn.Module] = layers(layout.before, in_channels)
    for place, conv in enumerate(convolutions):
        if place > 0:
            modules += layers(layout.between, in_channels)
        modules.append(
            convolution(
                in_channels,
                conv.channels,
                kernel=conv.kernel,
                stride=conv.stride,
                groups=conv.groups,
                generator=generator,
            )
        )
        in_channels = conv.channels
    return nn.Sequential(*modules, *layers(layout.after, in_channels))


class ResidualBlock(nn.Module):
    """y = last(shortcut(h) + merge(branches(h))), h = first(x)."""

    def __init__(
        self,
        branches: Sequence[nn.Module],
        *,
        merge: nn.Module,
        shortcut: nn.Module | None = None,
        first: nn.Module | None = None,
        last: nn.Module | None = None,
    ) -> None:
        """Takes n branches and a `merge` of their n outputs into one; what is not given is the identity."""
        super().__init__()
        self.first = first or nn.Identity()
        self.branches = nn.ModuleList(branches)
        self.merge = merge
        self.shortcut = shortcut or nn.Identity()
        self.last = last or nn.Identity()

    def forward(self, x: Tensor, factors: Factors | None = None) -> Tensor:
        """(B, C_in, H, W) to (B, C_out, H', W'); `factors` are what `merge` takes in place of its own."""
        h = self.first(x)
        residual = self.merge([branch(h) for branch in self.branches], factors)
        return self.last(self.shortcut(h) + residual)


class ResidualTower(nn.Module):
    """Blocks one after another, then the layers behind them; named by their places, as in a `Sequential`."""

    def __init__(self, blocks: Sequence[ResidualBlock], neck: Sequence[nn.Module], *, branches: int) -> None:
        """Takes blocks of so many branches each, and the neck's layers."""
        super().__init__()
        self._sizes = len(blocks), len(neck)
        for place, module in enumerate((*blocks, *neck)):
            self.add_module(str(place), module)
        self.draws = shared_draws([block.merge for block in blocks], branches)

    @property
    def blocks(self) -> list[nn.Module]:
        """The residual blocks, first to last."""
        return [self.get_submodule(str(place)) for place in range(self._sizes[0])]

    @property
    def neck(self) -> list[nn.Module]:
        """The layers behind them."""
        return [self.get_submodule(str(place)) for place in range(self._sizes[0], sum(self._sizes))]

    def forward(self, x: Tensor) -> Tensor:
        """(B, C_in, H, W) to (B, C_out, H', W')."""
        blocks = self.blocks
        factors = self.draws(x) if self.training and self.draws is not None else [None] * len(blocks)
        for block, given in zip(blocks, factors, strict=True):
            x = block(x, given)
        for layer in self.neck:
            x = layer(x)
        return x


def build_block(
    in_channels: int,
    convolutions: Convolutions,
    *,
    layout: Layout,
    shortcut: str,
    branches: int,
    merge: nn.Module,
    generator: torch.Generator,
) -> ResidualBlock:
    """A block of `branches` equal branches; `shortcut` names what stands in where the shape changes."""
    out_channels, stride = convolutions[-1].channels, 1
    for conv in convolutions:
        stride *= conv.stride
    reshape = first = None
    if out_channels != in_channels or stride != 1:
        reshape = SHORTCUTS[shortcut](in_channels, out_channels, stride, generator)
        if layout.shared_before:
            first = nn.Sequential(*layers(layout.before, in_channels))
    inside = layout if first is None else Layout((), layout.between, layout.after)
    return ResidualBlock(
        [build_branch(in_channels, convolutions, inside, generator) for _ in range(branches)],
        merge=merge,
        shortcut=reshape,
        first=first,
        last=nn.ReLU(inplace=True) if layout.relu_after_sum else None,
    )


def residual_tower(
    in_channels: int,
    blocks: Sequence[Convolutions],
    *,
    generator: torch.Generator,
    layout: str = "original",
    shortcut: str = "projection",
    branches: int = 1,
    regularizer: RegularizerConfig | None = None,
) -> ResidualTower:
    """Residual blocks one after another, then the layout's neck.

    Args:
        in_channels: channels of the tower's input.
        blocks: the convolutions of each block, first to last; see `basic` and `bottleneck`.
        generator: draws the weights and the regularizers' seeds.
        layout: a key of `LAYOUTS`.
        shortcut: a key of `SHORTCUTS`, used where a block changes the shape.
        branches: how many equal branches a block has.
        regularizer: random factors on the branches; none where not given.

    Returns:
        A module from (B, in_channels, H, W) to (B, channels of the last convolution, H', W').

    Raises:
        ValueError: on an unknown layout or shortcut, or Shake-Shake on one branch.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}; expected one of {tuple(LAYOUTS)}")
    if shortcut not in SHORTCUTS:
        raise ValueError(f"shortcut is {shortcut!r}; expected one of {tuple(SHORTCUTS)}")
    built: list[ResidualBlock] = []
    for number, convolutions in enumerate(blocks, start=1):
        merge = build_mixer(
            regularizer or RegularizerConfig(),
            branches=branches,
            block=number,
            blocks=len(blocks),
            seed=draw_seed(generator),
        )
        built.append(
            build_block(
                in_channels,
                convolutions,
                layout=LAYOUTS[layout],
                shortcut=shortcut,
                branches=branches,
                merge=merge,
                generator=generator,
            )
        )
        in_channels = convolutions[-1].channels
    return ResidualTower(built, layers(LAYOUTS[layout].neck, in_channels), branches=branches)
