"""Policies and critics of goals: perceptrons on codes, or on features of images, learnt end to end.

Sizes after Nair et al. (2018) and Fujimoto et al. (2018). B batch, D code, A action, F features, S side.
"""

import copy
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from vision.images.encoders import codec_for
from vision.images.networks.layers import convolution, linear

LAST_BOUND = 3e-3
"""The last layers of policy and critics start uniform within this, so that values begin near zero."""


def perceptron(sizes: Sequence[int], *, generator: torch.Generator) -> nn.Sequential:
    """Linear maps with ReLUs between, from `sizes[0]` to `sizes[-1]` units."""
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        modules += [linear(inputs, outputs, generator=generator), nn.ReLU(inplace=True)]
    last = modules[-2]
    nn.init.uniform_(last.weight, -LAST_BOUND, LAST_BOUND, generator=generator)
    return nn.Sequential(*modules[:-1])


class CodePair(nn.Module):
    """Codes of observation and goal side by side."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.features = 2 * code

    def forward(self, observation: Tensor, goal: Tensor) -> Tensor:
        """(B, D) each to (B, 2 D)."""
        return torch.cat((observation, goal), dim=1)


class ImagePair(nn.Module):
    """Features of two images by one convolutional trunk, side by side."""

    def __init__(self, side: int, features: int, *, generator: torch.Generator) -> None:
        super().__init__()
        codec, channels = codec_for(side), 3
        modules: list[nn.Module] = []
        for width, kernel, stride in zip(codec.widths, codec.kernels, codec.strides, strict=True):
            modules += [
                convolution(
                    channels, width, kernel=kernel, stride=stride, padding=0, bias=True, generator=generator
                ),
                nn.ReLU(inplace=True),
            ]
            channels = width
        self.trunk = nn.Sequential(*modules, nn.Flatten())
        self.head = nn.Sequential(
            linear(codec.features, features, generator=generator), nn.LayerNorm(features), nn.Tanh()
        )
        self.features = 2 * features

    def forward(self, observation: Tensor, goal: Tensor) -> Tensor:
        """(B, S, S, 3) uint8 each to (B, 2 F)."""
        images = torch.cat((observation, goal)).movedim(-1, 1).float() / 255 - 0.5
        return torch.cat(self.head(self.trunk(images)).chunk(2), dim=1)


class TwinCritic(nn.Module):
    """Two estimates of the value of an action.

    On a GPU one batched matrix product does for both, which halves the kernels; on a CPU that was measured no
    faster.
    """

    def __init__(
        self, features: int, actions: int, hidden: Sequence[int], *, generator: torch.Generator
    ) -> None:
        super().__init__()
        sizes = (features + actions, *hidden, 1)
        self.first = perceptron(sizes, generator=generator)
        self.second = perceptron(sizes, generator=generator)

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        """(B, F) and (B, A) to (2, B)."""
        inputs = torch.cat((state, action), dim=1)
        if inputs.is_cuda:
            return self.together(inputs)
        return torch.stack((self.first(inputs), self.second(inputs))).squeeze(-1)

    def together(self, inputs: Tensor) -> Tensor:
        """(B, F + A) to (2, B), layer by layer for both; the columns of `values` are the samples."""
        values = inputs.t().expand(2, -1, -1)
        layers = list(pairwise(self._stacked()))[::2]
        for weights, biases in layers[:-1]:
            values = torch.baddbmm(biases[..., None], weights, values).relu_()
        weights, biases = layers[-1]
        return torch.baddbmm(biases[..., None], weights, values).squeeze(1)

    def _stacked(self) -> list[Tensor]:
        """Weights (2, outputs, inputs) and biases (2, outputs) of both, layer after layer.

        Copied as a whole and cut again, which is one kernel forwards and one backwards.
        """
        first, second = list(self.first.parameters()), list(self.second.parameters())
        flat = torch.cat([p.flatten() for pair in zip(first, second, strict=True) for p in pair])
        parts = flat.split([2 * p.numel() for p in first])
        return [part.view(2, *p.shape) for part, p in zip(parts, first, strict=True)]


class ActorCritic(nn.Module):
    """What a learner of goals holds: trunk, policy and critics.

    Args:
        trunk: `CodePair` or `ImagePair`.
        actions: A.
        outputs: of the policy's last layer for each action.
        hidden: units of the hidden layers.
        generator: draws the weights.
    """

    def __init__(
        self,
        trunk: CodePair | ImagePair,
        *,
        actions: int,
        outputs: int,
        hidden: Sequence[int],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.policy = perceptron((trunk.features, *hidden, outputs * actions), generator=generator)
        self.critics = TwinCritic(trunk.features, actions, hidden, generator=generator)

    def frozen_copy(self) -> "ActorCritic":
        """A copy that no gradient reaches."""
        return copy.deepcopy(self).requires_grad_(False)


@torch.no_grad()
def follow(targets: list[Tensor], learnt: list[Tensor], tau: float) -> None:
    """Move the targets' parameters by the share `tau` of the way to the learnt ones."""
    torch._foreach_lerp_(targets, learnt, tau)
