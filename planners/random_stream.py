"""Random numbers of one tree: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), one 64-bit state a tree.

`streams` is a record array with a field `stream` (uint64); `t` says whose stream is drawn from.
"""

import math

import numpy as np

from planners.compiled import kernel

INCREMENT = np.uint64(0x9E3779B97F4A7C15)
MULTIPLIERS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
UNUSED_BITS, UNIT = np.uint64(11), 2.0**-53


@kernel
def scramble(bits: int) -> int:
    """A bijection of 64-bit words that leaves no pattern."""
    bits = (bits ^ (bits >> SHIFTS[0])) * MULTIPLIERS[0]
    bits = (bits ^ (bits >> SHIFTS[1])) * MULTIPLIERS[1]
    return bits ^ (bits >> SHIFTS[2])


@kernel
def word(streams: np.ndarray, t: int) -> int:
    """The next 64 random bits."""
    streams[t].stream += INCREMENT
    return scramble(streams[t].stream)


@kernel
def uniform(streams: np.ndarray, t: int) -> float:
    """Uniform in [0, 1)."""
    return (word(streams, t) >> UNUSED_BITS) * UNIT


@kernel
def normal(streams: np.ndarray, t: int) -> float:
    """Standard normal, by Box and Muller."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(streams, t)))
    return radius * math.cos(2.0 * math.pi * uniform(streams, t))


@kernel
def student_t(streams: np.ndarray, t: int, freedom: float) -> float:
    """Student's t with `freedom` degrees of freedom: Bailey, Mathematics of Computation 62 (1994)."""
    radius = math.sqrt(freedom * ((1.0 - uniform(streams, t)) ** (-2.0 / freedom) - 1.0))
    return radius * math.cos(2.0 * math.pi * uniform(streams, t))
