"""Adam that refuses losses, gradients and weights that are not finite, before a weight moves."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


class CheckedAdam:
    """Adam (Kingma and Ba 2015) over some parameters.

    Args:
        name: what errors call the loss.
        parameters: what moves.
        rate: learning rate.
    """

    def __init__(self, name: str, parameters: Iterable[nn.Parameter], rate: float) -> None:
        self.name = name
        self.parameters = list(parameters)
        self._adam = torch.optim.Adam(self.parameters, lr=rate, fused=True)

    def step(self, loss: Tensor) -> float:
        """Move the parameters against the gradient of a scalar loss, and touch no other gradient.

        Returns:
            The loss.

        Raises:
            FloatingPointError: on a loss, gradient or weight that is not finite; nothing moved.
        """
        gradients = torch.autograd.grad(loss, self.parameters)
        norms = torch.stack(torch._foreach_norm([*gradients, *(p.detach() for p in self.parameters)]))
        parts = norms.view(2, -1).sum(1)
        value, gradient, weight = torch.stack((loss.detach(), *parts)).tolist()
        for what, number in (("loss", value), ("gradient", gradient), ("weights", weight)):
            if not math.isfinite(number):
                raise FloatingPointError(f"{self.name} {what}: got {number}, expected a finite number")
        for parameter, gradient_of in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient_of
        self._adam.step()
        return value

    def state_dict(self) -> dict[str, Any]:
        """The moments, by place of the parameter."""
        return {"moments": self._adam.state_dict()["state"]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: when a shape does not fit.
        """
        for place, moments in state["moments"].items():
            if moments["exp_avg"].shape != self.parameters[place].shape:
                raise ValueError(f"{self.name} moments {place}: got another shape than the weights'")
        groups = self._adam.state_dict()["param_groups"]
        self._adam.load_state_dict({"state": state["moments"], "param_groups": groups})
