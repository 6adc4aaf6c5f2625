"""From the root to a leaf: which action to follow, when to try another, and where to put it.

UCB over kernel sums: Yee et al., IJCAI 2016, algorithm 1. PUCT: Silver et al., Nature 550 (2017). Leaves in
flight count as visits without a value: Liu et al., "Watch the Unobserved", ICLR 2020.
"""

import math
from typing import NamedTuple

import numpy as np

from planners.compiled import inlined, kernel
from planners.config import SearchConfig
from planners.growth import add_node, place_for_edge
from planners.kernel import Kernel, copy_row, execute, scatter, similarity
from planners.tree import NOBODY, ROOT, Trees

OPEN = -2
"""Instead of a child: the next candidate is to be opened."""


class Rules(NamedTuple):
    """The numbers of a `SearchConfig` that growing a tree needs, as compiled code reads them."""

    puct: bool
    exploration: float
    widening: float
    samples: int
    ellipse: bool
    reach: float
    least: float
    by_visits: bool
    execute: bool
    execute_last: bool
    widening_last: float
    max_depth: int
    sample_candidates: bool
    prior_power: float


def rules_of(config: SearchConfig) -> Rules:
    """The compiled form of a config."""
    return Rules(
        puct=config.selection == "puct",
        exploration=float(config.exploration),
        widening=float(config.widening),
        samples=config.widening_samples,
        ellipse=config.widening_shape == "ellipse",
        reach=float(config.widening_reach),
        least=float(config.widening_least),
        by_visits=config.widening_density == "visits",
        execute=config.execute_candidates,
        execute_last=config.execute_last,
        widening_last=float(config.widening if config.widening_last is None else config.widening_last),
        max_depth=config.max_depth or np.iinfo(np.int32).max,
        sample_candidates=config.candidate_choice == "sample",
        prior_power=1.0 / config.prior_temperature,
    )


@kernel
def find_leaf(trees: Trees, t: int, rules: Rules, shape: Kernel) -> int:
    """Walks down tree t: opens a node, which has no visits yet, or ends where nothing can be opened.

    NOBODY where all children of a node on the way are in flight.
    """
    node = ROOT
    while True:
        record = trees.nodes[t, node]
        if record.terminal or record.candidates == 0 or record.depth >= rules.max_depth:
            return node
        edge = _best_by_puct(trees, t, node, rules) if rules.puct else _best_by_ucb(trees, t, node, rules)
        if edge == OPEN:
            return _open_candidate(trees, t, node, rules, shape)
        if edge == NOBODY:
            return NOBODY
        if _widens(trees, t, node, rules):
            return _open_near(trees, t, node, edge, rules, shape)
        node = trees.edges[t, edge].node


@kernel
def _best_by_ucb(trees: Trees, t: int, node: int, rules: Rules) -> int:
    """argmax E(v|a) + C sqrt(log sum_b W(b) / W(a)), once every candidate is open."""
    record, edges = trees.nodes[t, node], trees.edges[t]
    if record.children < record.candidates:
        return OPEN
    sign = 1.0 if record.mover == 0 else -1.0
    spread = rules.exploration * math.sqrt(math.log(max(record.density + edges[record.edge].in_flight, 1.0)))
    best, highest = NOBODY, -math.inf
    for edge in range(record.first, record.first + record.children):
        if edges[edge].visits > 0:
            mean = sign * edges[edge].total / edges[edge].weight
            bound = mean + spread / math.sqrt(edges[edge].weight + edges[edge].in_flight)
            if bound > highest:
                best, highest = edge, bound
    return best


@kernel
def _best_by_puct(trees: Trees, t: int, node: int, rules: Rules) -> int:
    """argmax E + C P(a) sqrt(n) / (1 + n_a) over the children and the next candidate, n the node's visits.

    Differs from the paper: n counts the node's own evaluation beside the visits of its actions, so that the
    prior alone decides about the first one. Candidates come in the order of their priors, so no other
    unopened one can have a higher bound. An unopened action is expected to be worth what its parent is.
    """
    record, edges = trees.nodes[t, node], trees.edges[t]
    sign, own = 1.0 if record.mover == 0 else -1.0, edges[record.edge]
    spread = rules.exploration * math.sqrt(own.visits + own.in_flight)
    best, highest = NOBODY, -math.inf
    for edge in range(record.first, record.first + record.children):
        if edges[edge].visits > 0:
            count = edges[edge].visits + edges[edge].in_flight
            bound = sign * edges[edge].value / edges[edge].visits + spread * edges[edge].prior / (1 + count)
            if bound > highest:
                best, highest = edge, bound
    if record.children < record.candidates:
        prior = trees.candidates[t, node, record.children].prior
        if sign * own.value / own.visits + spread * prior > highest:
            return OPEN
    return best


@inlined
def _widens(trees: Trees, t: int, node: int, rules: Rules) -> bool:
    """Whether the visits of the node's actions ask for another action (progressive widening)."""
    record = trees.nodes[t, node]
    own = trees.edges[t, record.edge]
    widening = rules.widening_last if record.last else rules.widening
    return widening > 0 and own.visits - 1 + own.in_flight >= widening * record.children**2


@kernel
def _open_candidate(trees: Trees, t: int, node: int, rules: Rules, shape: Kernel) -> int:
    """Opens the next candidate of a node, as proposed or as executed."""
    points, edge, rank = trees.points[t], place_for_edge(trees, t, node), trees.nodes[t, node].children
    proposed = trees.candidate_points[t, node]
    if rules.execute:
        execute(shape, proposed, rank, points, edge, trees.trees, t)
    else:
        copy_row(proposed, rank, points, edge)
    candidate = trees.candidates[t, node, rank]
    return add_node(trees, t, node, candidate.part, candidate.prior, shape)


@kernel
def _open_near(trees: Trees, t: int, node: int, chosen: int, rules: Rules, shape: Kernel) -> int:
    """Opens, of a few actions drawn near the chosen edge, that with the lowest kernel density."""
    rank = chosen - trees.nodes[t, node].first
    edge = place_for_edge(trees, t, node)
    chosen = trees.nodes[t, node].first + rank
    points, scratch, lowest = trees.points[t], trees.points.shape[1] - 1, math.inf
    for sample in range(rules.samples):
        if rules.ellipse:
            scatter(shape, rules.reach, points, chosen, points, scratch, trees.trees, t)
        else:
            execute(shape, points, chosen, points, scratch, trees.trees, t)
        density = math.inf
        if similarity(shape, points, chosen, points, scratch) > rules.least:
            density = _density_beside(trees, t, node, chosen, scratch, rules, shape)
        if sample == 0 or density < lowest:
            copy_row(points, scratch, points, edge)
            lowest = density
    return add_node(trees, t, node, trees.edges[t, chosen].part, 0.0, shape)


@kernel
def _density_beside(
    trees: Trees, t: int, node: int, chosen: int, scratch: int, rules: Rules, shape: Kernel
) -> float:
    """Kernel density of points[scratch] among the node's actions of the same part as the chosen one."""
    record, edges, points, density = trees.nodes[t, node], trees.edges[t], trees.points[t], 0.0
    for edge in range(record.first, record.first + record.children):
        if edges[edge].part == edges[chosen].part:
            count = edges[edge].visits + edges[edge].in_flight if rules.by_visits else 1
            density += count * similarity(shape, points, edge, points, scratch)
    return density
