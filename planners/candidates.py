"""Which of the proposed actions become a node's candidates, and in what order.

KR-DL-UCT samples them without replacement from the policy (Lee et al., ICML 2018, section 4); PUCT takes them
in the order of their priors.

Shape letters: P proposed actions, M candidates, A continuous dimensions.
"""

import numpy as np

from planners.compiled import inlined, kernel
from planners.kernel import copy_row
from planners.random_stream import uniform
from planners.selection import Rules
from planners.tree import Trees

MISSES = 4
"""Draws that may hit actions already taken before those are left out of the sum."""


@kernel
def take_candidates(
    trees: Trees, t: int, node: int, rules: Rules, points: np.ndarray, parts: np.ndarray, priors: np.ndarray
) -> bool:
    """Writes a node's candidates from points [P, A], parts [P], priors [P]; whether the priors are sound."""
    masses, sums, total, positive = np.empty(len(priors)), np.empty(len(priors)), 0.0, 0
    for index in range(len(priors)):
        prior = priors[index]
        if not 0.0 <= prior < np.inf:
            return False
        total += prior
        positive += prior > 0
        masses[index], sums[index] = prior, total
    room = min(positive, trees.candidates.shape[2])
    order = np.empty(room, np.int64)
    if rules.sample_candidates:
        if rules.prior_power != 1.0:
            _sharpen(masses, rules.prior_power)
            _accumulate(masses, sums)
        _sample(trees, t, masses, sums, priors, order)
    else:
        _best(priors, order)
    for rank in range(room):
        trees.candidates[t, node, rank].prior = priors[order[rank]] / total
        trees.candidates[t, node, rank].part = parts[order[rank]]
        copy_row(points, order[rank], trees.candidate_points[t, node], rank)
    trees.nodes[t, node].candidates = room
    return True


@kernel
def _best(priors: np.ndarray, order: np.ndarray) -> None:
    """Fills `order` with the indices of the highest priors, highest first, equal ones in their order.

    The indices taken so far are a heap with the worst on top, which a better one replaces.
    """
    filled = 0
    for index in range(len(priors)):
        if filled < len(order):
            if priors[index] > 0:
                order[filled] = index
                filled += 1
                if filled == len(order):
                    for place in range(filled // 2 - 1, -1, -1):
                        _sift(priors, order, place, filled)
        elif filled > 0 and priors[index] > priors[order[0]]:
            order[0] = index
            _sift(priors, order, 0, filled)
    for last in range(filled - 1, 0, -1):
        order[0], order[last] = order[last], order[0]
        _sift(priors, order, 0, last)


@inlined
def _sift(priors: np.ndarray, order: np.ndarray, place: int, size: int) -> None:
    """Moves order[place] down the heap of the first `size` until none below it is worse."""
    moved = order[place]
    while 2 * place + 1 < size:
        below = 2 * place + 1
        if below + 1 < size and _worse(priors, order[below + 1], order[below]):
            below += 1
        if not _worse(priors, order[below], moved):
            break
        order[place] = order[below]
        place = below
    order[place] = moved


@inlined
def _worse(priors: np.ndarray, a: int, b: int) -> bool:
    return priors[a] < priors[b] or (priors[a] == priors[b] and a > b)


@kernel
def _sharpen(masses: np.ndarray, power: float) -> None:
    """Raises masses to a power, the highest being 1 first."""
    highest = masses.max()
    for index in range(len(masses)):
        masses[index] = (masses[index] / highest) ** power


@kernel
def _sample(
    trees: Trees, t: int, masses: np.ndarray, sums: np.ndarray, priors: np.ndarray, order: np.ndarray
) -> None:
    """Fills `order` with indices drawn without replacement in proportion to masses, whose sums are `sums`.

    A draw that hits an index already taken is repeated, which leaves the distribution as it is.
    """
    rank, misses = 0, 0
    while rank < len(order):
        if misses == MISSES:
            _accumulate(masses, sums)
            misses = 0
        if sums[-1] <= 0.0:  # what is left is too small for a number: any of it will do
            _fill(priors, order, rank)
            return
        index = _first_above(sums, uniform(trees.trees, t) * sums[-1])
        if index < len(masses) and masses[index] > 0.0:
            order[rank] = index
            masses[index] = 0.0
            rank += 1
        else:
            misses += 1


@kernel
def _accumulate(masses: np.ndarray, sums: np.ndarray) -> None:
    total = 0.0
    for index in range(len(masses)):
        total += masses[index]
        sums[index] = total


@inlined
def _first_above(sums: np.ndarray, value: float) -> int:
    """The first index whose sum is above the value; the number of sums if none is."""
    first, size = 0, len(sums)
    while size > 0:  # without a branch on the comparison, which no processor could foresee
        half = (size + 1) // 2
        first += half * (sums[first + half - 1] <= value)
        size -= half
    return first


@kernel
def _fill(priors: np.ndarray, order: np.ndarray, rank: int) -> None:
    """Completes `order` from `rank` on with the first indices of positive prior that it lacks."""
    for index in range(len(priors)):
        if rank < len(order) and priors[index] > 0 and not np.any(order[:rank] == index):
            order[rank] = index
            rank += 1
