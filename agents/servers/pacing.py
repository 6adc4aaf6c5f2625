"""A player that keeps to its thinking time: what is left is shared among its shots left, and searches cut."""

import time
from collections.abc import Callable

import numpy as np

from agents.curling.players import BatchPlayer
from envs.curling.physics.delivery import Shot
from envs.curling.rules.game import GameState
from envs.curling.rules.rule_set import RuleSet

USED_SHARE = 0.8  # of the time for a shot; the rest is for the way to the server and for surprises
FORGETTING = 0.9  # of how slow the machine was found, what is believed after a shot that was faster
LEAST_SECONDS = 1e-3  # of a rehearsed shot; below it the clock and the machine's other work decide


def seconds_for_shot(rules: RuleSet, state: GameState, seconds_left: float) -> float:
    """The time that the team to throw may spend on its next shot.

    Args:
        rules: of the event.
        state: the game; in progress.
        seconds_left: of the thrower's thinking time: for the regular ends, or for the present extra end.
    """
    each = rules.shots_per_end // 2
    ends_after = max(rules.ends - state.end - 1, 0)
    shots = each - state.shot // 2 + each * ends_after
    return USED_SHARE * max(seconds_left, 0.0) / shots


class PacedPlayer:
    """Asks a player with as many simulations as its time allows: all, or a half, a quarter, ... of them.

    Args:
        make: number of simulations -> the player that searches so much.
        simulations: of a shot for which there is time enough.
    """

    def __init__(self, make: Callable[[int], BatchPlayer], simulations: int) -> None:
        budgets = [simulations >> halvings for halvings in range(simulations.bit_length())]
        self._players = {budget: make(budget) for budget in budgets}
        self._rehearsed = dict.fromkeys(budgets, 0.0)  # seconds of a shot
        self._slowness = 1.0  # how much longer shots take by now

    def rehearse(self, state: GameState) -> None:
        """Thinks off the record: first compiled code is made ready, then the times are measured."""
        self._timed(max(self._players), state, 0)
        for budget in self._players:
            _, self._rehearsed[budget] = self._timed(budget, state, 0)

    def affordable(self, seconds: float) -> int:
        """The most simulations that are likely to be over within `seconds`, or the fewest that there are."""
        rehearsed = seconds / self._slowness
        return next((n for n in self._players if self._rehearsed[n] <= rehearsed), min(self._players))

    def shot(self, state: GameState, seed: int, seconds: float) -> Shot | None:
        """Its shot within `seconds`, as near as it can tell; None concedes."""
        budget = self.affordable(seconds)
        shot, took = self._timed(budget, state, seed)
        found = took / max(self._rehearsed[budget], LEAST_SECONDS)
        self._slowness = max(found, FORGETTING * self._slowness)
        return shot

    def _timed(self, budget: int, state: GameState, seed: int) -> tuple[Shot | None, float]:
        """A shot with so many simulations, and the seconds that it took."""
        began = time.monotonic()
        (shot,) = self._players[budget].shots([state], np.array([seed], dtype=np.uint64))
        return shot, time.monotonic() - began
