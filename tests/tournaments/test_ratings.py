"""Ratings from games, and who plays whom."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from agents.curling.games.game_records import GameSpec
from agents.curling.games.lockstep_games import game_seed, play_games
from agents.ratings import ELO_SCALE, Record, expected_score, rate, score_interval
from agents.tournament import Schedule
from tests.tournaments.fakes import Scatterer, quick_world

NAMES = ("d", "a", "c", "b")


def drawn_points(rng, count, games):
    """True ratings [N] of mean 0 and points [N, N] won in so many games of every pair."""
    true = rng.normal(size=count) * 150
    points = np.zeros((count, count))
    for i in range(count):
        for j in range(i):
            points[i, j] = rng.binomial(games, expected_score(true[i] - true[j]))
            points[j, i] = games - points[i, j]
    return true - true.mean(), points


def test_two_players_are_as_far_apart_as_their_score_with_the_imagined_game_says():
    first, second = rate(np.array([[0.0, 30.0], [10.0, 0.0]]))
    assert first.estimate == pytest.approx(-second.estimate)
    assert first.estimate - second.estimate == pytest.approx(ELO_SCALE * np.log(30.5 / 10.5), abs=1e-9)
    assert expected_score(first.estimate - second.estimate) == pytest.approx(30.5 / 41)


def test_the_bounds_are_where_the_likelihood_has_fallen_by_half_the_quantile():
    won, lost = 30.5, 10.5
    first, _ = rate(np.array([[0.0, 30.0], [10.0, 0.0]]))
    for bound in first[1:]:
        falls = [
            won * np.log(expected_score(2 * elo)) + lost * np.log(expected_score(-2 * elo))
            for elo in (first.estimate, bound)
        ]
        assert falls[0] - falls[1] == pytest.approx(3.841458820694124 / 2, abs=1e-9)


def test_the_order_of_players_does_not_change_ratings():
    _, points = drawn_points(np.random.default_rng(1), 4, 20)
    found = rate(points)
    for order in permutations(range(4)):
        again = rate(points[np.ix_(order, order)])
        for place, player in enumerate(order):
            assert again[place] == pytest.approx(found[player], abs=1e-9)


def test_records_of_wins_alone_stay_finite_and_lopsided():
    strong, weak, between = rate(np.array([[0, 200, 200], [0, 0, 50], [0, 150, 0.0]]))
    assert weak.estimate < between.estimate < strong.estimate < 2000
    assert strong.high - strong.estimate > strong.estimate - strong.low > 0


def test_intervals_hold_the_true_ratings_about_as_often_as_they_say():
    rng = np.random.default_rng(2)
    held = []
    for _ in range(40):
        true, points = drawn_points(rng, 4, 60)
        held += [rating.low <= elo <= rating.high for rating, elo in zip(rate(points), true, strict=True)]
    assert 0.95 - 4 * np.sqrt(0.05 * 0.95 / 160) <= np.mean(held)


def test_draws_are_half_wins():
    drawn, decided = Record(0, 40, 0), Record(20, 0, 20)
    assert drawn.score == decided.score == 0.5 and score_interval(drawn) == score_interval(decided)


def test_wilson_intervals_are_as_published():
    low, high = score_interval(Record(9, 0, 1))[1:]
    assert (round(low, 4), round(high, 4)) == (0.5958, 0.9821)
    assert score_interval(Record(10, 0, 0)).high == 1.0


@pytest.mark.parametrize(
    "points",
    [np.zeros((2, 2)), np.zeros((2, 3)), [[0, -1], [1, 0]], [[1, 1], [1, 0]], [[0, np.nan], [1, 0]], [[0]]],
    ids=["never met", "shape", "negative", "oneself", "nan", "alone"],
)
def test_points_of_no_tournament_are_refused(points):
    with pytest.raises(ValueError, match=r"points|player"):
        rate(np.array(points, dtype=float))


def test_every_pairing_plays_both_hammers_equally_often_with_shared_seeds():
    schedule = Schedule(NAMES, 6)
    games = list(schedule)
    assert len(games) == len(schedule) == 6 * 6
    assert [game.number for game in games] == list(range(36))
    hammers = Counter((game.players, game.hammer) for game in games)
    assert len(hammers) == 12 and set(hammers.values()) == {3}
    shared = Counter((game.players, game.pair) for game in games)
    assert set(shared.values()) == {2} and {game.pair for game in games} == {0, 1, 2}


def test_the_order_of_players_does_not_change_their_games():
    def played(names):
        schedule = Schedule(names, 4)
        return {(*(names[i] for i in game.players), game.pair, game.hammer) for game in schedule}

    assert played(NAMES) == played(NAMES[::-1])


@pytest.mark.parametrize(
    ("pairs", "met"), [("neighbours", ["ad", "ac", "bc"]), ("first", ["ad", "cd", "bd"])]
)
def test_fewer_pairings_can_be_played(pairs, met):
    pairings = Schedule(NAMES, 2, pairs).pairings
    assert ["".join(sorted(NAMES[i] for i in pairing)) for pairing in pairings] == met


@pytest.mark.parametrize(
    ("names", "games", "word"),
    [(("a",), 2, "two"), (("a", "a"), 2, "twice"), (NAMES, 3, "even"), (NAMES, 0, "even")],
)
def test_a_schedule_of_no_tournament_is_refused(names, games, word):
    with pytest.raises(ValueError, match=word):
        Schedule(names, games)


def points_of_equals(games):
    """What one of two equal players wins of each game, every game with noise of its own."""
    world = quick_world()
    players = [Scatterer(world), Scatterer(world)]
    specs = [GameSpec(game_seed(9, n), n % 2, (0, 1), n) for n in range(games)]
    records = play_games(world, players, specs, at_once=400)
    return [0.5 if record.winner is None else record.winner for record in records]


def test_identical_players_share_the_points_of_four_hundred_games():
    won = points_of_equals(400)
    assert len(won) == 400 and abs(np.mean(won) - 0.5) < 2.576 * 0.5 / np.sqrt(400)


@pytest.mark.slow
def test_identical_players_share_the_points_of_four_thousand_games():
    won = points_of_equals(4000)
    assert len(won) == 4000 and abs(np.mean(won) - 0.5) < 2.576 * 0.5 / np.sqrt(4000)
