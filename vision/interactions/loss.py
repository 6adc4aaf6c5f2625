"""The loss of interaction networks: an error, and the absolute weights of the main network.

Shapes: B samples, M functions.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class PenalisedError:
    """The error of each function added up, and a share of the sum of absolute weights.

    Added up, each of several functions learns as it would alone.

    Args:
        weights: the main network's, which are penalised; biases and networks of single inputs are not.
        l1: factor of the penalty.
        binary: targets are 0 or 1 and the error is the logistic loss, instead of the squared error.
    """

    def __init__(self, weights: Sequence[nn.Parameter], *, l1: float, binary: bool) -> None:
        self._weights, self._l1, self._binary = list(weights), l1, binary

    def __call__(
        self, network: Callable[..., Any], part: tuple[Tensor, ...], generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss on (B, M, p) inputs and (B, M) targets; `generator` is not used."""
        inputs, targets = part
        errors = row_errors(network(inputs), targets, binary=self._binary).mean(0)
        loss = errors.sum()
        if self._l1:
            for weight in self._weights:
                loss = loss + self._l1 * weight.abs().sum()
        return loss, {"error": errors.mean()}


def row_errors(outputs: Tensor, targets: Tensor, *, binary: bool) -> Tensor:
    """Return the (B, M) errors of (B, M) outputs: squared, or logistic in nats."""
    if binary:
        return functional.binary_cross_entropy_with_logits(outputs, targets, reduction="none")
    return (outputs - targets).square()
