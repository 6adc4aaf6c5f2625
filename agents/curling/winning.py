"""The chance to win by ends left, lead and hammer, from how the points of one end fall (KR-DRL-MES).

Source: Lee et al., ICML 2018, section 5.4 ("multi-end strategy"): P(n, lead) = sum over s of p(s) P(n - 1,
lead + s), started from the end of the game. The paper does not write out what becomes of the hammer; here it
passes as `envs.curling.rules.game` says: the scoring team gives it away, a blank keeps it, extra ends follow
until someone leads.

Shape letters: B positions, K points of an end from -8 to 8, N ends left.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from envs.curling.rules.rule_set import RuleSet
from envs.curling.rules.scoring import MOST_POINTS

POINTS = np.arange(-MOST_POINTS, MOST_POINTS + 1)
"""[K] points of an end: of team 0, or of whoever the array is seen by, less those of the other."""
RULES_ENDS = (0, 0, 0, 0, 5, 16, 38, 207, 5, 812, 353, 302, 163, 47, 10, 1, 0)
"""1,959 ends of `rules` against `rules`, by the points of the team with the hammer from -8 to 8: all finished
ends of 250 games of eight ends (`games.play_game`, generators of seeds 0 to 249), `fcv1` ice, `dc3` noise."""
MOST_EXTRA_ENDS = 245
"""Extra ends of a game of ten ends that is drawn at `LAST_END`: so many that a draw is never seen."""
DRAW = 0.5
"""What a draw is worth in games won."""


def one_end_distribution(points: ArrayLike, hammer: ArrayLike) -> NDArray[np.float64]:
    """How often the team with the hammer scored each number of points, in played ends.

    Args:
        points: [E] int, of team 0 less those of team 1, -8 to 8.
        hammer: [E] int, the team that threw last, 0 or 1.

    Returns:
        [K] float64 with sum 1, at index s + 8 for s points of the team with the hammer.

    Raises:
        ValueError: no ends, or numbers out of range.
    """
    points, hammer = np.asarray(points), np.asarray(hammer)
    if points.ndim != 1 or points.shape != hammer.shape or len(points) == 0:
        raise ValueError(
            f"points, hammer: shapes {points.shape}, {hammer.shape}, expected [E] of played ends"
        )
    if not np.isin(points, POINTS).all() or not np.isin(hammer, (0, 1)).all():
        raise ValueError("points, hammer: a number out of range, expected -8 to 8 and 0 or 1")
    of_hammer = np.where(hammer == 0, points, -points).astype(np.int64)
    return np.bincount(of_hammer + MOST_POINTS, minlength=len(POINTS)) / len(points)


def played_ends(
    scores: Sequence[tuple[int, int]], first_hammer: int, *, blank_keeps_hammer: bool = True
) -> tuple[list[int], list[int]]:
    """What `one_end_distribution` asks of one game.

    Args:
        scores: points of team 0 and of team 1 in every end.
        first_hammer: the team that threw last in the first end.
        blank_keeps_hammer: whether the hammer stays after an end without points.

    Returns:
        Points of team 0 less those of team 1, and the team that threw last, of every end.
    """
    points, hammers, hammer = [], [], first_hammer
    for first, second in scores:
        points.append(first - second)
        hammers.append(hammer)
        if first != second:
            hammer = 1 if first > second else 0
        elif not blank_keeps_hammer:
            hammer = 1 - hammer
    return points, hammers


class WinningTable:
    """The chance to win before any end of a game of equal teams.

    Args:
        ends: of the game, extra ends apart, at least 1.
        scores: [K] chance that the team with the hammer scores -8 to 8 points in an end.
        extra_ends: that may follow a tie before the game is drawn.
        blank_keeps_hammer: whether the hammer stays after an end without points (not in mixed doubles).

    Raises:
        ValueError: no end, or `scores` is no distribution.
    """

    def __init__(
        self,
        ends: int,
        scores: ArrayLike,
        *,
        extra_ends: int = MOST_EXTRA_ENDS,
        blank_keeps_hammer: bool = True,
    ) -> None:
        scores = np.asarray(scores, np.float64)
        sound = scores.shape == POINTS.shape and (scores >= 0).all() and abs(scores.sum() - 1) < 1e-9
        if not sound:
            raise ValueError(f"scores: got {scores}, expected a distribution over {len(POINTS)} points")
        if ends < 1 or extra_ends < 0:
            raise ValueError(f"ends, extra_ends: got {ends}, {extra_ends}, expected at least 1 and 0")
        self.ends, self.extra_ends, self.scores = ends, extra_ends, scores
        self._keeps = blank_keeps_hammer
        # A lead beyond this can never be made up, so greater ones are cut to it.
        self._most = MOST_POINTS * ends + 1
        self._tied = self._tied_chances()
        self._table = self._chances()

    @classmethod
    def of(cls, rules: RuleSet, scores: ArrayLike) -> "WinningTable":
        """The table of an event."""
        return cls(
            rules.ends,
            scores,
            extra_ends=rules.end_limit - rules.ends,
            blank_keeps_hammer=rules.blank_keeps_hammer,
        )

    def chance(self, ends_left: ArrayLike, lead: ArrayLike, hammer: ArrayLike) -> NDArray[np.float64]:
        """The chance that team 0 wins, before an end; a draw counts half.

        Args:
            ends_left: [...] int, regular ends to come; 0 when they are over, -1 after one extra end, ...
            lead: [...] int, points of team 0 less those of team 1.
            hammer: [...] int, the team that throws last in the coming end, 0 or 1.

        Returns:
            [...] float64.

        Raises:
            ValueError: more ends than the game has, or a hammer that is neither 0 nor 1.
        """
        left, lead, hammer = np.broadcast_arrays(ends_left, lead, hammer)
        if not ((left >= -self.extra_ends) & (left <= self.ends)).all():
            raise ValueError(f"ends_left: got {left}, expected {-self.extra_ends} to {self.ends}")
        if not np.isin(hammer, (0, 1)).all():
            raise ValueError(f"hammer: got {hammer}, expected 0 or 1")
        of_hammer = np.clip(np.where(hammer == 0, lead, -lead), -self._most, self._most)
        chance = self._table[np.maximum(left, 0), of_hammer + self._most]
        tied = (left <= 0) & (of_hammer == 0)
        chance = np.where(tied, self._tied[self.extra_ends + np.minimum(left, 0)], chance)
        return np.where(hammer == 0, chance, 1.0 - chance)

    def utility(self, ends_left: ArrayLike, lead: ArrayLike, hammer: ArrayLike) -> NDArray[np.float64]:
        """What each outcome of the end being played is worth to team 0: the utility of a search.

        Args:
            ends_left: [B] int, regular ends to come once this one is over: `ends - end - 1` of a game, which
                is below 0 in extra ends.
            lead: [B] int, points of team 0 less those of team 1 before this end.
            hammer: [B] int, the team that throws last in this end.

        Returns:
            [B, K] float64, the chance that team 0 wins once it has won the end by -8 to 8 points.
        """
        left, lead, hammer = (np.asarray(value)[..., None] for value in (ends_left, lead, hammer))
        after_blank = hammer if self._keeps else 1 - hammer
        next_hammer = np.where(POINTS > 0, 1, np.where(POINTS < 0, 0, after_blank))
        return self.chance(left, lead + POINTS, next_hammer)

    def _tied_chances(self) -> NDArray[np.float64]:
        """[extra_ends + 1] chance of the team with the hammer when a tied game may have so many more ends."""
        chances = np.full(self.extra_ends + 1, DRAW)
        wins, blank = self.scores[POINTS > 0].sum(), self.scores[MOST_POINTS]
        for left in range(1, self.extra_ends + 1):
            again = chances[left - 1] if self._keeps else 1.0 - chances[left - 1]
            chances[left] = wins + blank * again
        return chances

    def _chances(self) -> NDArray[np.float64]:
        """[ends + 1, leads] chance of the team with the hammer, by ends left and its lead."""
        leads = np.arange(-self._most, self._most + 1)
        table = np.empty((self.ends + 1, len(leads)))
        table[0] = np.where(leads > 0, 1.0, np.where(leads < 0, 0.0, self._tied[-1]))
        after = np.clip(leads[:, None] + POINTS, -self._most, self._most)
        passes = (POINTS > 0) | ((POINTS == 0) & (not self._keeps))
        for left in range(1, self.ends + 1):
            kept = table[left - 1][after + self._most]
            given_away = 1.0 - table[left - 1][self._most - after]
            table[left] = np.where(passes, given_away, kept) @ self.scores
        return table
