"""A batch of search trees as arrays, each with room for every node its budget can open.

An edge is an action, a node the state behind it; the root has an edge too, which no action made. The edges
to a node's children lie one after the other, in a block that moves to the end of the pool, and doubles, when
it is full. Writing to a tree's arrays is the business of `growth.py`.

Shape letters: T trees, N nodes, E edges, M candidates, A continuous dimensions, K outcomes, S bytes of a
state.
"""

from typing import NamedTuple

import numpy as np

from planners.compiled import borrowed, kernel
from planners.config import SearchConfig

ROOT = 0
"""The root among the nodes, and its edge among the edges."""
NOBODY = -1
"""No parent, or no edge."""
FIRST_BLOCK = 4
"""Edges in the first block of a node."""
EDGES_PER_NODE = 4
"""Edges that a tree has room for, for each node: a block and the smaller ones it left hold at most four times
the children in it."""

NODE = np.dtype(
    [
        ("parent", np.int32),
        ("edge", np.int32),  # the action to this node
        ("first", np.int32),  # the first edge of the children's block
        ("room", np.int32),  # edges in that block
        ("children", np.int32),  # actions tried here
        ("candidates", np.int32),  # actions proposed here
        ("depth", np.int32),
        ("mover", np.int8),
        ("terminal", np.bool_),
        ("last", np.bool_),  # whether an action here is known to have ended the episode
        ("density", np.float64),  # sum of W(a) over the children
    ],
    align=True,
)
EDGE = np.dtype(
    [
        ("node", np.int32),  # the node this leads to
        ("part", np.int32),
        ("visits", np.int32),  # back-ups through the node, its own evaluation included; 0 until then
        ("in_flight", np.int32),  # leaves at or below the node that wait for their evaluation
        ("prior", np.float64),
        ("value", np.float64),  # sum of the utilities backed up through the node
        ("weight", np.float64),  # W(a): sum over siblings b of K(a, b) n_b
        ("total", np.float64),  # the numerator of E(v|a): sum over siblings b of K(a, b) n_b v_b
    ],
    align=True,
)
CANDIDATE = np.dtype([("prior", np.float64), ("part", np.int32)], align=True)
TREE = np.dtype([("stream", np.uint64), ("nodes", np.int64), ("edges", np.int64)], align=True)


class Trees(NamedTuple):
    """T trees.

    trees: [T] TREE: the state of each tree's random stream, and how many nodes and edges it uses.
    nodes: [T, N] NODE.
    edges: [T, E] EDGE.
    points: [T, E + 1, A] float64, the action of each edge; the last row is scratch.
    outcomes: [T, N, K] float64, sums of the outcome distributions backed up through each node.
    utilities: [T, K] float64, what each outcome is worth to player 0.
    states: [T, N, S] uint8.
    candidates: [T, N, M] CANDIDATE, in the order they are tried.
    candidate_points: [T, N, M, A] float64.
    """

    trees: np.ndarray
    nodes: np.ndarray
    edges: np.ndarray
    points: np.ndarray
    outcomes: np.ndarray
    utilities: np.ndarray
    states: np.ndarray
    candidates: np.ndarray
    candidate_points: np.ndarray

    @property
    def bytes_per_tree(self) -> int:
        """Memory of one tree, in bytes."""
        return sum(array.nbytes for array in self) // max(len(self.trees), 1)

    def part(self, rows: slice) -> "Trees":
        """Some of the trees, sharing their memory."""
        return Trees(*(array[rows] for array in self))


@kernel
def borrow(trees: Trees) -> Trees:
    """The same trees for compiled code, while the caller holds them (see `compiled.borrowed`)."""
    return Trees(
        borrowed(trees.trees),
        borrowed(trees.nodes),
        borrowed(trees.edges),
        borrowed(trees.points),
        borrowed(trees.outcomes),
        borrowed(trees.utilities),
        borrowed(trees.states),
        borrowed(trees.candidates),
        borrowed(trees.candidate_points),
    )


def allocate(config: SearchConfig, trees: int, outcomes: int, state_bytes: int) -> Trees:
    """Memory for `trees` trees; what is in it is undefined until `growth.plant`."""
    nodes, dimensions = config.simulations + 1, config.kernel.dimensions
    edges = EDGES_PER_NODE * nodes
    return Trees(
        np.empty(trees, TREE),
        np.empty((trees, nodes), NODE),
        np.empty((trees, edges), EDGE),
        np.empty((trees, edges + 1, dimensions)),
        np.empty((trees, nodes, outcomes)),
        np.empty((trees, outcomes)),
        np.empty((trees, nodes, state_bytes), np.uint8),
        np.empty((trees, nodes, config.candidates), CANDIDATE),
        np.empty((trees, nodes, config.candidates, dimensions)),
    )
