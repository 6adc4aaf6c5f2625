"""Opening nodes and backing up what their evaluation says, with kernel sums kept exact on the way.

Every visit of action b adds K(a, b) to W(a), and K(a, b) times the visit's utility to the numerator of E(v|a),
for each sibling a; a new action starts from the same sums over the visits so far. So at all times both equal
the sums of Yee et al., IJCAI 2016, equations 2 and 3, up to rounding.
"""

import numpy as np

from planners.compiled import kernel
from planners.kernel import NONE, Kernel, similarity
from planners.random_stream import scramble
from planners.tree import NOBODY, ROOT, Trees


@kernel
def plant(trees: Trees, t: int, seed: int) -> None:
    """Empties tree t but for its root, and seeds its stream."""
    trees.trees[t].stream = scramble(seed)
    trees.trees[t].size = 1
    _clear(trees.nodes[t], trees.outcomes[t], ROOT, NOBODY, 0)


@kernel
def add_node(trees: Trees, t: int, parent: int, part: int, prior: float, shape: Kernel) -> int:
    """Opens the next node below `parent` for the action already written to its row of `points`."""
    nodes, points, node = trees.nodes[t], trees.points[t], trees.trees[t].size
    trees.trees[t].size += 1
    _clear(nodes, trees.outcomes[t], node, parent, part)
    nodes[node].depth = nodes[parent].depth + 1
    nodes[node].prior = prior
    nodes[node].older_sibling = nodes[parent].newest_child
    nodes[parent].newest_child = node
    nodes[parent].children += 1
    if shape.kind != NONE:
        _inherit(nodes, points, node, shape)
    return node


@kernel
def back_up(trees: Trees, t: int, leaf: int, outcome: np.ndarray, shape: Kernel) -> None:
    """Adds one visit with `outcome` [K] to the leaf and every node above it."""
    nodes, points, outcomes, utility = trees.nodes[t], trees.points[t], trees.outcomes[t], trees.utilities[t]
    value = 0.0
    for k in range(len(outcome)):
        value += utility[k] * outcome[k]
    node = leaf
    while node != NOBODY:
        nodes[node].visits += 1
        nodes[node].value += value
        for k in range(len(outcome)):
            outcomes[node, k] += outcome[k]
        parent = nodes[node].parent
        if parent != NOBODY:
            if shape.kind == NONE:
                _count_alone(nodes, node, value)
            else:
                _spread(nodes, points, node, value, shape)
        node = parent


@kernel
def mark_in_flight(nodes: np.ndarray, leaf: int, amount: int) -> None:
    """Adds `amount` to the leaves in flight of `leaf` and every node above it."""
    node = leaf
    while node != NOBODY:
        nodes[node].in_flight += amount
        node = nodes[node].parent


@kernel
def _clear(nodes: np.ndarray, outcomes: np.ndarray, node: int, parent: int, part: int) -> None:
    record = nodes[node]
    record.parent = parent
    record.newest_child = NOBODY
    record.older_sibling = NOBODY
    record.children = 0
    record.candidates = 0
    record.visits = 0
    record.in_flight = 0
    record.depth = 0
    record.part = part
    record.mover = 0
    record.terminal = False
    record.evaluated = False
    record.prior = 0.0
    record.value = 0.0
    record.weight = 0.0
    record.total = 0.0
    record.density = 0.0
    outcomes[node] = 0.0


@kernel
def _inherit(nodes: np.ndarray, points: np.ndarray, node: int, shape: Kernel) -> None:
    """Starts a new action's kernel sums from the visits of its siblings."""
    parent, part = nodes[node].parent, nodes[node].part
    sibling, weight, total = nodes[node].older_sibling, 0.0, 0.0
    while sibling != NOBODY:
        if nodes[sibling].part == part and nodes[sibling].visits > 0:
            alike = similarity(shape, points, node, points, sibling)
            weight += alike * nodes[sibling].visits
            total += alike * nodes[sibling].value
        sibling = nodes[sibling].older_sibling
    nodes[node].weight = weight
    nodes[node].total = total
    nodes[parent].density += weight


@kernel
def _count_alone(nodes: np.ndarray, node: int, value: float) -> None:
    nodes[node].weight += 1.0
    nodes[node].total += value
    nodes[nodes[node].parent].density += 1.0


@kernel
def _spread(nodes: np.ndarray, points: np.ndarray, node: int, value: float, shape: Kernel) -> None:
    """Adds one visit of `node` to the kernel sums of its siblings and itself."""
    parent, part, density = nodes[node].parent, nodes[node].part, 0.0
    sibling = nodes[parent].newest_child
    while sibling != NOBODY:
        if nodes[sibling].part == part:
            alike = similarity(shape, points, sibling, points, node)
            nodes[sibling].weight += alike
            nodes[sibling].total += alike * value
            density += alike
        sibling = nodes[sibling].older_sibling
    nodes[parent].density += density
