"""What the score of an end may become from a board as it lies: the end of a rollout that was cut short.

The mean is the belief of the `rules` player (`envs.curling.players.judgement`); around it scores spread the
more, the more stones are to come.

Shape letters: B positions, K outcomes.
"""

import numpy as np
from numpy.typing import NDArray

from agents.curling.compiled.end_step import MOST_POINTS
from envs.curling.players.judgement import END_SPREAD, HAMMER_POINTS, standing
from envs.curling.rules.scoring import score_ends
from envs.curling.world import World

SETTLING = 0.25
"""How much each stone to come lessens what lies now."""
SURE = 0.02
"""Share of an end's spread that stays however few stones are to come."""
LOGISTIC = 1.702
"""Rate of the logistic curve nearest to the normal distribution."""
EDGES = np.arange(-MOST_POINTS, MOST_POINTS) + 0.5
"""Points between neighbouring scores."""


class BoardJudge:
    """A judge of boards as `planners.interfaces.Judge`."""

    def __init__(self, world: World) -> None:
        self._sheet = world.ice.sheet

    def outcomes(self, states: NDArray) -> NDArray[np.float64]:
        """Distribution [B, K] of the end's score, as team 0 sees it, from positions [B] POSITION."""
        stones, in_play = np.ascontiguousarray(states["stones"]), states["in_play"] != 0
        to_come = (states["shots"] - states["shot"]).astype(np.float64)
        last = np.where(states["hammer"] == 0, 1.0, -1.0) * HAMMER_POINTS * np.minimum(1.0, to_come / 4)
        lying = score_ends(self._sheet, stones, in_play) / (1.0 + SETTLING * to_come)
        mean = lying + standing(self._sheet, stones, in_play) + last
        spread = END_SPREAD * np.sqrt(to_come / states["shots"] + SURE)
        # tanh, being odd, keeps what both teams see of a board alike to the bit
        below = np.tanh(LOGISTIC / 2 * (EDGES - mean[:, None]) / spread[:, None])
        return np.diff(below, axis=1, prepend=-1.0, append=1.0) / 2
