"""A stream of uniform numbers whose state is two integers on the device (SplitMix64; Steele et al. 2014).

The i-th word of 64 bits is a hash of (seed, i), so a stream needs no generator object: it works inside
`torch.compile(fullgraph=True)` and in captured CUDA graphs (advancing is an in-place add on a buffer), gives
the same numbers on every device, is saved with the network's state, and any stretch of it can be drawn again
from a copy of the state. A word makes two numbers, one of each half: hashing is what a number costs. Nothing
reads or moves a global generator.

Limits: re-running a forward pass (activation checkpointing) draws new numbers, because the first pass
advanced the stream; where several processes share an update, each needs a stream of its own
(`vision.processes`).
"""

import torch
from torch import Tensor, nn

GOLDEN_GAMMA = 0x9E3779B97F4A7C15 - 2**64  # the odd increment of SplitMix64, as a signed 64-bit integer
FIRST_MULTIPLIER = 0xBF58476D1CE4E5B9 - 2**64
SECOND_MULTIPLIER = 0x94D049BB133111EB - 2**64
MANTISSA_BITS = 23
MIDDLE = 0.5 + 2.0 ** -(MANTISSA_BITS + 1)
"""With it every number of so many bits is exact in float32 and lies strictly inside (0, 1)."""


def _shift_right(bits: Tensor, places: int) -> Tensor:
    """Shifts int64 bits right, filling with zeros (torch fills with the sign)."""
    return (bits >> places).bitwise_and_((1 << (64 - places)) - 1)


def random_words(state: Tensor, count: int, *, offset: int = 0) -> Tensor:
    """Words `offset` to `offset + count` after the state's position, 64 random bits each.

    Args:
        state: (2,) int64, seed and position in words; or (K, 2), those of K streams.
        count: how many words.
        offset: how many words to leap over first.

    Returns:
        (count,) or (K, count) int64 on the state's device.
    """
    steps = torch.arange(1 + offset, 1 + offset + count, device=state.device, dtype=torch.int64)
    bits = (steps + state[..., 1:]).mul_(GOLDEN_GAMMA).add_(state[..., :1])
    bits.bitwise_xor_(_shift_right(bits, 30)).mul_(FIRST_MULTIPLIER)
    bits.bitwise_xor_(_shift_right(bits, 27)).mul_(SECOND_MULTIPLIER)
    return bits.bitwise_xor_(_shift_right(bits, 31))


def words_of(count: int) -> int:
    """How many words `count` numbers take; the last half of an odd count's is not used."""
    return (count + 1) // 2


def uniform(state: Tensor, count: int, *, offset: int = 0) -> Tensor:
    """Uniform float32 numbers strictly between 0 and 1, two a word: that of the lower half comes first.

    Args:
        state: as in `random_words`.
        count: how many numbers.
        offset: how many numbers to leap over first.

    Returns:
        (count,) or (K, count) float32 on the state's device.
    """
    first, skipped = offset // 2, offset % 2  # the compiler has no divmod of sizes that change
    words = random_words(state, words_of(skipped + count), offset=first)
    halves = words.view(torch.int32).narrow(-1, skipped, count)
    # The shift keeps the sign, so that these are whole numbers around 0.
    return (halves >> (32 - MANTISSA_BITS)).to(torch.float32).mul_(2.0**-MANTISSA_BITS).add_(MIDDLE)


@torch.library.custom_op("hogline::take_from_stream", mutates_args=("state",))
def take_from_stream(state: Tensor, count: int) -> Tensor:
    """Moves a stream's (2,) state past the words of `count` numbers and returns what it was.

    An operator of its own because the compiler (torch 2.13) otherwise recomputes the copy during the backward
    pass from the state already moved, and the redrawn numbers are others.
    """
    before = state.clone()
    state[1].add_(words_of(count))
    return before


@take_from_stream.register_fake
def _(state: Tensor, count: int) -> Tensor:
    return torch.empty_like(state)


@torch.library.custom_op("hogline::take_from_streams", mutates_args=("states",))
def take_from_streams(states: list[Tensor], count: int) -> Tensor:
    """As `take_from_stream`, of K streams' (2,) states; returns what they were, (K, 2)."""
    before = torch.stack(states)
    torch._foreach_add_([state[1] for state in states], words_of(count))
    return before


@take_from_streams.register_fake
def _(states: list[Tensor], count: int) -> Tensor:
    return states[0].new_empty(len(states), 2)


class RandomStream(nn.Module):
    """Owns one stream: seed and position in a persistent buffer, so a resumed run draws what was due."""

    state: Tensor

    def __init__(self, seed: int) -> None:
        """Starts at position 0 of the stream of `seed`, an integer in [0, 2**63)."""
        super().__init__()
        if not 0 <= seed < 2**63:
            raise ValueError(f"seed is {seed}; expected an integer in [0, 2**63)")
        self.register_buffer("state", torch.tensor([seed, 0], dtype=torch.int64))

    def advance(self, count: int) -> Tensor:
        """Takes the next `count` numbers: returns the (2,) state to draw them from and moves past them."""
        return take_from_stream(self.state, count)
