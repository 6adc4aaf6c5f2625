"""Convolutions and linear maps initialised from a given generator, never torch's own (He et al. 2015)."""

import math

import torch
from torch import nn


def convolution(
    in_channels: int,
    out_channels: int,
    *,
    kernel: int = 3,
    stride: int = 1,
    padding: int | None = None,
    groups: int = 1,
    bias: bool = False,
    generator: torch.Generator,
) -> nn.Conv2d:
    """A convolution, same-padded unless told, with weights N(0, 2 / (kernel^2 out_channels)), zero biases."""
    padding = kernel // 2 if padding is None else padding
    layer = nn.utils.skip_init(
        nn.Conv2d, in_channels, out_channels, kernel, stride, padding=padding, groups=groups, bias=bias
    )
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def transposed_convolution(
    in_channels: int, out_channels: int, *, kernel: int, stride: int, generator: torch.Generator
) -> nn.ConvTranspose2d:
    """An unpadded transposed convolution with biases of zero, that keeps the variance of rectified inputs."""
    layer = nn.utils.skip_init(nn.ConvTranspose2d, in_channels, out_channels, kernel, stride)
    summands = in_channels * kernel**2 / stride**2  # that reach one output pixel, on average
    nn.init.normal_(layer.weight, std=math.sqrt(2.0 / summands), generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def linear(
    in_features: int, out_features: int, *, bias: bool = True, generator: torch.Generator
) -> nn.Linear:
    """A linear map with weights U(-1/sqrt(in), 1/sqrt(in)) and perhaps biases of zero."""
    layer = nn.utils.skip_init(nn.Linear, in_features, out_features, bias=bias)
    bound = 1.0 / math.sqrt(in_features)
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def draw_seed(generator: torch.Generator) -> int:
    """A seed in [0, 2**62) for something that keeps its own stream."""
    return int(torch.randint(2**62, (1,), generator=generator))
