"""Factors of all blocks of a network in one go: a GPU starts a few kernels for them, not a few a block.

The numbers are those that each block would draw from its own stream. K blocks, n branches, B batch.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from vision.images.mixing_rules import ShakeDropRule
from vision.images.regularizers import BranchMixer, Factors
from vision.random_stream import take_from_streams, uniform


class SharedDraws(nn.Module):
    """Draws for K mixers that differ in nothing but how often their branches are kept.

    Args:
        mixers: of the blocks, first to last; they stay in their blocks.
        branches: n, that each of them gives factors to.
    """

    def __init__(self, mixers: Sequence[BranchMixer], branches: int) -> None:
        super().__init__()
        self._mixers = tuple(mixers)  # a tuple, so that they and their streams are not registered twice
        self._branches = branches
        rules = [mixer.rule for mixer in mixers]
        if isinstance(rules[0], ShakeDropRule):
            for name in ("keep", "divisor"):
                values = torch.tensor([getattr(rule, name) for rule in rules]).view(-1, 1, 1, 1, 1, 1)
                self.register_buffer(name, values, persistent=False)

    def forward(self, x: Tensor) -> list[Factors]:
        """The factors of every block for a batch x (B, C, H, W), in its dtype."""
        rule, shape = self._mixers[0].rule, (len(x), 1, 1, 1)
        if isinstance(rule, ShakeDropRule):
            plain = isinstance(rule.divisor, float) and rule.divisor == 1.0
            rule = replace(rule, keep=self.keep, divisor=1.0 if plain else self.divisor)
        count = rule.draws(self._branches, shape)
        states = take_from_streams([mixer.stream.state for mixer in self._mixers], count)
        numbers = uniform(states, count)

        def draw(offset: int, length: int) -> Tensor:
            return numbers.narrow(-1, offset, length)

        forward = rule.forward_factors(draw, self._branches, shape).to(x.dtype)
        backward = rule.backward_factors(draw, self._branches, shape).to(x.dtype)
        return [Factors(*both) for both in zip(forward, backward, strict=True)]


def shared_draws(mixers: Sequence[nn.Module], branches: int) -> SharedDraws | None:
    """Draws for blocks of n branches, or None where each block draws for itself: without a regularizer, and
    where factors depend on what a block makes (channels, pixels)."""
    drawing = [mixer for mixer in mixers if isinstance(mixer, BranchMixer)]
    if not drawing or len(drawing) < len(mixers) or drawing[0].rule.level not in ("batch", "image"):
        return None
    return SharedDraws(drawing, 1 if drawing[0].after_sum else branches)
