"""Opening nodes and backing up what their evaluation says, with kernel sums kept exact on the way.

Every visit of action b adds K(a, b) to W(a), and K(a, b) times the visit's utility to the numerator of
E(v|a), for each sibling a; a new action starts from the same sums over the visits so far. So at all times
both equal the sums of Yee et al., IJCAI 2016, equations 2 and 3, up to rounding.
"""

import numpy as np

from planners.compiled import inlined, kernel
from planners.kernel import NONE, Kernel, copy_row, similarity
from planners.random_stream import scramble
from planners.tree import FIRST_BLOCK, NOBODY, ROOT, Trees


@kernel
def plant(trees: Trees, t: int, seed: int) -> None:
    """Empties tree t but for its root, and seeds its stream."""
    tree = trees.trees[t]
    tree.stream = scramble(seed)
    tree.nodes, tree.edges = 1, 1
    _clear(trees, t, ROOT, ROOT)
    trees.edges[t, ROOT].part = 0


@inlined
def place_for_edge(trees: Trees, t: int, parent: int) -> int:
    """The edge that the next child of `parent` will have; moves the block of its edges if that is full."""
    record, tree, edges, points = trees.nodes[t, parent], trees.trees[t], trees.edges[t], trees.points[t]
    if record.children == record.room:
        first, new = record.first, tree.edges
        record.first, record.room = new, max(FIRST_BLOCK, 2 * record.room)
        tree.edges += record.room
        for child in range(record.children):
            edges[new + child] = edges[first + child]
            copy_row(points, first + child, points, new + child)
            trees.nodes[t, edges[new + child].node].edge = new + child
    return record.first + record.children


@kernel
def add_node(trees: Trees, t: int, parent: int, part: int, prior: float, shape: Kernel) -> int:
    """Opens the next node below `parent`, by the action already written to `place_for_edge`."""
    nodes, node = trees.nodes[t], trees.trees[t].nodes
    edge = nodes[parent].first + nodes[parent].children
    trees.trees[t].nodes += 1
    _clear(trees, t, node, edge)
    nodes[node].parent = parent
    nodes[node].depth = nodes[parent].depth + 1
    trees.edges[t, edge].part = part
    trees.edges[t, edge].prior = prior
    if shape.kind != NONE:
        _inherit(nodes[parent], trees.edges[t], trees.points[t], edge, shape)
    nodes[parent].children += 1
    return node


@kernel
def back_up(trees: Trees, t: int, leaf: int, outcome: np.ndarray, shape: Kernel) -> None:
    """Adds one visit with `outcome` [K] to the leaf and every node above it."""
    nodes, edges, outcomes, utility = trees.nodes[t], trees.edges[t], trees.outcomes[t], trees.utilities[t]
    value = 0.0
    for k in range(len(outcome)):
        value += utility[k] * outcome[k]
    node = leaf
    while node != NOBODY:
        edge, parent = nodes[node].edge, nodes[node].parent
        edges[edge].visits += 1
        edges[edge].value += value
        for k in range(len(outcome)):
            outcomes[node, k] += outcome[k]
        if parent != NOBODY:
            if shape.kind == NONE:
                _count_alone(nodes[parent], edges, edge, value)
            else:
                _spread(nodes[parent], edges, trees.points[t], edge, value, shape)
        node = parent


@kernel
def mark_in_flight(trees: Trees, t: int, leaf: int, amount: int) -> None:
    """Adds `amount` to the leaves in flight of `leaf` and every node above it."""
    nodes, node = trees.nodes[t], leaf
    while node != NOBODY:
        trees.edges[t, nodes[node].edge].in_flight += amount
        node = nodes[node].parent


@inlined
def _clear(trees: Trees, t: int, node: int, edge: int) -> None:
    """A node without children, and its edge without visits."""
    record, action = trees.nodes[t, node], trees.edges[t, edge]
    record.parent = NOBODY
    record.edge = edge
    record.first = NOBODY
    record.room = 0
    record.children = 0
    record.candidates = 0
    record.depth = 0
    record.mover = 0
    record.terminal = False
    record.last = False
    record.density = 0.0
    action.node = node
    action.visits = 0
    action.in_flight = 0
    action.prior = 0.0
    action.value = 0.0
    action.weight = 0.0
    action.total = 0.0
    for k in range(trees.outcomes.shape[2]):
        trees.outcomes[t, node, k] = 0.0


@inlined
def _inherit(parent: np.record, edges: np.ndarray, points: np.ndarray, edge: int, shape: Kernel) -> None:
    """Starts a new action's kernel sums from the visits of its siblings, the edges before it."""
    weight, total = 0.0, 0.0
    for sibling in range(parent.first, edge):
        if edges[sibling].part == edges[edge].part:
            alike = similarity(shape, points, edge, points, sibling)
            weight += alike * edges[sibling].visits
            total += alike * edges[sibling].value
    edges[edge].weight = weight
    edges[edge].total = total
    parent.density += weight


@inlined
def _count_alone(parent: np.record, edges: np.ndarray, edge: int, value: float) -> None:
    """Adds one visit of an action that shares nothing with its siblings."""
    edges[edge].weight += 1.0
    edges[edge].total += value
    parent.density += 1.0


@inlined
def _spread(
    parent: np.record, edges: np.ndarray, points: np.ndarray, edge: int, value: float, shape: Kernel
) -> None:
    """Adds one visit of an action to the kernel sums of its siblings and itself."""
    part, density = edges[edge].part, 0.0
    for sibling in range(parent.first, parent.first + parent.children):
        if edges[sibling].part == part:
            alike = similarity(shape, points, sibling, points, edge)
            edges[sibling].weight += alike
            edges[sibling].total += alike * value
            density += alike
    parent.density += density
