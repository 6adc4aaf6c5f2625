"""Which of the proposed actions become a node's candidates, and in what order.

KR-DL-UCT samples them without replacement from the policy (Lee et al., ICML 2018, section 4); PUCT takes them
in the order of their priors.

Shape letters: P proposed actions, M candidates, A continuous dimensions.
"""

from typing import NamedTuple

import numpy as np

from planners.compiled import inlined, kernel
from planners.kernel import copy_row
from planners.random_stream import uniform
from planners.selection import Rules
from planners.tree import Trees

LANES = 64
"""Running sums side by side: a single one would wait at every action for the addition before it."""


class Urn(NamedTuple):
    """What candidates are drawn from. Every 64th action is of the same lane.

    masses: [Q] float64, 0 where an action was taken, and beyond the actions; Q is P in whole lanes.
    sums: [Q / LANES, LANES] float64, of the masses of the lane up to here.
    ends: [LANES] float64, of all masses of the lanes up to here.
    """

    masses: np.ndarray
    sums: np.ndarray
    ends: np.ndarray


@kernel
def urn_for(proposed: int) -> Urn:
    """An urn for so many actions, as `take_candidates` fills and empties it."""
    rows = (proposed + LANES - 1) // LANES
    return Urn(np.zeros(rows * LANES), np.empty((rows, LANES)), np.empty(LANES))


@kernel
def take_candidates(
    trees: Trees,
    t: int,
    node: int,
    rules: Rules,
    points: np.ndarray,
    parts: np.ndarray,
    priors: np.ndarray,
    urn: Urn,
) -> bool:
    """Writes a node's candidates from points [P, A], parts [P], priors [P]; whether the priors are sound."""
    masses, positive, sound = urn.masses, 0, True
    for index in range(len(priors)):
        masses[index] = priors[index]
        positive += priors[index] > 0.0
        sound &= (priors[index] >= 0.0) & (priors[index] < np.inf)
    if not sound:
        return False
    room = min(positive, trees.candidates.shape[2])
    trees.nodes[t, node].candidates = room
    if room == 0:
        return True
    _accumulate(urn)
    total = urn.ends[-1]
    order = np.empty(room, np.int64)
    if rules.sample_candidates:
        if rules.prior_power != 1.0:
            _sharpen(masses, rules.prior_power)
            _accumulate(urn)
        _sample(trees, t, urn, priors, order)
    else:
        _best(priors, order)
    for rank in range(room):
        trees.candidates[t, node, rank].prior = priors[order[rank]] / total
        trees.candidates[t, node, rank].part = parts[order[rank]]
        copy_row(points, order[rank], trees.candidate_points[t, node], rank)
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
def _sample(trees: Trees, t: int, urn: Urn, priors: np.ndarray, order: np.ndarray) -> None:
    """Fills `order` with indices drawn without replacement in proportion to the masses.

    As many are drawn as are missing; those that hit an index already taken are drawn again, once the masses
    taken are left out of the sums, which leaves the distribution as it is.
    """
    masses, values, places, rank = urn.masses, np.empty(len(order)), np.empty(len(order), np.int64), 0
    while rank < len(order):
        if urn.ends[-1] <= 0.0:  # what is left is too small for a number: any of it will do
            _fill(priors, order, rank)
            return
        missing = len(order) - rank
        for draw in range(missing):
            values[draw] = uniform(trees.trees, t) * urn.ends[-1]
        _locate(urn, values[:missing], places[:missing])
        for draw in range(missing):
            index = places[draw]
            if index < len(masses) and masses[index] > 0.0:
                order[rank] = index
                masses[index] = 0.0
                rank += 1
        if rank < len(order):
            _accumulate(urn)


@kernel
def _accumulate(urn: Urn) -> None:
    """Adds up the masses lane by lane, then the lanes."""
    sums, ends, total = urn.sums, urn.ends, 0.0
    masses = urn.masses.reshape(sums.shape)
    for lane in range(LANES):
        sums[0, lane] = masses[0, lane]
    for row in range(1, len(sums)):
        for lane in range(LANES):
            sums[row, lane] = sums[row - 1, lane] + masses[row, lane]
    for lane in range(LANES):
        total += sums[-1, lane]
        ends[lane] = total


@kernel
def _locate(urn: Urn, values: np.ndarray, places: np.ndarray) -> None:
    """Writes for each value the action at which the masses, added up lane by lane, exceed it; behind all if
    none.

    By halves, without a branch on the comparisons, which no processor could foresee; and all values side by
    side, as each comparison waits for the one before.
    """
    sums, ends, size = urn.sums, urn.ends, LANES
    places[:] = 0
    while size > 0:
        half = (size + 1) // 2
        for draw in range(len(values)):
            places[draw] += half * (ends[places[draw] + half - 1] <= values[draw])
        size -= half
    for draw in range(len(values)):
        lane = places[draw]
        values[draw] -= ends[lane - 1] if lane > 0 else 0.0
        places[draw] = lane if lane < LANES else sums.size
    flat, size = sums.reshape(-1), len(sums)
    while size > 0:
        half = (size + 1) // 2
        for draw in range(len(values)):
            place = places[draw] + (half - 1) * LANES
            places[draw] += half * LANES * (place < len(flat) and flat[place] <= values[draw])
        size -= half


@kernel
def _fill(priors: np.ndarray, order: np.ndarray, rank: int) -> None:
    """Completes `order` from `rank` on with the first indices of positive prior that it lacks."""
    for index in range(len(priors)):
        if rank < len(order) and priors[index] > 0 and not np.any(order[:rank] == index):
            order[rank] = index
            rank += 1
