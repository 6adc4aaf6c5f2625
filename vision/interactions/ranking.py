"""Ranks interactions by the weights of a fitted network (Tsang et al. 2018, section 4 and algorithm 1).

Inputs that interact must meet in a unit of the first hidden layer. A set of inputs is as strong at a unit as
a mean of their absolute weights into it, times the unit's influence on the output.

Shapes: H units of the first hidden layer, p inputs, k inputs of a set.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.floating]


@dataclass(frozen=True)
class Interaction:
    """A set of inputs, columns counted from 0 in ascending order, and its strength."""

    inputs: tuple[int, ...]
    strength: float


def _geometric(weights: Weights) -> Weights:
    with np.errstate(divide="ignore"):  # the logarithm of 0 comes back as 0
        return np.exp(np.log(weights).mean(-1))


def _harmonic(weights: Weights) -> Weights:
    with np.errstate(divide="ignore"):  # one weight of 0 makes the mean 0
        return 1.0 / (1.0 / weights).mean(-1)


# (..., k) absolute weights -> (...); none falls as a weight rises. The paper finds the minimum the best.
MEANS: dict[str, Callable[[Weights], Weights]] = {
    "min": lambda weights: weights.min(-1),
    "harmonic": _harmonic,
    "geometric": _geometric,
    "arithmetic": lambda weights: weights.mean(-1),
    "rms": lambda weights: np.sqrt((weights**2).mean(-1)),
    "max": lambda weights: weights.max(-1),
}


def unit_influence(later: Sequence[Weights]) -> Weights:
    """Return the (H,) influence of the first hidden units on the output, an upper bound of their gradient.

    Args:
        later: weights of the layers after the first, (outputs, inputs) each, down to the one output.
    """
    influence = np.abs(later[-1])
    for weights in reversed(later[:-1]):
        influence = influence @ np.abs(weights)
    if influence.shape[0] != 1:
        raise ValueError(f"later: got a network of {influence.shape[0]} outputs, expected one")
    return influence[0]


def rank_any_order(first: Weights, influence: Weights, *, mean: str = "min") -> list[Interaction]:
    """Return candidates of every order by falling strength, the strengths of all units added up.

    At each unit the inputs of the k largest weights are the strongest set of k, whichever the mean, so they
    are the unit's only candidate of that size.

    Args:
        first: (H, p) weights of the first layer, p at least 2.
        influence: (H,) as `unit_influence` gives it.
        mean: a name of `MEANS`.
    """
    weights, average = np.abs(_checked(first, influence)), _mean(mean)
    found: dict[tuple[int, ...], float] = {}
    for row, share in zip(weights, influence, strict=True):
        falling = np.argsort(-row, kind="stable")
        for size in range(2, len(row) + 1):
            chosen = falling[:size]
            inputs = tuple(sorted(chosen.tolist()))
            found[inputs] = found.get(inputs, 0.0) + float(share * average(row[chosen]))
    ranked = [Interaction(inputs, strength) for inputs, strength in found.items()]
    return sorted(ranked, key=lambda one: -one.strength)


def prune(ranking: Sequence[Interaction], *, most: int) -> list[Interaction]:
    """Return the first `most` of a ranking, leaving out the subsets of stronger sets."""
    kept: list[Interaction] = []
    for one in ranking:
        if len(kept) == most:
            break
        if not any(set(one.inputs) < set(other.inputs) for other in kept):
            kept.append(one)
    return kept


def pair_strengths(first: Weights, influence: Weights, *, mean: str = "min") -> Weights:
    """Return the (p, p) symmetric strengths of all pairs, with a diagonal of zeros; see `rank_any_order`."""
    weights, average = np.abs(_checked(first, influence)), _mean(mean)
    strengths = np.zeros((weights.shape[1],) * 2)
    for one in range(weights.shape[1]):
        for other in range(one):
            strengths[one, other] = influence @ average(weights[:, [one, other]])
    return strengths + strengths.T


def rank_pairs(strengths: Weights) -> list[Interaction]:
    """Return all pairs of (p, p) strengths by falling strength."""
    rows, columns = np.triu_indices(len(strengths), 1)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    ranked = [Interaction(pair, float(strengths[pair])) for pair in pairs]
    return sorted(ranked, key=lambda one: -one.strength)


def _mean(name: str) -> Callable[[Weights], Weights]:
    if name not in MEANS:
        raise ValueError(f"mean: got {name!r}, expected one of {', '.join(MEANS)}")
    return MEANS[name]


def _checked(first: Weights, influence: Weights) -> Weights:
    if first.ndim != 2 or first.shape[1] < 2 or influence.shape != first.shape[:1]:
        shapes = f"{first.shape} and {influence.shape}"
        raise ValueError(f"first and influence: got {shapes}, expected (H, p) and (H,), p at least 2")
    return first
