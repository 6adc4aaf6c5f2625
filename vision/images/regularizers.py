"""Random factors on residual branches: Stochastic Depth, Shake-Shake, Shake, ShakeDrop (Yamada et al. 2019).

A block's branches F_1..F_n are merged into sum_i f_i F_i going forward, while gradients see sum_i b_i F_i. A
*rule* says how the factors f and b are drawn; `mix` applies given factors; `BranchMixer` owns a stream of
random numbers and does both. Factors are tensors, so nothing waits for the device and `torch.compile` sees
one graph.

Shapes: B batch, C channels; branches are (B, C, ...), all of one shape and dtype. Factors are (n, ...), every
factor broadcasting against a branch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from vision.images.model_config import Level, Range, RegularizerConfig
from vision.random_stream import RandomStream, uniform

Draw = Callable[[int, int], Tensor]  # (offset, count) -> (count,) float32 uniform numbers in (0, 1)


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
    other.
    """

    keep: float
    alpha: Range
    beta: Range
    level: Level = "image"
    gate_level: Level = "batch"
    forward: str = "shake"
    backward: str = "shake"
    divisor: float = 1.0

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
        gate = (draw(0, self._gates(branches, shape)) < self.keep).view(gate_shape)
        low, high = limits
        if even or low == high:
            closed = torch.full_like(gate, (low + high) / 2, dtype=torch.float32)
        else:
            closed_shape = (branches, *coefficient_shape(self.level, shape))
            count = math.prod(closed_shape)
            unit = draw(self._gates(branches, shape) + slot * count, count)
            closed = (low + (high - low) * unit).view(closed_shape)
        factors = torch.where(gate, 1.0, closed)
        return factors if self.divisor == 1.0 else factors / self.divisor


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
            return torch.full_like(draw(0, branches), 1.0 / branches).view(branches, *(1 for _ in shape))
        exponential = -torch.log(draw(slot * count, count)).view(factor_shape)
        return exponential / exponential.sum(dim=0, keepdim=True)


def _weighted_sum(factors: Tensor, branches: Sequence[Tensor]) -> Tensor:
    total = branches[0] * factors[0]
    for factor, branch in zip(factors[1:], branches[1:], strict=True):
        total = torch.addcmul(total, branch, factor)
    return total


class _Mix(torch.autograd.Function):
    """Weighted sum with other weights in the backward pass; saves the backward factors only."""

    @staticmethod
    def forward(ctx: Any, forward_factors: Tensor, backward_factors: Tensor, *branches: Tensor) -> Tensor:
        ctx.save_for_backward(backward_factors)
        return _weighted_sum(forward_factors, branches)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (factors,) = ctx.saved_tensors
        return None, None, *(gradient * factor for factor in factors)


def _redraw(state: Tensor) -> Draw:
    def draw(offset: int, count: int) -> Tensor:
        return uniform(state, count, offset=offset)

    return draw


class _RedrawnMix(torch.autograd.Function):
    """The same, but saves the stream's state and draws the backward factors again, where they are large."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, rule: MixingRule, *branches: Tensor) -> Tensor:
        ctx.save_for_backward(state)
        ctx.rule = rule
        ctx.branches = len(branches)
        factors = rule.forward_factors(_redraw(state), len(branches), branches[0].shape)
        return _weighted_sum(factors.to(branches[0].dtype), branches)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (state,) = ctx.saved_tensors
        factors = ctx.rule.backward_factors(_redraw(state), ctx.branches, gradient.shape)
        return None, None, *(gradient * factor for factor in factors.to(gradient.dtype))


def mix(branches: Sequence[Tensor], forward_factors: Tensor, backward_factors: Tensor) -> Tensor:
    """Sum of the branches weighted by `forward_factors`, whose gradient is weighted by `backward_factors`.

    Args:
        branches: n tensors (B, C, ...) of one shape and floating dtype.
        forward_factors, backward_factors: (n, ...) each, factor i broadcasting to branch i; cast to its
            dtype.

    Returns:
        (B, C, ...) in the branches' dtype.
    """
    dtype = branches[0].dtype
    return _Mix.apply(forward_factors.to(dtype), backward_factors.to(dtype), *branches)


class SumBranches(nn.Module):
    """The plain sum of a block's branches, no regularizer."""

    def forward(self, branches: Sequence[Tensor]) -> Tensor:
        """Adds n tensors (B, C, ...)."""
        total = branches[0]
        for branch in branches[1:]:
            total = total + branch
        return total


class BranchMixer(nn.Module):
    """Merges a block's branches by a rule: drawn factors in training, their expectation in evaluation."""

    def __init__(self, rule: MixingRule, *, after_sum: bool, seed: int) -> None:
        """One factor for the branches' sum (`after_sum`) or one each; `seed` starts the module's stream."""
        super().__init__()
        self.rule = rule
        self.sum = SumBranches()
        self.after_sum = after_sum
        self.stream = RandomStream(seed)

    def forward(self, branches: Sequence[Tensor]) -> Tensor:
        """Merges n tensors (B, C, ...) of one shape into one."""
        if not self.training:
            return self.sum(branches) * self.rule.expected_factor
        branches = [self.sum(branches)] if self.after_sum else list(branches)
        number, shape = len(branches), branches[0].shape
        count = self.rule.draws(number, shape)
        state = self.stream.advance(count)
        if self.rule.level == "pixel":
            return _RedrawnMix.apply(state, self.rule, *branches)
        numbers = uniform(state, count)

        def draw(offset: int, length: int) -> Tensor:
            return numbers.narrow(0, offset, length)

        return mix(
            branches,
            self.rule.forward_factors(draw, number, shape),
            self.rule.backward_factors(draw, number, shape),
        )

    def extra_repr(self) -> str:
        """Shows the rule when the network is printed."""
        return f"{self.rule}, after_sum={self.after_sum}"


def build_mixer(config: RegularizerConfig, *, branches: int, block: int, blocks: int, seed: int) -> nn.Module:
    """The module that merges the branches of block `block` of `blocks` (counted from 1).

    Raises:
        ValueError: where Shake-Shake meets a block with one branch only.
    """
    if config.kind == "none":
        return SumBranches()
    if config.kind == "shake_shake":
        if branches < 2:
            raise ValueError(
                "regularizer.kind 'shake_shake' needs at least 2 branches a block; the network has 1"
            )
        rule = ShakeShakeRule(config.level, config.forward, config.backward, branches)
        return BranchMixer(rule, after_sum=False, seed=seed)
    keep = config.keep_probability(block, blocks)
    drop_rule = ShakeDropRule(
        keep=keep,
        alpha=config.alpha_range,
        beta=config.beta_range,
        level=config.level,
        gate_level="batch" if config.gate == "batch" else "image",
        forward=config.forward,
        backward=config.backward,
        divisor=keep if config.scaling == "inverted" else 1.0,
    )
    return BranchMixer(drop_rule, after_sum=config.placement == "after_sum", seed=seed)
