"""A player that keeps to its thinking time: what is left is shared among its shots left, and searches cut."""

import time
from collections.abc import Callable

import numpy as np

from agents.curling.players import BatchPlayer
from envs.curling.physics.delivery import Shot
from envs.curling.rules.game import GameState
from envs.curling.rules.rule_set import RuleSet

USED_SHARE = 0.8  # of the time for a shot; the rest is for the way to the server and for surprises
FORGETTING = 0.9  # what is left of a measured time after a shot that was searched with another budget


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
        self._make, self._most = make, simulations
        self._players = {simulations: make(simulations)}
        self._took: dict[int, float] = {}  # seconds of the last shot with so many simulations

    def rehearse(self, state: GameState) -> None:
        """Thinks twice off the record: first compiled code is made ready, then the time is measured."""
        for _ in range(2):
            self._took.clear()
            self.shot(state, 0, np.inf)

    def affordable(self, seconds: float) -> int:
        """The most simulations that are likely to be over within `seconds`."""
        budget = self._most
        while budget > 1 and self._expected(budget) > seconds:
            budget //= 2
        return budget

    def shot(self, state: GameState, seed: int, seconds: float) -> Shot | None:
        """Its shot within `seconds`, as near as it can tell; None concedes."""
        budget = self.affordable(seconds)
        if budget not in self._players:
            self._players[budget] = self._make(budget)
        began = time.monotonic()
        (shot,) = self._players[budget].shots([state], np.array([seed], dtype=np.uint64))
        for other in self._took:
            self._took[other] *= FORGETTING
        self._took[budget] = time.monotonic() - began
        return shot

    def _expected(self, budget: int) -> float:
        """Seconds of a shot; in proportion to the simulations where none was measured."""
        most = self._took.get(self._most, 0.0)
        return self._took.get(budget, most * budget / self._most)
