"""The named players: legal shots, the same again with the same generator, and who beats whom."""

from dataclasses import replace

import numpy as np
import pytest

from envs.curling.conditions import build_world
from envs.curling.games import play_game
from envs.curling.physics.delivery import Shot
from envs.curling.players.judgement import winning_chance
from envs.curling.players.opponents import PLAYERS, get_player
from envs.curling.rules.game import start_game
from envs.curling.rules.rule_set import RuleSet
from tests.curling.boards import board

WORLD = build_world("fcv1", "dc3", RuleSet(ends=2))
SHEET = WORLD.ice.sheet
GAMES = 400
SHARE = 0.8


def share_of_wins(better, worse, games, world=WORLD):
    """Share of games that `better` wins, each side having the first hammer in half of them."""
    wins = 0
    for number in range(games):
        team = number % 2
        players = [get_player(worse), get_player(worse)]
        players[team] = get_player(better)
        last = play_game(world, players, np.random.default_rng([29, number]))[-1]
        wins += last.after.winner == team
    return wins / games


@pytest.mark.parametrize(("better", "worse"), [("drawer", "random"), ("rules", "drawer")])
def test_better_player_wins_most_of_a_few_games(better, worse):
    assert share_of_wins(better, worse, 10) >= SHARE


@pytest.mark.slow
@pytest.mark.parametrize(("better", "worse"), [("drawer", "random"), ("rules", "drawer")])
def test_better_player_wins_over_80_percent_of_400_two_end_games(better, worse, record_property):
    share = share_of_wins(better, worse, GAMES)
    record_property("share of games won", share)
    assert share > SHARE


@pytest.mark.parametrize("name", PLAYERS)
@pytest.mark.parametrize("ice", ["fcv1", "gat2016"])
@pytest.mark.parametrize("rules", ["end", "mixed_doubles"])
def test_every_player_throws_legal_shots_on_every_ice(name, ice, rules):
    world = build_world(ice, "none", rules)
    state, rng = start_game(world.ice.sheet, world.rules), np.random.default_rng(1)
    for _ in range(6):
        shot = PLAYERS[name](world, state, rng)
        assert np.hypot(shot.velocity_x, shot.velocity_y) <= world.ice.max_speed * (1 + 1e-9)
        assert abs(shot.spin) == world.ice.release_spin
        state = world.deliver_each([state], [shot], [rng])[0].after


def test_a_game_depends_on_players_and_generator_alone():
    players = [get_player("rules"), get_player("drawer")]
    games = [play_game(WORLD, players, np.random.default_rng(8)) for _ in range(2)]
    for first, second in zip(*games, strict=True):
        assert first.executed == second.executed
        np.testing.assert_array_equal(first.board[0], second.board[0])


def test_rules_player_removes_a_lone_opponent_with_the_last_stone():
    world = build_world("fcv1", "dc3", "end")
    start = start_game(world.ice.sheet, world.rules)
    removed = 0
    for number in range(20):
        rng = np.random.default_rng([3, number])
        stones, in_play = np.zeros((16, 2)), np.zeros(16, dtype=bool)
        stones[3], in_play[3] = world.ice.sheet.tee + rng.uniform(-0.6, 0.6, 2), True
        state = replace(start, shot=15, stones=stones, in_play=in_play)
        (throw,) = world.deliver_each([state], [get_player("rules")(world, state, rng)], [rng])
        removed += throw.after.scores[-1][1] >= 1
    assert removed >= 17


def test_rules_player_opens_without_hammer_with_a_centre_guard():
    state, rng = start_game(WORLD.ice.sheet, WORLD.rules), np.random.default_rng(0)
    (throw,) = WORLD.deliver_each([state], [get_player("rules")(WORLD, state, rng)], [rng])
    x, y = throw.board[0][0]
    assert abs(x) < 0.6
    assert y < WORLD.ice.sheet.tee_y - WORLD.ice.sheet.house_radius


