"""Convolutions over the events of a window, which keep its length.

Shapes: B windows, C channels, L events.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.1
"""Of the leaky rectifier below zero, as in the authors' code of SOCNN."""


class EventConvolution(nn.Module):
    """A convolution over events, padded to keep their number, with weights from a given generator.

    Differs from the paper: the limit on the norm of the weights that lead to one channel is part of the layer
    (what it applies are the weights scaled down to the limit), not a step after each update. The layers that
    can be learnt are the same.

    Args:
        inputs, outputs: channels.
        kernel: events that it spans.
        max_norm: the limit; 0 means none.
        generator: of the weights, U(-a, a) with a^2 = 6 / (fan in + fan out); biases start at zero.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, max_norm: float = 0.0, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.max_norm = max_norm
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        bound = (6.0 / (kernel * (inputs + outputs))) ** 0.5
        nn.init.uniform_(self.weight, -bound, bound, generator=generator)

    def forward(self, features: Tensor) -> Tensor:
        """(B, inputs, L) to (B, outputs, L)."""
        weight = self.weight
        if self.max_norm:
            weight = torch.renorm(weight, 2, 0, self.max_norm)
        return functional.conv1d(features, weight, self.bias, padding="same")


def convolution_block(
    inputs: int, outputs: int, kernel: int, *, max_norm: float = 0.0, generator: torch.Generator
) -> nn.Sequential:
    """Convolution, batch normalisation and leaky rectifier; arguments as of `EventConvolution`."""
    return nn.Sequential(
        EventConvolution(inputs, outputs, kernel, max_norm=max_norm, generator=generator),
        nn.BatchNorm1d(outputs),
        nn.LeakyReLU(SLOPE),
    )


def convolution_tower(
    widths: tuple[int, ...],
    kernels: tuple[int, ...],
    *,
    max_norm: float = 0.0,
    generator: torch.Generator,
) -> nn.Sequential:
    """Blocks through channels of these widths, first the input's; the kernels are taken in turn."""
    blocks = (
        convolution_block(
            inputs, outputs, kernels[number % len(kernels)], max_norm=max_norm, generator=generator
        )
        for number, (inputs, outputs) in enumerate(pairwise(widths))
    )
    return nn.Sequential(*blocks)
