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
    total, positive = 0.0, 0
    for prior in priors:
        if not 0.0 <= prior < np.inf:
            return False
        total += prior
        positive += prior > 0
    room = min(positive, trees.candidates.shape[2])
    order = np.empty(room, np.int64)
    if rules.sample_candidates:
        _sample(trees, t, rules.prior_power, priors, order)
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
    """Fills `order` with the indices of the highest priors, highest first, equal ones in their order."""
    filled = 0
    for index in range(len(priors)):
        prior = priors[index]
        if prior <= 0 or (filled == len(order) and prior <= priors[order[filled - 1]]):
            continue
        place = min(filled, len(order) - 1)
        while place > 0 and priors[order[place - 1]] < prior:
            order[place] = order[place - 1]
            place -= 1
        order[place] = index
        filled = min(filled + 1, len(order))


@kernel
def _sample(trees: Trees, t: int, power: float, priors: np.ndarray, order: np.ndarray) -> None:
    """Fills `order` with indices drawn without replacement in proportion to the priors to a power.

    A draw that hits an index already taken is repeated, which leaves the distribution as it is.
    """
    masses, sums = np.empty(len(priors)), np.empty(len(priors))
    highest = 1.0 if power == 1.0 else float(priors.max())
    for index in range(len(priors)):
        mass = priors[index] / highest
        masses[index] = mass if power == 1.0 else mass**power
    rank, misses = 0, MISSES
    while rank < len(order):
        if misses == MISSES:
            _accumulate(masses, sums)
            if sums[-1] <= 0.0:  # what is left is too small for a number: any of it will do
                _fill(priors, order, rank)
                return
            misses = 0
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
