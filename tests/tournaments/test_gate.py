"""A gate promotes few players that are no stronger, and most that are."""

import numpy as np
import pytest

from agents.curling.learning.gate import GateConfig, MatchScore, gated_match, match_score
from agents.ratings import expected_score
from agents.runs.errors import ConfigError
from envs.curling.physics.delivery import Shot
from tests.tournaments.fakes import Scatterer, quick_world

MATCHES = 10_000


def promoted(config, elo, draws, rng, look=1):
    """Share of simulated matches that end in promotion, looked at after every `look` games."""
    drawn = rng.random((MATCHES, config.games)) < draws
    won = rng.random((MATCHES, config.games)) < expected_score(elo)
    wins, losses = np.cumsum(won & ~drawn, axis=1), np.cumsum(~won & ~drawn, axis=1)
    verdicts = {(w, n - w): config.verdict(w, n - w) for n in range(config.games + 1) for w in range(n + 1)}
    table = np.zeros((config.games + 1, config.games + 1), dtype=np.int8)
    for (w, lost), verdict in verdicts.items():
        table[w, lost] = {"promoted": 1, "kept": -1, "undecided": 0}[verdict]
    found = table[wins, losses][:, look - 1 :: look]
    first = np.argmax(found != 0, axis=1)
    return float((found[np.arange(MATCHES), first] == 1).mean())


@pytest.mark.parametrize(("draws", "look"), [(0.0, 1), (0.3, 1), (0.0, 64)])
def test_few_equal_players_are_promoted(draws, look):
    config = GateConfig(games=256)
    share = promoted(config, 0.0, draws, np.random.default_rng(1), look)
    assert 0.005 < share <= config.alpha + 2 * np.sqrt(config.alpha * (1 - config.alpha) / MATCHES)


def test_few_players_that_are_stronger_by_fifty_points_are_missed():
    config = GateConfig(games=1000)
    missed = 1.0 - promoted(config, 50.0, 0.0, np.random.default_rng(2))
    assert missed <= config.beta + 2 * np.sqrt(config.beta * (1 - config.beta) / MATCHES)


def test_weaker_players_are_hardly_ever_promoted():
    assert promoted(GateConfig(games=256), -50.0, 0.0, np.random.default_rng(3)) < 0.01


class Wide(Scatterer):
    """Throws past the house."""

    def shot(self, rng):
        return Shot(0.9, 2.4, self.spin)


def test_a_player_that_misses_the_house_is_not_promoted_and_one_that_hits_it_is():
    world = quick_world()
    good, bad, config = Scatterer(world), Wide(world), GateConfig(games=120)
    verdict, score = gated_match(world, good, bad, config, 1, at_once=20)
    assert verdict == "promoted" and score.wins > score.losses and sum(score) < 120
    verdict, score = gated_match(world, bad, good, config, 1, at_once=20)
    assert verdict == "kept" and score.wins < score.losses and sum(score) < 120


def test_a_match_that_runs_out_of_games_is_called_undecided():
    world = quick_world()
    verdict, score = gated_match(
        world, Scatterer(world), Scatterer(world), GateConfig(games=10), 1, at_once=4
    )
    assert verdict == "undecided" and sum(score) == 10


def test_a_match_can_go_on_and_does_not_depend_on_games_at_once():
    world = quick_world()
    players = Scatterer(world), Scatterer(world)
    whole = match_score(world, *players, 20, 4)
    parts = [
        match_score(world, *players, count, 4, first=first, at_once=3) for first, count in ((0, 8), (8, 12))
    ]
    assert whole == MatchScore(*np.sum(parts, axis=0).tolist()) and sum(whole) == 20


@pytest.mark.parametrize("change", [{"games": 3}, {"games": 0}, {"alpha": 0.0}, {"beta": 0.9}, {"elo": -5.0}])
def test_a_gate_that_cannot_decide_is_refused(change):
    with pytest.raises(ConfigError, match=next(iter(change))):
        GateConfig(**change)


def test_odd_matches_are_refused():
    world = quick_world()
    with pytest.raises(ValueError, match="even"):
        match_score(world, Scatterer(world), Scatterer(world), 3, 1)
