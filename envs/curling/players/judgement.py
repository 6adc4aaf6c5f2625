"""How good a board is for the team that has just thrown: the `rules` player's belief, a chance to win.

The belief is a skip's rule of thumb: what lies now counts more the fewer stones are to come; stones near
the button, behind cover, are likely to stay; the hammer is worth about half a point.

Shape letters: B boards.
"""

import math

import numpy as np
from numpy.typing import NDArray

from envs.curling.physics.sheet import STONES, STONES_PER_TEAM, Sheet
from envs.curling.rules.game import GameState
from envs.curling.rules.rule_set import RuleSet
from envs.curling.rules.scoring import score_ends, squared_distances

HAMMER_POINTS = 0.5  # points that the last stone of an end is worth
END_SPREAD = 1.6  # points, standard deviation of the score of one end
REACH = 1.1  # metres from the tee over which a stone's worth falls by e
COVER_WIDTH = 1.6  # stone radii beside a stone within which a stone before it covers it
OPEN_WORTH, COVERED_WORTH = 0.30, 0.55  # points of a stone on the button that may still be played at
EXTRA_END_SHARE = 0.6  # chance of the team with the hammer in an extra end


def winning_chance(
    sheet: Sheet,
    rules: RuleSet,
    state: GameState,
    stones: NDArray[np.float64],
    in_play: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Belief that the team that threw wins the game from each of these boards.

    Args:
        sheet: the geometry.
        rules: the event's rules.
        state: the game before the throw.
        stones: [B, 16, 2] float64 metres, settled boards after it.
        in_play: [B, 16] bool.

    Returns:
        [B] float64 in 0..1.
    """
    sign = 1 if state.thrower == 0 else -1
    lead = sign * (state.totals[0] - state.totals[1])
    to_come = rules.shots_per_end - state.shot - 1
    score = sign * score_ends(sheet, stones, in_play)
    if to_come == 0:
        return _after_end(rules, state, lead + score, score)
    worth = sign * standing(sheet, stones, in_play)
    settled = 1.0 / (1.0 + 0.25 * to_come)
    ours = 1 if state.hammer == state.thrower else -1
    last_stone = ours * HAMMER_POINTS * min(1.0, to_come / 4)
    expected = settled * score + worth + last_stone
    ends_left = max(rules.ends - state.end - 1, 0)
    spread = END_SPREAD * math.sqrt(ends_left + to_come / rules.shots_per_end + 0.1)
    return _chance((lead + expected) / spread)


def _after_end(
    rules: RuleSet, state: GameState, lead: NDArray[np.int64], score: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Chance to win once the end is over, from the lead and who has the next hammer."""
    throws_last = state.hammer == state.thrower
    hammer = np.where(score == 0, throws_last == rules.blank_keeps_hammer, score < 0)
    ends_left = max(rules.ends - state.end - 1, 0)
    if ends_left:
        points = lead + np.where(hammer, HAMMER_POINTS, -HAMMER_POINTS)
        return _chance(points / (END_SPREAD * math.sqrt(ends_left)))
    tied = np.where(hammer, EXTRA_END_SHARE, 1 - EXTRA_END_SHARE)
    return np.where(lead > 0, 1.0, np.where(lead < 0, 0.0, tied))


def standing(sheet: Sheet, stones: NDArray[np.float64], in_play: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[B] points that the stones in the house promise team 0, less those they promise team 1."""
    distance = np.sqrt(squared_distances(sheet, stones, in_play))
    in_house = distance < sheet.house_reach
    keep = np.where(_covered(sheet, stones, in_play), COVERED_WORTH, OPEN_WORTH)
    worth = np.where(in_house, keep * np.exp(-distance / REACH), 0.0)
    return worth[:, :STONES_PER_TEAM].sum(axis=1) - worth[:, STONES_PER_TEAM:].sum(axis=1)


def _covered(sheet: Sheet, stones: NDArray[np.float64], in_play: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """[B, 16] stones with another stone before them in the thrower's way."""
    across = np.abs(stones[:, :, None, 0] - stones[:, None, :, 0])
    before = stones[:, :, None, 1] - stones[:, None, :, 1]
    covers = (across < COVER_WIDTH * sheet.stone_radius) & (before > sheet.stone_radius) & in_play[:, None, :]
    covers[:, np.arange(STONES), np.arange(STONES)] = False
    return covers.any(axis=2) & in_play


def _chance(deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic curve nearest to the normal distribution."""
    return 1.0 / (1.0 + np.exp(-1.702 * deviations))
