"""From the root to a leaf: which action to follow, when to try another, and where to put it.

UCB over kernel sums: Yee et al., IJCAI 2016, algorithm 1. PUCT: Silver et al., Nature 550 (2017). Leaves in
flight count as visits without a value: Liu et al., "Watch the Unobserved", ICLR 2020.
"""

import math
from typing import NamedTuple

import numpy as np

from planners.compiled import kernel
from planners.config import SearchConfig
from planners.growth import add_node
from planners.kernel import Kernel, execute, scatter, similarity
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
        max_depth=config.max_depth or np.iinfo(np.int32).max,
        sample_candidates=config.candidate_choice == "sample",
        prior_power=1.0 / config.prior_temperature,
    )


@kernel
def find_leaf(trees: Trees, t: int, rules: Rules, shape: Kernel) -> int:
    """Walks down tree t: opens a node, which is not yet evaluated, or ends where nothing can be opened."""
    nodes, node = trees.nodes[t], ROOT
    while True:
        if nodes[node].terminal or nodes[node].candidates == 0 or nodes[node].depth >= rules.max_depth:
            return node
        choice = _best_by_puct(trees, t, node, rules) if rules.puct else _best_by_ucb(nodes, node, rules)
        if choice == OPEN:
            return _open_candidate(trees, t, node, rules, shape)
        if choice == NOBODY:
            return node
        if _widens(nodes, node, rules):
            return _open_near(trees, t, choice, rules, shape)
        node = choice


@kernel
def _best_by_ucb(nodes: np.ndarray, node: int, rules: Rules) -> int:
    """argmax E(v|a) + C sqrt(log sum_b W(b) / W(a)), once every candidate is open."""
    if nodes[node].children < nodes[node].candidates:
        return OPEN
    sign = 1.0 if nodes[node].mover == 0 else -1.0
    spread = rules.exploration * math.sqrt(math.log(max(nodes[node].density + nodes[node].in_flight, 1.0)))
    child, best, highest = nodes[node].newest_child, NOBODY, -math.inf
    while child != NOBODY:
        if nodes[child].evaluated:
            mean = sign * nodes[child].total / nodes[child].weight
            bound = mean + spread / math.sqrt(nodes[child].weight + nodes[child].in_flight)
            if bound >= highest:
                best, highest = child, bound
        child = nodes[child].older_sibling
    return best


@kernel
def _best_by_puct(trees: Trees, t: int, node: int, rules: Rules) -> int:
    """argmax E + C P(a) sqrt(sum_b n_b) / (1 + n_a) over the children and the next candidate.

    Candidates come in the order of their priors, so no other unopened one can have a higher bound. An
    unopened action is expected to be worth what its parent is.
    """
    nodes = trees.nodes[t]
    sign = 1.0 if nodes[node].mover == 0 else -1.0
    spread = rules.exploration * math.sqrt(nodes[node].visits + nodes[node].in_flight)
    best, highest = NOBODY, -math.inf
    child = nodes[node].newest_child
    while child != NOBODY:
        if nodes[child].evaluated:
            count = nodes[child].weight + nodes[child].in_flight
            bound = sign * nodes[child].total / nodes[child].weight + spread * nodes[child].prior / (1 + count)
            if bound >= highest:
                best, highest = child, bound
        child = nodes[child].older_sibling
    opened = nodes[node].children
    if opened < nodes[node].candidates:
        bound = sign * nodes[node].value / nodes[node].visits
        if bound + spread * trees.candidates[t, node, opened].prior > highest:
            return OPEN
    return best


@kernel
def _widens(nodes: np.ndarray, node: int, rules: Rules) -> bool:
    """Whether the visits of the node's actions ask for another action (progressive widening)."""
    visits = nodes[node].visits - 1 + nodes[node].in_flight
    return rules.widening > 0 and visits >= rules.widening * nodes[node].children ** 2


@kernel
def _open_candidate(trees: Trees, t: int, node: int, rules: Rules, shape: Kernel) -> int:
    """Opens the next candidate of a node, as proposed or as executed."""
    points, place, rank = trees.points[t], trees.trees[t].size, trees.nodes[t, node].children
    proposed = trees.candidate_points[t, node]
    if rules.execute:
        execute(shape, proposed, rank, points, place, trees.trees, t)
    else:
        points[place] = proposed[rank]
    candidate = trees.candidates[t, node, rank]
    return add_node(trees, t, node, candidate.part, candidate.prior, shape)


@kernel
def _open_near(trees: Trees, t: int, chosen: int, rules: Rules, shape: Kernel) -> int:
    """Opens, of a few actions drawn near the chosen one, that with the lowest kernel density."""
    nodes, points, place = trees.nodes[t], trees.points[t], trees.trees[t].size
    scratch, lowest = len(points) - 1, math.inf
    for sample in range(rules.samples):
        if rules.ellipse:
            scatter(shape, rules.reach, points, chosen, points, scratch, trees.trees, t)
        else:
            execute(shape, points, chosen, points, scratch, trees.trees, t)
        density = math.inf
        if similarity(shape, points, chosen, points, scratch) > rules.least:
            density = _density_beside(nodes, points, chosen, scratch, rules, shape)
        if sample == 0 or density < lowest:
            points[place] = points[scratch]
            lowest = density
    return add_node(trees, t, nodes[chosen].parent, nodes[chosen].part, 0.0, shape)


@kernel
def _density_beside(
    nodes: np.ndarray, points: np.ndarray, chosen: int, scratch: int, rules: Rules, shape: Kernel
) -> float:
    """Kernel density of points[scratch] among the chosen node and its siblings of the same part."""
    sibling, density = nodes[nodes[chosen].parent].newest_child, 0.0
    while sibling != NOBODY:
        if nodes[sibling].part == nodes[chosen].part:
            count = nodes[sibling].visits + nodes[sibling].in_flight if rules.by_visits else 1
            density += count * similarity(shape, points, sibling, points, scratch)
        sibling = nodes[sibling].older_sibling
    return density
