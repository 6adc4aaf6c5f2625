"""Adam that refuses losses, gradients and weights that are not finite, before a weight moves.

It says so with an error at once, or with a mark on the device for which nobody waits.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

FIRST_DECAY, SECOND_DECAY, EPSILON = 0.9, 0.999, 1e-8
"""Of the moments, and what keeps the division finite; those of Kingma and Ba."""


class CheckedAdam:
    """Adam (Kingma and Ba 2015) over some parameters.

    It calls PyTorch's fused kernel itself: `torch.optim.Adam.step` spends several times the kernel's time on
    grouping and hooks, a tenth of an update of small networks.

    Args:
        name: what errors call the loss.
        parameters: what moves; all on one device, of one dtype.
        rate: learning rate.
    """

    def __init__(self, name: str, parameters: Iterable[nn.Parameter], rate: float) -> None:
        self.name, self.rate = name, rate
        self.parameters = list(parameters)
        self._first = [torch.zeros_like(p, requires_grad=False) for p in self.parameters]
        self._second = [torch.zeros_like(moment) for moment in self._first]
        self._count = torch.zeros((), device=self.parameters[0].device)
        self._one = torch.ones_like(self._count)

    def step(self, loss: Tensor) -> float:
        """Move the parameters against the gradient of a scalar loss, and touch no other gradient.

        Returns:
            The loss.

        Raises:
            FloatingPointError: on a loss, gradient or weight that is not finite; nothing moved.
        """
        gradients = self._gradients(loss)
        weights = [parameter.detach() for parameter in self.parameters]
        norms = torch.stack(torch._foreach_norm(gradients + weights))
        parts = norms.view(2, -1).sum(1)
        value, gradient, weight = torch.stack((loss.detach(), *parts)).tolist()
        for what, number in (("loss", value), ("gradient", gradient), ("weights", weight)):
            if not math.isfinite(number):
                raise FloatingPointError(f"{self.name} {what}: got {number}, expected a finite number")
        self._move(weights, gradients)
        return value

    def attempt(self, loss: Tensor, failed: Tensor) -> Tensor:
        """Do what `step` does without waiting for the device: where it would raise, mark a failure instead.

        Args:
            loss: scalar.
            failed: () float32 on the device: 1 after a failure, be it of another loss; nothing moves then.

        Returns:
            The loss, on the device.
        """
        gradients = self._gradients(loss)
        weights = [parameter.detach() for parameter in self.parameters]
        value = loss.detach()
        # One kernel for all; it multiplies them by one, which changes no bit.
        torch._amp_foreach_non_finite_check_and_unscale_([*gradients, *weights, value], failed, self._one)
        self._move(weights, gradients, failed)
        return value

    def _gradients(self, loss: Tensor) -> list[Tensor]:
        """Gradients of a scalar, laid out in memory as the parameters are: those of convolutions may not be,
        and the kernel below walks through all as one."""
        found = torch.autograd.grad(loss, self.parameters)
        pairs = zip(found, self.parameters, strict=True)
        return [g if g.stride() == p.stride() else torch.empty_like(p.detach()).copy_(g) for g, p in pairs]

    @torch.no_grad()
    def _move(self, weights: list[Tensor], gradients: list[Tensor], failed: Tensor | None = None) -> None:
        self._count += 1 if failed is None else 1 - failed
        torch._fused_adam_(
            *(weights, gradients, self._first, self._second, [], [self._count] * len(weights)),
            lr=self.rate,
            beta1=FIRST_DECAY,
            beta2=SECOND_DECAY,
            weight_decay=0.0,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
            found_inf=failed,
        )

    def state_dict(self) -> dict[str, Any]:
        """Count and moments, by place of the parameter; the moments are the live ones."""
        moments = enumerate(zip(self._first, self._second, strict=True))
        return {
            "moments": {
                place: {"step": self._count.clone(), "exp_avg": first, "exp_avg_sq": second}
                for place, (first, second) in moments
            }
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: when a shape does not fit.
        """
        for place, moments in state["moments"].items():
            if moments["exp_avg"].shape != self.parameters[place].shape:
                raise ValueError(f"{self.name} moments {place}: got another shape than the weights'")
            self._first[place].copy_(moments["exp_avg"])
            self._second[place].copy_(moments["exp_avg_sq"])
            self._count.copy_(moments["step"])
