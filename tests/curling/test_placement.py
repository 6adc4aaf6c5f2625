"""Mixed doubles: the team that decides positions the stones, in games, environments and matches."""

import gymnasium
import numpy as np
import pytest

from envs.curling.conditions import build_world
from envs.curling.games import play_game
from envs.curling.players.opponents import drawer, get_player
from envs.curling.players.placement import Always, PlacingPlayer, get_chooser
from envs.curling.rules.game import start_game
from envs.curling.rules.positioned import PLACEMENTS
from envs.curling.rules.rule_set import MIXED_DOUBLES, RuleSet
from envs.curling.tasks.match import CurlingMatch

GUARD, HOUSE = -3.97, 0.465  # metres beyond the tee, of the two stones on the centre line
WORLD = build_world("fcv1", "dc3", RuleSet(ends=3, game="mixed_doubles"))


def make(**arguments):
    return gymnasium.make("hogline/Curling-v0", rules="mixed_doubles", opponent="drawer", **arguments)


def first_boards(players, seed=0):
    """The game before the first shot of every end."""
    throws = play_game(WORLD, players, np.random.default_rng(seed))
    return [throw.before for throw in throws if throw.before.shot == 0]


def test_players_that_place_are_asked_when_their_team_decides():
    players = [PlacingPlayer(drawer, Always("guard")), PlacingPlayer(drawer, Always("house"))]
    states = [state for seed in range(4) for state in first_boards(players, seed)]
    assert {state.decider for state in states} == {0, 1}
    for state in states:
        assert state.placement == ("guard", "house")[state.decider]
        assert state.hammer == 1, "team 0 throws first by choice, and otherwise because team 1 throws last"


def test_players_that_do_not_place_leave_the_stones_as_they_stand():
    assert {state.placement for state in first_boards([drawer, get_player("rules")])} == {"house"}


def test_a_power_play_by_name_is_played_once_and_then_the_house():
    players = [PlacingPlayer(drawer, Always("power_play_left"))] * 2
    states = [state for seed in range(4) for state in first_boards(players, seed)]
    assert {state.placement for state in states} == {"power_play_left", "house"}
    for state in states:
        allowed = not state.power_plays[state.decider] and state.end < WORLD.rules.ends
        assert state.placement == ("power_play_left" if allowed else "house")


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_environment_positions_stones_as_the_agent_asked(placement):
    seen, info = make(team=1, placement=placement, noise="none").reset(seed=0)
    own, other = seen["stones"][0], seen["stones"][8]
    assert own[1] == pytest.approx(GUARD if placement == "guard" else own[1], abs=0.01)
    assert other[1] == pytest.approx(HOUSE if placement == "guard" else GUARD, abs=0.01)
    side = {"power_play_left": -1.0, "power_play_right": 1.0}.get(placement, 0.0)
    assert (np.sign(own[0]), np.sign(other[0])) == (side, side)
    assert seen["hammer"].tolist() == [0.0 if placement == "guard" else 1.0]
    assert seen["shots_left"].tolist() == [10.0 if placement == "guard" else 9.0]
    assert info["team"] == 1


def test_the_opponent_positions_stones_where_it_decides_and_the_agent_where_it_does():
    asked = []

    def mine(world, state, rng):
        asked.append((state.decider, state.shot))
        return "guard"

    rival = PlacingPlayer(drawer, Always("power_play_right"))
    env = gymnasium.make(
        "hogline/Curling-v0",
        rules=RuleSet(ends=4, game="mixed_doubles"),
        opponent=rival,
        team=0,
        placement=mine,
    )
    env.action_space.seed(0)
    seen, _ = env.reset(seed=0)
    assert seen["stones"][0, 0] > 1.0, "team 1 decides first and plays its power play"
    assert not asked
    over = False
    while not over:
        _, _, over, _, _ = env.step(env.action_space.sample())
    assert asked and set(asked) == {(0, 0)}


def test_single_and_vector_environments_position_alike():
    arguments = {"rules": "mixed_doubles", "opponent": "drawer", "placement": "guard"}
    batched = gymnasium.make_vec("hogline/Curling-v0", num_envs=4, **arguments)
    alone = gymnasium.make_vec("hogline/Curling-v0", num_envs=4, vectorization_mode="sync", **arguments)
    seen, expected = batched.reset(seed=3)[0], alone.reset(seed=3)[0]
    batched.action_space.seed(1)
    for _ in range(45):
        for key in expected:
            np.testing.assert_array_equal(seen[key], expected[key])
        actions = batched.action_space.sample()
        seen, expected = batched.step(actions)[0], alone.step(actions)[0]


def test_a_match_positions_stones_for_both_teams():
    env = CurlingMatch(rules="mixed_doubles", placements=("house", "guard"))
    env.reset(seed=0)
    assert env.agent_selection == "team_1", "the decider took the guard and throws first"
    with pytest.raises(ValueError, match=r"^placements: .* expected one for each of two teams"):
        CurlingMatch(placements="guard")


def test_a_bad_placement_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^placement: 'corner', expected a callable or one of house, guard"):
        make(placement="corner")
    with pytest.raises(ValueError, match=r"^placement: \['house'\]"):
        get_chooser(["house"])
    players = [PlacingPlayer(drawer, lambda world, state, rng: "corner")] * 2
    with pytest.raises(ValueError, match=r"^placement: 'corner'"):
        play_game(WORLD, players, np.random.default_rng(0))


def test_standard_games_ask_nobody():
    def chooser(world, state, rng):
        raise AssertionError("asked")

    world = build_world("fcv1", "none", "end")
    players = [PlacingPlayer(drawer, chooser)] * 2
    assert len(play_game(world, players, np.random.default_rng(0))) == 16


def test_a_mixed_doubles_event_plays_eight_ends_with_three_protected_shots_unless_told_otherwise():
    rules = RuleSet(game="mixed_doubles")
    assert (rules.ends, rules.protected_shots, rules) == (8, 3, MIXED_DOUBLES)
    assert (RuleSet().ends, RuleSet().protected_shots) == (10, 5)
    told = RuleSet(game="mixed_doubles", ends=4, protected_shots=0)
    assert (told.ends, told.protected_shots) == (4, 0)
    with pytest.raises(ValueError, match=r"^no_tick_shots: 5, expected 0 in mixed doubles"):
        RuleSet(game="mixed_doubles", no_tick_shots=5)
    assert start_game(WORLD.ice.sheet, rules).placement == "house"
