"""Whether a new player replaces the best: a match, judged by Wald's sequential test.

Only games won and lost count. Against "equal" the test sets "stronger by `elo`": the likelihood ratio of
both after w wins and l losses decides. If the players are equal, the chance that the ratio ever reaches
1 / alpha is at most alpha, however often it is looked at (Ville's inequality), so no more than that share of
equal or weaker players is promoted, even though a match is stopped as soon as it is clear.

Source: Wald, Annals of Mathematical Statistics 16 (1945).
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from agents.curling.games.game_records import GameSpec
from agents.curling.games.lockstep_games import AT_ONCE, game_seed, play_games
from agents.curling.players import BatchPlayer
from agents.ratings import expected_score
from agents.runs.errors import ConfigError
from agents.runs.fields import check_real, check_whole
from envs.curling.world import World

Verdict = Literal["promoted", "kept", "undecided"]
MOST_GAMES = 10**6


class MatchScore(NamedTuple):
    """Games of the new player against the best."""

    wins: int
    draws: int
    losses: int


@dataclass(frozen=True)
class GateConfig:
    """How sure a gate wants to be.

    Raises:
        ConfigError: a value is out of range.
    """

    games: int = 400
    """Games at most; a match that is undecided then leaves the best in its place. Even, as both have the
    first hammer equally often."""

    elo: float = 50.0
    """Elo points by which a new player should be stronger, above 0."""

    alpha: float = 0.05
    """Chance at most to promote a player that is no stronger."""

    beta: float = 0.05
    """Chance, about, to stop the match of a player that is stronger by `elo`, given games enough."""

    def __post_init__(self) -> None:
        check_whole("games", self.games, low=2, high=MOST_GAMES)
        if self.games % 2:
            raise ConfigError(f"games: got {self.games}, expected an even number")
        check_real("elo", self.elo, low=1.0, high=1000.0)
        check_real("alpha", self.alpha, low=1e-6, high=0.5)
        check_real("beta", self.beta, low=1e-6, high=0.5)

    def verdict(self, wins: int, losses: int) -> Verdict:
        """What so many games say; draws say nothing."""
        stronger = expected_score(self.elo)
        ratio = wins * math.log(stronger / 0.5) + losses * math.log((1.0 - stronger) / 0.5)
        if ratio >= -math.log(self.alpha):
            return "promoted"
        return "kept" if ratio <= math.log(self.beta) else "undecided"


def match_score(
    world: World,
    new: BatchPlayer,
    best: BatchPlayer,
    games: int,
    seed: int,
    *,
    first: int = 0,
    at_once: int = AT_ONCE,
) -> MatchScore:
    """Plays so many games, both players having the first hammer equally often; each has noise of its own.

    Args:
        world: what is played in.
        new, best: the players.
        games: even.
        seed: decides all games together with their numbers.
        first: number of the first game, where a match goes on; even.
        at_once: games in progress; it decides speed alone.

    Raises:
        ValueError: an odd number.
    """
    if games < 2 or games % 2 or first % 2:
        raise ValueError(f"games, first: got {games}, {first}, expected even numbers, games from 2")
    numbers = range(first, first + games)
    specs = [GameSpec(game_seed(seed, n), n % 2, (0, 1), n) for n in numbers]
    winners = [record.winner for record in play_games(world, (new, best), specs, at_once=at_once)]
    return MatchScore(winners.count(0), winners.count(None), winners.count(1))


def gated_match(
    world: World,
    new: BatchPlayer,
    best: BatchPlayer,
    config: GateConfig,
    seed: int,
    *,
    at_once: int = AT_ONCE,
) -> tuple[Verdict, MatchScore]:
    """Plays a match in rounds of `at_once` games until it is decided or out of games.

    Returns:
        "promoted" if the new player is stronger, "kept" if it is not, "undecided" if the games ran out before
        either was clear; and the score.
    """
    score, played, verdict = MatchScore(0, 0, 0), 0, "undecided"
    while verdict == "undecided" and played < config.games:
        count = min(at_once + at_once % 2, config.games - played)
        found = match_score(world, new, best, count, seed, first=played, at_once=at_once)
        score = MatchScore(*(a + b for a, b in zip(score, found, strict=True)))
        played += count
        verdict = config.verdict(score.wins, score.losses)
    return verdict, score
