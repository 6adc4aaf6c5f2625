"""How well a ranking of interactions finds the true ones (Tsang et al. 2018, section 5).

The truth is the largest interactions; each of their subsets interacts too. Shapes: N samples, p inputs.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from vision.interactions.ranking import Interaction

Truth = Collection[frozenset[int]]


def area_under_curve(scores: NDArray[np.floating], labels: NDArray[np.bool_]) -> float:
    """Return the share of (positive, negative) pairs whose positive scores higher, a tie being one half.

    Args:
        scores: (N,) of any scale.
        labels: (N,) bool, of both classes.
    """
    positive = int(labels.sum())
    negative = len(labels) - positive
    if scores.shape != labels.shape or scores.ndim != 1 or not positive or not negative:
        found = f"{scores.shape} scores, {positive} positive and {negative} negative labels"
        raise ValueError(f"scores and labels: got {found}, expected (N,) each and both classes")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(count) - (count - 1) / 2.0  # from 1; tied scores share their mean rank
    above = ranks[place][labels].sum() - positive * (positive + 1) / 2.0
    return float(above / (positive * negative))


def true_pairs(truth: Truth, inputs: int) -> NDArray[np.bool_]:
    """Return the (p, p) symmetric table of pairs that lie in a true interaction."""
    table = np.zeros((inputs, inputs), dtype=bool)
    for one in truth:
        places = sorted(one)
        table[np.ix_(places, places)] = True
    np.fill_diagonal(table, False)
    return table


def pair_area(strengths: NDArray[np.floating], truth: Truth) -> float:
    """Return the area under the curve over all pairs of (p, p) symmetric strengths."""
    upper = np.triu_indices(len(strengths), 1)
    return area_under_curve(strengths[upper], true_pairs(truth, len(strengths))[upper])


def r_precision(ranking: Sequence[Interaction], truth: Truth) -> float:
    """Return the share of true interactions among the first R that count, R the number of true ones.

    Subsets of true interactions count neither way, as in the authors' program.
    """
    counted = [hit for hit in _hits(ranking, truth) if hit is not None][: len(truth)]
    return sum(counted) / len(truth)


def top_rank_recall(ranking: Sequence[Interaction], truth: Truth) -> float:
    """Return the share of true interactions that are ranked before the first false one."""
    found = 0
    for hit in _hits(ranking, truth):
        if hit is False:
            break
        found += hit is True
    return found / len(truth)


def _hits(ranking: Sequence[Interaction], truth: Truth) -> list[bool | None]:
    """Return for each of a ranking whether it is true; None for a strict subset of a true one."""
    sets = [frozenset(one.inputs) for one in ranking]
    return [True if one in truth else None if any(one < other for other in truth) else False for one in sets]