def test_rules_player_concedes_only_what_cannot_be_saved():
    world = build_world("fcv1", "dc3", RuleSet(ends=2))
    start = start_game(world.ice.sheet, world.rules)
    rng = np.random.default_rng(0)
    lost = replace(start, end=1, shot=14, scores=((0, 3),))
    assert get_player("rules")(world, lost, rng) is None
    assert get_player("rules")(world, replace(start, end=1, shot=2, scores=((0, 3),)), rng) is not None
    (throw,) = world.deliver_each([lost], [None], [rng])
    assert (throw.after.winner, throw.after.reason) == (1, "concede")


@pytest.mark.parametrize("noise", ["none", "dc3"])
def test_no_player_throws_harder_than_the_strongest_legal_delivery(noise):
    world = build_world("fcv1", noise, "end")

    def strong(world, state, rng):
        return Shot(1.2, 12.0, world.ice.release_spin)

    for throw in play_game(world, [strong, strong], np.random.default_rng(0)):
        speed = np.hypot(throw.executed.velocity_x, throw.executed.velocity_y)
        assert speed <= world.ice.max_speed + (1e-12 if noise == "none" else 0.05)
        assert throw.executed.velocity_x / throw.executed.velocity_y == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("shot", [(0.0, 2.0, 1.57), Shot(0.0, np.inf, 1.57), Shot(0.0, 2.0, np.nan), "draw"])
@pytest.mark.parametrize("noise", ["none", "dc3"])
def test_what_is_not_a_finite_shot_is_refused(shot, noise):
    world = build_world("fcv1", noise, "end")
    state, rng = start_game(world.ice.sheet, world.rules), np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"^shot: .* expected a Shot of finite numbers, or None"):
        play_game(world, [lambda *_: shot] * 2, rng)
    with pytest.raises(ValueError, match=r"^shot: .* expected a Shot of finite numbers, or None"):
        world.deliver(state, shot, rng)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ice", "fcv1"),
        ("noise", "dc3"),
        ("rules", "end"),
        *[("contact_quantum", value) for value in ("a", None, True, -0.1, 1.0, np.nan)],
    ],
)
def test_a_world_is_made_of_ice_noise_and_rules(field, value):
    with pytest.raises(ValueError, match=f"^{field}: .*expected"):
        replace(WORLD, **{field: value})


def test_a_tied_game_belongs_rather_to_the_team_with_the_next_hammer():
    last = replace(start_game(SHEET, RuleSet(ends=1)), shot=15)  # team 1 has just thrown the last stone
    ours, theirs = board((), [(0.1, 0.0)]), board([(0.1, 0.0)])

    def chance(scores, final, ends):
        state = replace(last, end=len(scores), scores=scores)
        return float(winning_chance(SHEET, RuleSet(ends=ends), state, *final)[0])

    assert chance((), board(), 1) == pytest.approx(0.6), "a blank keeps the hammer"
    assert chance(((0, 1),), theirs, 2) == pytest.approx(0.6), "who is scored against gets it"
    assert chance(((1, 0),), ours, 2) == pytest.approx(0.4), "who scores gives it away"
    assert (chance((), ours, 1), chance((), theirs, 1)) == (1.0, 0.0)
    assert chance(((1, 0),), ours, 3) < 0.5 < chance(((0, 1),), theirs, 3)
    assert chance((), board(), 2) > 0.5


@pytest.mark.parametrize(("game", "expected"), [("standard", 0.6), ("mixed_doubles", 0.4)])
def test_a_blank_end_keeps_the_hammer_or_passes_it_as_the_game_says(game, expected):
    rules = RuleSet(ends=1, game=game)
    last = replace(start_game(SHEET, rules), shot=rules.shots_per_end - 1)  # its thrower has the hammer
    assert float(winning_chance(SHEET, rules, last, *board())[0]) == pytest.approx(expected)


def test_unknown_player_is_refused_by_name():
    with pytest.raises(
        ValueError, match="player: got 'skip', expected a callable or one of random, drawer, rules"
    ):
        get_player("skip")
