"""Kernel-regression tree search for a batch of games in lockstep: select, widen, simulate, evaluate, back up.

Source: Lee et al., ICML 2018, algorithm 1, after Yee et al., IJCAI 2016. Each tree draws from its own random
stream and every step treats its trees one by one, so a tree's result is the same in any batch.

Shape letters: B games, L leaves a tree and step, S bytes of a state, A continuous dimensions, K outcomes.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from planners.batches import Batches, checked_rows
from planners.config import SearchConfig
from planners.interfaces import Evaluator, SearchResult, Simulator
from planners.kernel import kernel_of
from planners.lockstep import (
    BAD_MOVER,
    BAD_OUTCOMES,
    BAD_PRIORS,
    LEAF,
    SOUND,
    advance,
    plant_roots,
    take_steps,
)
from planners.roots import read_roots
from planners.selection import rules_of
from planners.tree import ROOT, Trees, allocate

COMPLAINTS = {
    BAD_MOVER: "mover: a player that is neither 0 nor 1 was given",
    BAD_OUTCOMES: "outcomes: a row is no distribution, expected numbers from 0 with sum 1",
    BAD_PRIORS: "priors: a negative number or one that is not finite was given, expected numbers from 0",
}


class Search:
    """A search with its memory, which it uses again; one `run` at a time.

    Args:
        config: what the search is made of.
        simulator: the world.
        evaluator: the judge.
        groups: lockstep groups that the games are split into, each in its own thread, so that one can walk
            its trees while another waits for the evaluator; more than one needs a simulator and an evaluator
            that can be called from several threads.
    """

    def __init__(
        self,
        config: SearchConfig,
        simulator: Simulator,
        evaluator: Evaluator,
        *,
        groups: int = 1,
    ) -> None:
        if groups < 1:
            raise ValueError(f"groups: got {groups}, expected at least 1")
        self.config = config
        self.trees: Trees | None = None
        """Of the latest run."""
        self._room: Trees | None = None
        self._simulator, self._evaluator = simulator, evaluator
        self._groups = groups
        self._rules, self._shape = rules_of(config), kernel_of(config.kernel)

    def run(
        self,
        states: np.ndarray,
        seeds: np.ndarray,
        utility: np.ndarray,
        *,
        temperature: float | np.ndarray = 0.0,
    ) -> SearchResult:
        """Searches from each state.

        Args:
            states: [B, ...] of games that are not over; left as they are.
            seeds: [B] integers from 0; the same seed and state give the same result.
            utility: [K] or [B, K], what each outcome is worth to player 0.
            temperature: one number or [B]; 0 plays the final action of the config, above 0 draws it in
                proportion to its kernel count to the power of 1 over this.

        Raises:
            ValueError: shapes do not fit, or the simulator or evaluator gave what is no answer.
        """
        if len(states) == 0:
            raise ValueError("states: got none, expected at least one")
        batches = Batches(self._simulator, self._evaluator, states)
        seeds = checked_rows("seeds", seeds, len(states), np.uint64)
        temperatures = np.broadcast_to(np.asarray(temperature, np.float64), len(states))
        trees = self._memory(len(states), np.shape(utility)[-1], batches.state_bytes)
        trees.utilities[:] = utility
        if not np.isfinite(trees.utilities).all():
            raise ValueError("utility: a number is not finite")
        trees.states[:, ROOT] = batches.as_bytes(states)
        groups = min(self._groups, len(states))
        parts = [slice(len(states) * g // groups, len(states) * (g + 1) // groups) for g in range(groups)]
        with ThreadPoolExecutor(groups) as pool:
            for done in [pool.submit(self._grow, trees.part(p), seeds[p], batches) for p in parts]:
                done.result()
        return read_roots(self.config, trees, temperatures)

    def _memory(self, games: int, outcomes: int, state_bytes: int) -> Trees:
        """Trees for so many games: the first of those that there is memory for."""
        room = self._room
        fits = room is not None and (room.utilities.shape[1], room.states.shape[2]) == (outcomes, state_bytes)
        if not fits or len(room.trees) < games:
            self._room = room = allocate(self.config, games, outcomes, state_bytes)
        self.trees = room.part(slice(0, games))
        return self.trees

    def _grow(self, trees: Trees, seeds: np.ndarray, batches: Batches) -> None:
        """Grows some of the trees to the full budget: in each step up to `leaves` of every tree are found,
        simulated, evaluated and backed up."""
        rows, budget = len(seeds) * self.config.leaves, self.config.simulations
        leaves, asked = np.empty(rows, LEAF), np.empty(rows, np.uint64)
        states, asked_states = (np.empty((rows, batches.state_bytes), np.uint8) for _ in range(2))
        points, parts = np.empty((rows, trees.points.shape[2])), np.empty(rows, np.int64)
        outcomes = np.empty((0, trees.outcomes.shape[2]))
        roots = np.ascontiguousarray(trees.states[:, ROOT])
        _expect_sound(plant_roots(trees, seeds, batches.movers(roots), leaves, asked))
        evaluation = batches.evaluate(trees, roots, asked[: len(seeds)])
        _expect_proposals(evaluation.priors)
        while True:
            code, found, count = advance(
                trees, self._rules, self._shape, budget, leaves, outcomes, *evaluation, states, points, parts
            )
            _expect_sound(code)
            if found == 0:
                break
            step = batches.step(trees, states[:count], points[:count], parts[:count])
            count = take_steps(trees, leaves, step.states, step.movers, step.terminal, asked_states, asked)
            if count < 0:
                raise ValueError(COMPLAINTS[BAD_MOVER])
            evaluation = batches.evaluate(trees, asked_states[:count], asked[:count])
            outcomes = step.outcomes


def _expect_proposals(priors: np.ndarray) -> None:
    """Raises ValueError where a root, of priors [B or 1, P], was proposed no action."""
    if not (priors > 0).any(axis=1).all():
        raise ValueError("priors: no action was proposed for a root, expected at least one")


def _expect_sound(code: int) -> None:
    if code != SOUND:
        raise ValueError(COMPLAINTS[code])
