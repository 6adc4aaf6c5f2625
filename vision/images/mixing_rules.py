"""How the factors of a block's branches are drawn: Stochastic Depth, ShakeDrop, Shake, Shake-Shake.

Yamada et al. 2019, section 3; Huang et al. 2016; Gastaldi 2017. A branch F_i counts f_i times going forward,
b_i times in its gradient; a rule draws f and b from uniform numbers.

Shapes: B batch, C channels, n branches, K blocks; branches are (B, C, ...). Factors are (n, ...), every
factor broadcasting against a branch, or (K, n, ...) where numbers (K, count) are given for K blocks at once.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from vision.images.model_config import Level, Range

Draw = Callable[[int, int], Tensor]
"""(offset, count) -> (count,) or (K, count) float32 uniform numbers in (0, 1)."""


def coefficient_shape(level: Level, shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of one coefficient tensor for branches of `shape`: sizes the level does not share stay."""
    kept = {"batch": 0, "image": 1, "channel": 2, "pixel": len(shape)}[level]
    return tuple(shape[:kept]) + (1,) * (len(shape) - kept)


class MixingRule(Protocol):
    """How the factors of a block's branches are drawn."""

    @property
    def level(self) -> Level:
        """What shares one coefficient."""

    @property
    def expected_factor(self) -> float:
        """What every branch is multiplied by when evaluating: the mean of the forward factors."""

    def draws(self, branches: int, shape: Sequence[int]) -> int:
        """How many uniform numbers one pass takes for `branches` branches of `shape`."""

    def forward_factors(self, draw: Draw, branches: int, shape: Sequence[int]) -> Tensor:
        """(n, ...) float32 factors of the forward pass."""

    def backward_factors(self, draw: Draw, branches: int, shape: Sequence[int]) -> Tensor:
        """(n, ...) float32 factors of the backward pass."""


@dataclass(frozen=True)
class ShakeDropRule:
    """Factor b + alpha - b alpha forward and b + beta - b beta backward, gate b ~ Bernoulli(keep).

    alpha = beta = 0 is Stochastic Depth; keep = 0 is one-branch Shake. `divisor` divides both factors in
    training and the expectation (keep for inverted Stochastic Depth). Branches draw independently of each
    other. For K blocks at once keep and divisor are tensors that broadcast against (K, n, ...).
    """

    keep: float | Tensor
    alpha: Range
    beta: Range
    level: Level = "image"
    gate_level: Level = "batch"
    forward: str = "shake"
    backward: str = "shake"
    divisor: float | Tensor = 1.0

    @property
    def expected_factor(self) -> float:
        """keep + (1 - keep) E[alpha], over the divisor; plain keep would assume that E[alpha] = 0."""
        return (self.keep + (1.0 - self.keep) * sum(self.alpha) / 2) / self.divisor

    def draws(self, branches: int, shape: Sequence[int]) -> int:
        """Gates, then alphas, then betas, drawn whether or not the modes use them."""
        return self._gates(branches, shape) + 2 * branches * math.prod(coefficient_shape(self.level, shape))

    def forward_factors(self, draw: Draw, branches: int, shape: Sequence[int]) -> Tensor:
        """One where the gate is open, alpha where it is closed."""
        return self._factors(draw, branches, shape, self.alpha, self.forward == "even", 0)

    def backward_factors(self, draw: Draw, branches: int, shape: Sequence[int]) -> Tensor:
        """One where the gate is open, beta (or the forward pass's alpha) where it is closed."""
        if self.backward == "keep":
            return self.forward_factors(draw, branches, shape)
        return self._factors(draw, branches, shape, self.beta, self.backward == "even", 1)

    def _gates(self, branches: int, shape: Sequence[int]) -> int:
        return branches * math.prod(coefficient_shape(self.gate_level, shape))

    def _factors(
        self, draw: Draw, branches: int, shape: Sequence[int], limits: Range, even: bool, slot: int
    ) -> Tensor:
        gate_shape = (branches, *coefficient_shape(self.gate_level, shape))
        gate = draw(0, self._gates(branches, shape)).unflatten(-1, gate_shape) < self.keep
        low, high = limits
        if even or low == high:
            factors = torch.where(gate, 1.0, (low + high) / 2)
        else:
            closed_shape = (branches, *coefficient_shape(self.level, shape))
            count = math.prod(closed_shape)
            unit = draw(self._gates(branches, shape) + slot * count, count).unflatten(-1, closed_shape)
            # low + (high - low) unit where the gate is closed, in one pass over what may be large.
            factors = torch.addcmul(torch.where(gate, 1.0, low), torch.where(gate, 0.0, high - low), unit)
        plain = isinstance(self.divisor, float) and self.divisor == 1.0
        return factors if plain else factors / self.divisor


@dataclass(frozen=True)
class ShakeShakeRule:
    """Factors uniform on the simplex: (alpha, 1 - alpha), alpha ~ U(0, 1), where there are two branches.

    Differs from the paper: it defines two branches only; more take the flat Dirichlet distribution, whose
    two-branch case is the paper's.
    """

    level: Level = "image"
    forward: str = "shake"
    backward: str = "shake"
    branches: int = 2

    @property
    def expected_factor(self) -> float:
        """One over the number of branches."""
        return 1.0 / self.branches

    def draws(self, branches: int, shape: Sequence[int]) -> int:
        """Forward factors, then backward factors, drawn whether or not the modes use them."""
        return 2 * branches * math.prod(coefficient_shape(self.level, shape))

    def forward_factors(self, draw: Draw, branches: int, shape: Sequence[int]) -> Tensor:
        """A point of the simplex, or its centre."""
        return self._factors(draw, branches, shape, self.forward == "even", 0)

    def backward_factors(self, draw: Draw, branches: int, shape: Sequence[int]) -> Tensor:
        """Another point of the simplex, its centre, or the forward pass's point."""
        if self.backward == "keep":
            return self.forward_factors(draw, branches, shape)
        return self._factors(draw, branches, shape, self.backward == "even", 1)

    def _factors(self, draw: Draw, branches: int, shape: Sequence[int], even: bool, slot: int) -> Tensor:
        factor_shape = (branches, *coefficient_shape(self.level, shape))
        count = math.prod(factor_shape)
        if even:
            centre = torch.full_like(draw(0, branches), 1.0 / branches)
            return centre.unflatten(-1, (branches, *(1 for _ in shape)))
        exponential = -torch.log(draw(slot * count, count)).unflatten(-1, factor_shape)
        return exponential / exponential.sum(dim=-len(factor_shape), keepdim=True)
