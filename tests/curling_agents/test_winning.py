"""The winning-percentage table against games played out end by end with the rules themselves."""

from functools import cache

import numpy as np
import pytest

from agents.curling.winning import POINTS, WinningTable, one_end_distribution, played_ends
from envs.curling.conditions import build_world
from envs.curling.rules.game import GameState, advance, start_game
from envs.curling.rules.rule_set import RuleSet

SCORES = np.zeros(17)
SCORES[[6, 7, 8, 9, 10, 12]] = 0.1, 0.15, 0.2, 0.3, 0.2, 0.05


def after_end(world, state, points):
    """The game after an end that team 0 won by so many points."""
    last = GameState(**(vars(state) | {"shot": world.rules.shots_per_end - 1}))
    return advance(world.ice.sheet, world.rules, last, state.stones, state.in_play, score=int(points))


def brute_force(world, state, scores):
    """Team 0's chance to win, by following every possible score of every end."""

    @cache
    def follow(end, lead, hammer):
        history = ((max(lead, 0), max(-lead, 0)), *((0, 0),) * (end - 1)) if end else ()
        now = GameState(
            **(vars(state) | {"end": end, "hammer": hammer, "decider": hammer, "scores": history})
        )
        total = 0.0
        for points, share in zip(POINTS, scores, strict=True):
            if share:
                then = after_end(world, now, points if hammer == 0 else -points)
                total += share * (worth(then) if then.over else follow(then.end, *standing(then)))
        return total

    return follow(state.end, *standing(state))


def standing(state):
    return state.totals[0] - state.totals[1], state.hammer


def worth(state):
    return 0.5 if state.winner is None else float(state.winner == 0)


@pytest.mark.parametrize("game", ["standard", "mixed_doubles"])
@pytest.mark.parametrize(("ends", "limit"), [(1, 1), (2, 2), (3, 5)])
def test_the_table_is_what_following_every_score_with_the_rules_gives(ends, limit, game):
    world = build_world("fcv1", "none", RuleSet(ends=ends, end_limit=limit, game=game))
    table = WinningTable.of(world.rules, SCORES)
    for hammer in (0, 1):
        rules = RuleSet(ends=ends, end_limit=limit, game=game, first_hammer=hammer)
        start = start_game(world.ice.sheet, rules)
        assert table.chance(ends, 0, hammer) == pytest.approx(brute_force(world, start, SCORES), abs=1e-12)


def test_the_utility_is_the_chance_after_each_score_of_the_end():
    world = build_world("fcv1", "none", RuleSet(ends=2, end_limit=4))
    table = WinningTable.of(world.rules, SCORES)
    start = start_game(world.ice.sheet, world.rules)
    utility = table.utility([1], [0], [start.hammer])[0]
    for index, points in enumerate(POINTS):
        then = after_end(world, start, points)
        assert utility[index] == pytest.approx(brute_force(world, then, SCORES), abs=1e-12)


def test_extra_ends_used_up_bring_the_draw_nearer():
    table = WinningTable(1, SCORES, extra_ends=2)
    first, second = SCORES[9:].sum(), SCORES[8]
    assert table.chance(-2, 0, 0) == 0.5
    assert table.chance(-1, 0, 0) == pytest.approx(first + second * 0.5)
    assert table.utility(-1, 0, 0)[8] == pytest.approx(first + second * 0.5)
    assert table.utility(-2, 0, 0)[8] == 0.5


def test_the_table_agrees_with_games_drawn_from_the_distribution():
    games, ends, rng = 200_000, 4, np.random.default_rng(5)
    lead, hammer = np.full(games, 1), np.zeros(games, int)
    for _ in range(ends):
        points = rng.choice(POINTS, games, p=SCORES) * np.where(hammer == 0, 1, -1)
        lead += points
        hammer = np.where(points > 0, 1, np.where(points < 0, 0, hammer))
    decided = SCORES[9:].sum() / (1 - SCORES[8])
    wins = np.where(lead == 0, np.where(hammer == 0, decided, 1 - decided), lead > 0)
    error = wins.std() / np.sqrt(games)
    assert abs(WinningTable(ends, SCORES).chance(ends, 1, 0) - wins.mean()) < 4 * error


def test_both_teams_chances_add_up_to_one_and_a_lead_is_good():
    table = WinningTable(8, SCORES)
    leads = np.arange(-70, 71)
    for left in range(9):
        chance = table.chance(left, leads, 0)
        np.testing.assert_allclose(chance + table.chance(left, -leads, 1), 1.0)
        assert (np.diff(chance) >= 0).all()
        assert chance[0] == 0 and chance[-1] == 1


def test_the_distribution_counts_ends_as_the_team_with_the_hammer_sees_them():
    scores = one_end_distribution([2, -1, 0, 3], [0, 1, 1, 1])
    assert scores[[10, 9, 8, 5]].tolist() == [0.25] * 4


def test_the_hammer_of_played_ends_follows_the_rules():
    assert played_ends([(0, 2), (0, 0), (1, 0), (0, 1)], 1) == ([-2, 0, 1, -1], [1, 0, 0, 1])
    assert played_ends([(0, 0), (0, 0)], 1, blank_keeps_hammer=False) == ([0, 0], [1, 0])


@pytest.mark.parametrize("scores", [SCORES * 2, SCORES[:-1], -SCORES])
def test_what_is_no_distribution_is_refused(scores):
    with pytest.raises(ValueError, match="scores: got"):
        WinningTable(8, scores)


@pytest.mark.parametrize(("points", "hammer"), [([], []), ([9], [0]), ([1], [2]), ([1, 2], [0])])
def test_ends_that_nobody_played_are_refused(points, hammer):
    with pytest.raises(ValueError, match="points, hammer"):
        one_end_distribution(points, hammer)


def test_more_ends_than_the_game_has_are_refused():
    with pytest.raises(ValueError, match="ends_left: got 9"):
        WinningTable(8, SCORES).chance(9, 0, 0)
