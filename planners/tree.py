"""A batch of search trees as arrays, each with room for every node its budget can open.

A node is reached by one action from its parent, so the action's numbers live in the node. The children of a
node are a linked list, newest first. Writing to a tree's arrays is the business of `growth.py`.

Shape letters: T trees, N nodes, M candidates, A continuous dimensions, K outcomes, S bytes of a state.
"""

from typing import NamedTuple

import numpy as np

from planners.config import SearchConfig

ROOT = 0
NOBODY = -1
"""No parent, child or sibling."""

NODE = np.dtype(
    [
        ("parent", np.int32),
        ("newest_child", np.int32),
        ("older_sibling", np.int32),
        ("children", np.int32),  # actions tried here
        ("candidates", np.int32),  # actions proposed here
        ("visits", np.int32),  # back-ups through this node, its own evaluation included
        ("in_flight", np.int32),  # leaves below (or here) that wait for their evaluation
        ("depth", np.int32),
        ("part", np.int32),
        ("mover", np.int8),
        ("terminal", np.bool_),
        ("evaluated", np.bool_),
        ("prior", np.float64),
        ("value", np.float64),  # sum of the utilities backed up through this node
        ("weight", np.float64),  # W(a) of the action to this node: sum over siblings b of K(a, b) n_b
        ("total", np.float64),  # the numerator of E(v|a): sum over siblings b of K(a, b) n_b v_b
        ("density", np.float64),  # sum of W over the children
    ],
    align=True,
)
CANDIDATE = np.dtype([("prior", np.float64), ("part", np.int32)], align=True)
TREE = np.dtype([("stream", np.uint64), ("size", np.int64)], align=True)


class Trees(NamedTuple):
    """T trees.

    trees: [T] TREE: the state of each tree's random stream, and how many nodes it has.
    nodes: [T, N] NODE.
    points: [T, N + 1, A] float64, the action to each node; the last row is scratch.
    outcomes: [T, N, K] float64, sums of the outcome distributions backed up through each node.
    utilities: [T, K] float64, what each outcome is worth to player 0.
    states: [T, N, S] uint8.
    candidates: [T, N, M] CANDIDATE, in the order they are tried.
    candidate_points: [T, N, M, A] float64.
    """

    trees: np.ndarray
    nodes: np.ndarray
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


def allocate(config: SearchConfig, trees: int, outcomes: int, state_bytes: int) -> Trees:
    """Memory for `trees` trees; what is in it is undefined until `growth.plant`."""
    nodes, dimensions = config.simulations + 1, config.kernel.dimensions
    return Trees(
        np.empty(trees, TREE),
        np.empty((trees, nodes), NODE),
        np.empty((trees, nodes + 1, dimensions)),
        np.empty((trees, nodes, outcomes)),
        np.empty((trees, outcomes)),
        np.empty((trees, nodes, state_bytes), np.uint8),
        np.empty((trees, nodes, config.candidates), CANDIDATE),
        np.empty((trees, nodes, config.candidates, dimensions)),
    )
