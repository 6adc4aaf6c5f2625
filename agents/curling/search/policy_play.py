"""Playing a network's policy as it is, told as if a search had found it.

Shape letters: B positions, C shots, G cells, K outcomes.
"""

import numpy as np
from numpy.typing import NDArray

from agents.curling.positions import mover
from agents.curling.search.evaluator import NetworkEvaluator
from agents.curling.search.grid import PolicyGrid
from planners.interfaces import SearchResult

MOST_SHOTS = 20
"""Shots told, the likeliest first."""


def play_policy(
    evaluator: NetworkEvaluator,
    grid: PolicyGrid,
    positions: NDArray,
    seeds: NDArray[np.uint64],
    utility: NDArray[np.float64],
    temperature: float | NDArray[np.float64],
) -> SearchResult:
    """The likeliest shots of a policy; their values are that of the position, as nothing was tried.

    Args:
        evaluator: the network.
        grid: what its policy is about.
        positions: [B] POSITION.
        seeds: [B], used above temperature 0.
        utility: [B, K], what each outcome is worth to team 0.
        temperature: one number or [B]; 0 plays the likeliest shot, above 0 draws from the likeliest in
            proportion to their probability to the power of 1 over this.
    """
    count = len(positions)
    judgement = evaluator.judge(positions)
    cells = np.argsort(-judgement.policy, axis=1, kind="stable")[:, :MOST_SHOTS]
    priors = np.take_along_axis(judgement.policy, cells, 1).astype(np.float64)
    outcome = judgement.outcomes.astype(np.float64)
    value = (utility * outcome).sum(1)
    shape = cells.shape
    return SearchResult(
        count=np.full(count, shape[1]),
        points=grid.points[cells],
        parts=grid.parts[cells],
        priors=priors,
        visits=np.zeros(shape, np.int64),
        weights=priors,
        values=np.broadcast_to(value[:, None], shape).copy(),
        outcomes=np.broadcast_to(outcome[:, None], (*shape, outcome.shape[1])).copy(),
        chosen=_drawn(priors, seeds, np.broadcast_to(temperature, count)),
        mover=mover(positions),
        value=value,
        outcome=outcome,
        simulations=np.zeros(count, np.int64),
    )


def _drawn(
    priors: NDArray[np.float64], seeds: NDArray[np.uint64], temperatures: NDArray[np.float64]
) -> NDArray[np.int64]:
    """[B] index of the shot to play: the first, or drawn."""
    chosen = np.zeros(len(priors), np.int64)
    for b in np.flatnonzero(temperatures > 0):
        masses = (priors[b] / priors[b, 0]) ** (1.0 / temperatures[b])
        chosen[b] = np.random.default_rng(int(seeds[b])).choice(len(masses), p=masses / masses.sum())
    return chosen
