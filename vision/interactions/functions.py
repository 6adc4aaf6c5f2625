"""The synthetic functions F1 to F10 whose interactions are known (Tsang et al. 2018, table 1).

A function is a sum of terms, each of named inputs, numbered from 1 as in the paper; a set of inputs interacts
if it lies in one term. The tests hold every one of the 1023 sets of each function against its values.

Shapes: N rows, p inputs (ten here).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

INPUTS = 10
# F1 wants positive inputs: those under a logarithm, an arcsine or a fraction stay away from zero.
AWAY_FROM_ZERO = (4, 5, 8, 10)
LOWEST_AWAY = 0.6


class Term(NamedTuple):
    """One summand.

    Args:
        inputs: Numbers of its inputs, from 1.
        rule: Takes as many (N,) float64 columns, returns (N,).
    """

    inputs: tuple[int, ...]
    rule: Callable[..., NDArray[np.float64]]


@dataclass(frozen=True)
class SyntheticFunction:
    """A sum of terms over inputs that are drawn independently and uniformly.

    Attributes:
        terms: the summands.
        positive: inputs lie in [0, 1], some in [LOWEST_AWAY, 1], rather than in [-1, 1].
    """

    terms: tuple[Term, ...]
    positive: bool = False

    def __call__(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the (N,) values at (N, 10) inputs."""
        if inputs.ndim != 2 or inputs.shape[1] != INPUTS:
            raise ValueError(f"inputs: got shape {inputs.shape}, expected (N, {INPUTS})")
        return sum(term.rule(*(inputs[:, number - 1] for number in term.inputs)) for term in self.terms)

    def draw(self, rows: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return (rows, 10) float64 inputs."""
        low = np.full(INPUTS, 0.0 if self.positive else -1.0)
        if self.positive:
            low[np.array(AWAY_FROM_ZERO) - 1] = LOWEST_AWAY
        return rng.uniform(low, 1.0, (rows, INPUTS))

    @property
    def truth(self) -> tuple[frozenset[int], ...]:
        """The largest interactions, as sets of columns counted from 0, in the order of the terms."""
        sets = [frozenset(number - 1 for number in term.inputs) for term in self.terms]
        several = [one for one in dict.fromkeys(sets) if len(one) > 1]
        return tuple(one for one in several if not any(one < other for other in several))


def _secant(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / np.cos(angle)


def _below(height: NDArray[np.float64]) -> NDArray[np.float64]:
    """One over one more than a height that is not negative."""
    return 1.0 / (1.0 + height)


_F3_TERMS = (
    Term((1, 2), lambda a, b: np.exp(np.abs(a - b))),
    Term((2, 3), lambda b, c: np.abs(b * c)),
    Term((3, 4), lambda c, d: -((c**2) ** np.abs(d))),
    Term((4, 5, 7, 8), lambda d, e, g, h: np.log(d**2 + e**2 + g**2 + h**2)),
    Term((9,), lambda i: i),
    Term((10,), lambda j: _below(j**2)),
)

FUNCTIONS: dict[str, SyntheticFunction] = {
    "f1": SyntheticFunction(
        (
            Term((1, 2, 3), lambda a, b, c: np.pi ** (a * b) * np.sqrt(2 * c)),
            Term((4,), lambda d: -np.arcsin(d)),
            Term((3, 5), lambda c, e: np.log(c + e)),
            Term((7, 8, 9, 10), lambda g, h, i, j: -(i / j) * np.sqrt(g / h)),
            Term((2, 7), lambda b, g: -b * g),
        ),
        positive=True,
    ),
    # Ports of the suite differ in the sign of the fourth term, which changes no interaction; |x7| keeps the
    # root real.
    "f2": SyntheticFunction(
        (
            Term((1, 2, 3), lambda a, b, c: np.pi ** (a * b) * np.sqrt(2 * np.abs(c))),
            Term((4,), lambda d: -np.arcsin(0.5 * d)),
            Term((3, 5), lambda c, e: np.log(np.abs(c + e) + 1)),
            Term(
                (7, 8, 9, 10),
                lambda g, h, i, j: i * _below(np.abs(j)) * np.sqrt(np.abs(g) * _below(np.abs(h))),
            ),
            Term((2, 7), lambda b, g: -b * g),
        )
    ),
    # One port writes the third term as a product; the power is that of the authors' program.
    "f3": SyntheticFunction(_F3_TERMS),
    "f4": SyntheticFunction((*_F3_TERMS, Term((1, 4), lambda a, d: (a * d) ** 2))),
    # One port takes the root of |x4 + x5| instead.
    "f5": SyntheticFunction(
        (
            Term((1, 2, 3), lambda a, b, c: _below(a**2 + b**2 + c**2)),
            Term((4, 5), lambda d, e: np.sqrt(np.exp(d + e))),
            Term((6, 7), lambda f, g: np.abs(f + g)),
            Term((8, 9, 10), lambda h, i, j: h * i * j),
        )
    ),
    "f6": SyntheticFunction(
        (
            Term((1, 2), lambda a, b: np.exp(np.abs(a * b) + 1)),
            Term((3, 4), lambda c, d: -np.exp(np.abs(c + d) + 1)),
            Term((5, 6, 8), lambda e, f, h: np.cos(e + f - h)),
            Term((8, 9, 10), lambda h, i, j: np.sqrt(h**2 + i**2 + j**2)),
        )
    ),
    "f7": SyntheticFunction(
        (
            Term((1, 2), lambda a, b: (np.arctan(a) + np.arctan(b)) ** 2),
            Term((3, 4, 6), lambda c, d, f: np.maximum(c * d + f, 0)),
            Term((4, 5, 6, 7, 8), lambda d, e, f, g, h: -_below((d * e * f * g * h) ** 2)),
            Term((7, 9), lambda g, i: (np.abs(g) * _below(np.abs(i))) ** 5),
            *(Term((number,), lambda x: x) for number in range(1, INPUTS + 1)),
        )
    ),
    "f8": SyntheticFunction(
        (
            Term((1, 2), lambda a, b: a * b),
            Term((3, 5, 6), lambda c, e, f: 2 ** (c + e + f)),
            Term((3, 4, 5, 7), lambda c, d, e, g: 2 ** (c + d + e + g)),
            Term((7, 8, 9), lambda g, h, i: np.sin(g * np.sin(h + i))),
            Term((10,), lambda j: np.arccos(0.9 * j)),
        )
    ),
    "f9": SyntheticFunction(
        (
            Term((1, 2, 3, 4, 5), lambda a, b, c, d, e: np.tanh(a * b + c * d) * np.sqrt(np.abs(e))),
            Term((5, 6), lambda e, f: np.exp(e + f)),
            Term((6, 7, 8), lambda f, g, h: np.log((f * g * h) ** 2 + 1)),
            Term((9, 10), lambda i, j: i * j),
            Term((10,), lambda j: _below(np.abs(j))),
        )
    ),
    "f10": SyntheticFunction(
        (
            Term((1, 2), lambda a, b: np.sinh(a + b)),
            Term((3, 5, 7), lambda c, e, g: np.arccos(np.tanh(c + e + g))),
            Term((4, 5), lambda d, e: np.cos(d + e)),
            Term((7, 9), lambda g, i: _secant(g * i)),
        )
    ),
}
