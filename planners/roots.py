"""What the searched trees say about their roots, and which action to play.

Shape letters: B trees, C root actions, A continuous dimensions, K outcomes.
"""

import math

import numpy as np

from planners.compiled import entry, kernel
from planners.config import SearchConfig
from planners.interfaces import SearchResult
from planners.kernel import regression
from planners.random_stream import uniform
from planners.tree import ROOT, Trees


def read_roots(config: SearchConfig, trees: Trees, temperatures: np.ndarray) -> SearchResult:
    """The result of each tree.

    Args:
        config: of the search.
        trees: searched.
        temperatures: [B]; above 0, the action is drawn in proportion to its kernel count to the power of 1
            over this, from the tree's own stream; at 0 it is the final action of the config.
    """
    root, edge = trees.nodes[:, ROOT], trees.edges[:, ROOT]
    shape = (len(root), int(root["children"].max()))
    points, means = np.zeros((*shape, trees.points.shape[2])), np.zeros((*shape, trees.outcomes.shape[2]))
    parts, visits = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    priors, weights, values = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    _read_children(trees, points, parts, priors, visits, weights, values, means)
    chosen = np.zeros(len(root), np.int64)
    exploration = config.final_exploration if config.final == "lower_bound" else math.inf
    _choose(trees, weights, values, exploration, temperatures, chosen)
    return SearchResult(
        count=root["children"].astype(np.int64),
        points=points,
        parts=parts,
        priors=priors,
        visits=visits,
        weights=weights,
        values=values,
        outcomes=_regressed(config, points, parts, visits, means),
        chosen=chosen,
        mover=root["mover"].astype(np.int64),
        value=edge["value"] / edge["visits"],
        outcome=trees.outcomes[:, ROOT] / edge["visits"][:, None],
        simulations=edge["visits"].astype(np.int64) - 1,
    )


def _regressed(
    config: SearchConfig, points: np.ndarray, parts: np.ndarray, visits: np.ndarray, means: np.ndarray
) -> np.ndarray:
    """Kernel regression [B, C, K] of the mean outcomes at the actions themselves."""
    if config.kernel.kind == "none":
        return means
    regressed = np.empty_like(means)
    for b in range(len(points)):
        row = slice(b, b + 1)
        actions = points[row], parts[row], visits[row], means[row]
        regressed[b] = regression(config.kernel, *actions, points[b], parts[b])[1][0]
    return regressed * (visits > 0)[..., None]


@entry
def _read_children(
    trees: Trees,
    points: np.ndarray,
    parts: np.ndarray,
    priors: np.ndarray,
    visits: np.ndarray,
    weights: np.ndarray,
    values: np.ndarray,
    means: np.ndarray,
) -> None:
    """Copies what belongs to the root's children, in the order they were opened."""
    for t in range(len(trees.trees)):
        root = trees.nodes[t, ROOT]
        for child in range(root.children):
            edge = root.first + child
            record = trees.edges[t, edge]
            points[t, child] = trees.points[t, edge]
            parts[t, child] = record.part
            priors[t, child] = record.prior
            visits[t, child] = record.visits
            weights[t, child] = record.weight
            values[t, child] = record.total / record.weight
            means[t, child] = trees.outcomes[t, record.node] / record.visits


@entry
def _choose(
    trees: Trees,
    weights: np.ndarray,
    values: np.ndarray,
    exploration: float,
    temperatures: np.ndarray,
    chosen: np.ndarray,
) -> None:
    """Writes the index of each tree's action; an infinite exploration ranks by kernel count alone."""
    for t in range(len(chosen)):
        root = trees.nodes[t, ROOT]
        if temperatures[t] > 0:
            chosen[t] = _draw(trees, t, weights[t, : root.children], temperatures[t])
            continue
        sign, highest = 1.0 if root.mover == 0 else -1.0, -math.inf
        logarithm = math.log(max(root.density, 1.0))
        for child in range(root.children):
            bound = weights[t, child]
            if exploration < math.inf:
                bound = sign * values[t, child] - exploration * math.sqrt(logarithm / weights[t, child])
            if bound > highest:
                chosen[t], highest = child, bound


@kernel
def _draw(trees: Trees, t: int, weights: np.ndarray, temperature: float) -> int:
    """An index drawn in proportion to the weights to the power of 1 over the temperature."""
    masses = (weights / weights.max()) ** (1.0 / temperature)
    left = uniform(trees.trees, t) * masses.sum()
    for index in range(len(masses)):
        left -= masses[index]
        if left < 0.0:
            return index
    return int(np.argmax(masses))
