"""What a search says a policy should be, over the cells of the grid.

`density` is the paper's: the kernel density of the search at the cells, to the power of 1 over the shot's
temperature (Lee et al., ICML 2018). The paper does not say how its densities get onto the grid; a cell takes
the density at its own shot or, where it is greater, that at a shot of the search that lies nearest to it:
rows of hits are many standard deviations apart, and a hit between them would be lost.

`improved` is the policy itself, with every cell made likelier by as much as kernel regression finds its shot
better than the policy's own: what Danihelka et al. ("Policy improvement by planning with Gumbel", ICLR 2022,
section 4) do with completed values. A cell that was hardly tried stays as it is, so that a target moves away
from the policy only where the search knows something, which few simulations need.

Shape letters: B games, G cells, C actions of a search.
"""

import numpy as np
from numpy.typing import NDArray

from agents.curling.search.grid import CELLS, PolicyGrid
from planners.config import KernelConfig
from planners.interfaces import SearchResult
from planners.kernel import density, regression

Floats = NDArray[np.float64]
SURE_VISITS = 4.0
"""Visits, by kernel density, from which a value counts for more than half."""


def density_targets(
    result: SearchResult, kernel: KernelConfig, grid: PolicyGrid, temperature: float
) -> Floats:
    """The search's kernel density as a policy: [B, G], rows sum to 1.

    Args:
        result: of B searches.
        kernel: of the search.
        grid: the cells.
        temperature: of the shots.
    """
    shape = result.weights.shape
    if kernel.kind == "none":
        counts = np.zeros((shape[0], CELLS))
    else:
        counts = density(kernel, result.points, result.parts, result.visits, grid.points, grid.parts)
    cells = grid.cells(result.points.reshape(-1, result.points.shape[2]), result.parts.reshape(-1))
    rows = np.broadcast_to(np.arange(shape[0])[:, None], shape)
    np.maximum.at(counts, (rows, cells.reshape(shape)), result.weights)
    masses = (counts / counts.max(axis=1, keepdims=True)) ** (1.0 / temperature)
    return masses / masses.sum(axis=1, keepdims=True)


def improved_targets(
    result: SearchResult, kernel: KernelConfig, grid: PolicyGrid, policy: NDArray, strength: float
) -> Floats:
    """The policy, moved to where the search found more: [B, G], rows sum to 1.

    A cell's probability is multiplied by exp(advantage / strength). Its advantage is what kernel regression
    finds there beyond the mean of the candidates, weighted by their priors, times W / (W + SURE_VISITS).

    Args:
        result: of B searches.
        kernel: of the search.
        grid: the cells.
        policy: [B, G] that guided it.
        strength: in units of the utility; the smaller, the farther a target moves.
    """
    values = result.values[..., None]
    weights, found = regression(
        kernel, result.points, result.parts, result.visits, values, grid.points, grid.parts
    )
    expected = (result.priors * result.values).sum(axis=1) / result.priors.sum(axis=1)
    sign = np.where(result.mover == 0, 1.0, -1.0)
    advantage = sign[:, None] * (found[..., 0] - expected[:, None]) * weights / (weights + SURE_VISITS)
    gain = advantage / strength
    masses = policy * np.exp(gain - gain.max(axis=1, keepdims=True))
    return masses / masses.sum(axis=1, keepdims=True)
