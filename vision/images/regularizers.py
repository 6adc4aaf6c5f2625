"""Random factors on residual branches: Stochastic Depth, Shake-Shake, Shake, ShakeDrop (Yamada et al. 2019).

A block's branches F_1..F_n are merged into sum_i f_i F_i going forward, while gradients see sum_i b_i F_i. A
*rule* says how the factors f and b are drawn; `mix` applies given factors; `BranchMixer` owns a stream of
random numbers and does both. Factors are tensors, so nothing waits for the device and `torch.compile` sees
one graph.

Shapes: B batch, C channels; branches are (B, C, ...), all of one shape and dtype. Factors are (n, ...), every
factor broadcasting against a branch.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vision.images.mixing_rules import Draw, MixingRule, ShakeDropRule, ShakeShakeRule
from vision.images.model_config import RegularizerConfig
from vision.random_stream import RandomStream, uniform


class Factors(NamedTuple):
    """Factors of a block's branches, (n, ...) each."""

    forward: Tensor
    backward: Tensor


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

    def forward(self, branches: Sequence[Tensor], factors: None = None) -> Tensor:
        """Adds n tensors (B, C, ...); it never has factors."""
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

    def forward(self, branches: Sequence[Tensor], factors: Factors | None = None) -> Tensor:
        """Merges n tensors (B, C, ...) of one shape into one; in training with given factors, or its own."""
        if not self.training:
            return self.sum(branches) * self.rule.expected_factor
        branches = [self.sum(branches)] if self.after_sum else list(branches)
        if factors is not None:
            return mix(branches, *factors)
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
