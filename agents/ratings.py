"""Ratings of players from their games: Bradley-Terry by maximum likelihood, on the scale of Elo.

A draw is half a win and half a loss. So that a record of wins alone keeps a finite rating, every two players
that met are given `IMAGINED` more games, half won by each (the smoothing of Hunter's MM algorithms, Annals
of Statistics 32, 2004, and of the usual chess programs). Ratings have mean 0. Intervals are those of the
profile likelihood: the ratings of a player at which the best likelihood of the others has fallen by half
the chi-squared quantile; unlike a Hessian's they are as lopsided as one-sided records are.

Shape letters: N players.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.runs.intervals import Interval

IMAGINED = 1.0  # games added to every two players that met, half won by each
ELO_SCALE = 400.0 / math.log(10.0)  # Elo points of one unit of log odds
FALL = 3.841458820694124 / 2  # half the 95 % quantile of chi-squared with one degree of freedom
NORMAL_QUANTILE = 1.959963984540054  # two-sided 95 %
NEWTON_STEPS = 100
HALVINGS = 40  # of one Newton step
NEWTON_ENOUGH = 1e-8  # log odds; a last step below it leaves an error of its square
ROUNDING = 1e-13  # relative error of a log likelihood
Array = NDArray[np.float64]


class Record(NamedTuple):
    """Games of one player against another.

    wins, draws, losses: as the first of the two sees them.
    """

    wins: int
    draws: int
    losses: int

    @property
    def games(self) -> int:
        """How many."""
        return self.wins + self.draws + self.losses

    @property
    def score(self) -> float:
        """Share of the points, a draw being half of one."""
        return (self.wins + self.draws / 2) / self.games


def score_interval(record: Record) -> Interval:
    """Share of the points with Wilson's 95 % interval (JASA 22, 1927).

    Draws count half: their smaller variance makes the interval wider than it need be, never narrower.

    Raises:
        ValueError: there is no game.
    """
    if record.games < 1:
        raise ValueError(f"record: got {tuple(record)}, expected at least one game")
    share, squared = record.score, NORMAL_QUANTILE**2 / record.games
    middle = (share + squared / 2) / (1 + squared)
    spread = share * (1 - share) / record.games + squared / (4 * record.games)
    reach = NORMAL_QUANTILE * math.sqrt(spread) / (1 + squared)
    low = 0.0 if share == 0.0 else middle - reach  # exactly, whatever rounding says
    return Interval(share, low, 1.0 if share == 1.0 else middle + reach)


def rate(points: Array) -> list[Interval]:
    """Elo ratings with 95 % intervals; they do not depend on the order of the players.

    Args:
        points: [N, N] float64; points[i, j] is what i won against j, a draw being half; N at least 2.

    Raises:
        ValueError: on a wrong shape, a negative number, or players that no chain of games connects.
    """
    won = _with_imagined_games(points)
    count = len(won)
    best = _fit(won, np.zeros(count), _directions(count, None))
    ratings = []
    for player in range(count):
        low, high = (_bound(won, best, player, side) for side in (-1.0, 1.0))
        ratings.append(Interval(*(ELO_SCALE * value for value in (float(best[player]), low, high))))
    return ratings


def expected_score(difference: float) -> float:
    """Share of the points of a player so many Elo points stronger."""
    return 1.0 / (1.0 + math.exp(-difference / ELO_SCALE))


def _with_imagined_games(points: Array) -> Array:
    """Checked points with the imagined games added."""
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[0] != points.shape[1] or len(points) < 2:
        raise ValueError(f"points: shape {points.shape}, expected [N, N] with N at least 2")
    if not np.isfinite(points).all() or (points < 0).any() or np.diagonal(points).any():
        raise ValueError("points: expected finite numbers from 0, and 0 against oneself")
    met = (points + points.T) > 0
    reached = {0}
    while grown := {int(j) for i in reached for j in np.flatnonzero(met[i])} - reached:
        reached |= grown
    if len(reached) < len(points):
        raise ValueError(f"points: player {min(set(range(len(points))) - reached)} met none of the others")
    return points + np.where(met, IMAGINED / 2, 0.0)


def _fit(won: Array, origin: Array, directions: Array) -> Array:
    """The likeliest log strengths [N] on the plane through origin [N] along directions [N, D]."""
    strength, games = origin, won + won.T
    if not directions.shape[1]:
        return strength
    for _ in range(NEWTON_STEPS):
        chance = _chances(strength)
        weight = games * chance * (1.0 - chance)
        curve = directions.T @ (np.diag(weight.sum(axis=1)) - weight) @ directions
        step = directions @ np.linalg.solve(curve, directions.T @ _slope(won, strength))
        strength = _uphill(won, strength, step)
        if np.abs(step).max() < NEWTON_ENOUGH:
            break
    return strength


def _uphill(won: Array, strength: Array, step: Array) -> Array:
    """The strengths moved by the step, halved until the likelihood does not fall."""
    before = _log_likelihood(won, strength)
    for _ in range(HALVINGS):
        if _log_likelihood(won, strength + step) >= before + ROUNDING * before:
            return strength + step
        step = step / 2
    return strength


def _bound(won: Array, best: Array, player: int, side: float) -> float:
    """The log strength on one side (-1 or 1) of a player's best at which the likelihood has fallen by `FALL`.

    The best likelihood of the others is concave in the player's strength, so Newton steps from beyond the
    bound come down to it without passing it.
    """
    count = len(won)
    enough, directions = _log_likelihood(won, best) - FALL, _directions(count, player)
    apart = np.full(count, -side / (count - 1))
    apart[player] = side

    def spare(distance: float) -> tuple[float, float]:
        """Likelihood above what is enough at this distance from the best, and its slope."""
        strength = _fit(won, best + distance * apart, directions)
        return _log_likelihood(won, strength) - enough, float(_slope(won, strength) @ apart)

    distance = 1.0
    while (found := spare(distance))[0] > 0:
        distance *= 2
    for _ in range(NEWTON_STEPS):
        step = found[0] / found[1]
        distance -= step
        if step < NEWTON_ENOUGH:
            break
        found = spare(distance)
    return float(best[player] + side * distance)


def _chances(strength: Array) -> Array:
    """Chance [N, N] that the first wins, from log strengths [N]."""
    return 1.0 / (1.0 + np.exp(strength[None, :] - strength[:, None]))


def _slope(won: Array, strength: Array) -> Array:
    """Derivative [N] of the log likelihood by the log strengths [N]."""
    return (won - (won + won.T) * _chances(strength)).sum(axis=1)


def _directions(count: int, player: int | None) -> Array:
    """Orthonormal directions [N, D] that leave the mean alone, and `player` if one is given."""
    kept = np.ones((count, 1))
    if player is not None:
        kept = np.column_stack([kept, np.eye(count)[:, player]])
    basis, _ = np.linalg.qr(kept, mode="complete")
    return basis[:, kept.shape[1] :]


def _log_likelihood(won: Array, strength: Array) -> float:
    """Of the points won [N, N] at log strengths [N]."""
    return -float((won * np.logaddexp(0.0, strength[None, :] - strength[:, None])).sum())
