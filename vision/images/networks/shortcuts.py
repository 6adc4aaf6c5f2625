"""The ways a residual block's input reaches its output where their shapes differ.

B batch, C channels, H, W: every shortcut maps (B, C_in, H, W) to (B, C_out, H', W'), H' = ceil(H / stride),
W' = ceil(W / stride).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vision.images.networks.layers import convolution


class PadShortcut(nn.Module):
    """Subsamples or average-pools, then appends channels of zeros (He et al. 2016a, option A)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, *, pool: bool) -> None:
        """`pool` takes each square's mean (PyramidNet) instead of its first pixel (ResNet)."""
        super().__init__()
        if out_channels < in_channels:
            raise ValueError(f"out_channels is {out_channels}; expected at least in_channels {in_channels}")
        self.extra_channels = out_channels - in_channels
        self.stride = stride
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """(B, C_in, H, W) to (B, C_out, H', W')."""
        if self.stride > 1:
            if self.pool:
                x = F.avg_pool2d(x, self.stride, ceil_mode=True)
            else:
                x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.extra_channels))


class TwoPathShortcut(nn.Module):
    """Two subsampled views, one shifted right and down by a pixel, half the channels each (Gastaldi 2017)."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.stride = stride
        half = out_channels // 2
        self.straight = convolution(in_channels, half, kernel=1, generator=generator)
        self.shifted = convolution(in_channels, out_channels - half, kernel=1, generator=generator)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C_in, H, W) to (B, C_out, H', W')."""
        x = F.relu(x)
        shifted = F.pad(x, (1, -1, 1, -1))
        step = self.stride
        paths = (self.straight(x[:, :, ::step, ::step]), self.shifted(shifted[:, :, ::step, ::step]))
        return self.norm(torch.cat(paths, dim=1))


def _subsample_pad(in_channels: int, out_channels: int, stride: int, generator: torch.Generator) -> nn.Module:
    return PadShortcut(in_channels, out_channels, stride, pool=False)


def _pool_pad(in_channels: int, out_channels: int, stride: int, generator: torch.Generator) -> nn.Module:
    return PadShortcut(in_channels, out_channels, stride, pool=True)


def _projection(in_channels: int, out_channels: int, stride: int, generator: torch.Generator) -> nn.Module:
    matrix = convolution(in_channels, out_channels, kernel=1, stride=stride, generator=generator)
    return nn.Sequential(matrix, nn.BatchNorm2d(out_channels))


def _bare_projection(
    in_channels: int, out_channels: int, stride: int, generator: torch.Generator
) -> nn.Module:
    return convolution(in_channels, out_channels, kernel=1, stride=stride, generator=generator)


def _two_path(in_channels: int, out_channels: int, stride: int, generator: torch.Generator) -> nn.Module:
    return TwoPathShortcut(in_channels, out_channels, stride, generator=generator)


SHORTCUTS: dict[str, Callable[[int, int, int, torch.Generator], nn.Module]] = {
    "subsample_pad": _subsample_pad,
    "pool_pad": _pool_pad,
    "projection": _projection,
    "bare_projection": _bare_projection,  # no batch norm: where the block's own norm comes first
    "two_path": _two_path,
}
