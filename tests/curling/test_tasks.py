"""What the tasks of the environments show and pay, on boards and games small enough to work out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from envs.curling.conditions import build_world
from envs.curling.pictures.render import draw_board
from envs.curling.players.opponents import drawer
from envs.curling.rules.game import GameState, lose, start_game
from envs.curling.tasks.actions import HIT_FROM
from envs.curling.tasks.env import game_task
from envs.curling.tasks.observations import observe_games
from envs.curling.tasks.rewards import turn_reward
from envs.curling.tasks.shot_task import ShotEpisode, ShotTask
from tests.curling.boards import board

WORLD = build_world("fcv1", "none", "two_ends")
SHEET = WORLD.ice.sheet
START = start_game(SHEET, WORLD.rules)


def concede(world, state, rng):
    return None


def thrown(task, action, target=(0.0, 0.0), team_1=()):
    """The reward and the episode of one action at a board of team 1's stones, metres from the tee."""
    stones, in_play = (rows[0] for rows in board((), team_1))
    state = GameState(0, 15, hammer=0, decider=0, stones=stones, in_play=in_play)
    episode = ShotEpisode(np.random.default_rng(0), state, SHEET.tee + np.array(target))
    rewards, over, _ = ShotTask(WORLD, task, 0).play([episode], np.array([action]))
    assert over.all()
    return float(rewards[0]), episode


def draw_to(x, beyond):
    """The action that stops, without noise, at this point from the tee."""
    along = (SHEET.tee_y + beyond - SHEET.hog_y) / (SHEET.back_limit - SHEET.hog_y)
    return x / (SHEET.width / 2), along * (HIT_FROM + 1) - 1, 1.0


@pytest.mark.parametrize("miss", [0.0, 0.25, 1.0, 1.5])
def test_a_draw_is_paid_one_less_its_distance_in_house_radii(miss):
    reward, _ = thrown("draw", draw_to(0.3, -miss * SHEET.house_radius), target=(0.3, 0.0))
    assert reward == pytest.approx(1.0 - miss, abs=1e-6)


@pytest.mark.parametrize("action", [(0.0, 1.0, 1.0), (0.0, -1.0, 1.0), draw_to(0.0, -5.0)])
def test_a_draw_that_ends_far_off_or_out_of_play_is_paid_minus_one(action):
    assert thrown("draw", action)[0] == -1.0


@pytest.mark.parametrize(
    ("action", "target", "reward"),
    [
        ((0.0, 0.7, 1.0), (0.0, 0.0), 1.5),  # full on: out, and the thrown stone takes its place
        ((-0.055, 0.9, 1.0), (0.0, 0.0), 1.0),  # a peel: both leave play
        (draw_to(0.0, 0.1), (0.0, 0.0), 0.25),  # a tap: it moves and stays
        (draw_to(1.0, 0.0), (-1.0, 0.0), 0.0),  # past it, into the house
        ((0.9, 0.9, 1.0), (-1.0, 0.0), 0.0),  # past it, out of play
    ],
)
def test_a_take_out_is_paid_for_touching_removing_and_staying(action, target, reward):
    assert thrown("takeout", action, target, [target])[0] == reward


def test_the_observation_tells_each_team_whether_it_has_the_hammer():
    for hammer in (0, 1):
        state = replace(START, hammer=hammer)
        seen = observe_games(WORLD, [state, state], [None, None], [0, 1])["hammer"][:, 0]
        assert seen.tolist() == [1 - hammer, hammer]


def test_each_team_sees_its_own_stones_first_both_in_order_of_throwing():
    beyond = -np.arange(16) / 4
    stones, in_play = np.stack([np.zeros(16), SHEET.tee_y + beyond], axis=1), np.ones(16, dtype=bool)
    in_play[[2, 13]] = False
    state = replace(START, stones=stones, in_play=in_play)
    seen = observe_games(WORLD, [state, state], [None, None], [0, 1])
    shown = np.where(in_play, beyond, 0.0)
    np.testing.assert_allclose(seen["stones"][0, :, 1], shown, atol=1e-5)
    np.testing.assert_allclose(seen["stones"][1, :, 1], np.roll(shown, 8), atol=1e-5)
    np.testing.assert_array_equal(seen["in_play"], [in_play, np.roll(in_play, 8)])


@pytest.mark.parametrize("team", [0, 1])
def test_the_agent_plays_the_team_it_is_given(team):
    task = game_task(opponent="drawer", team=team)
    (episode,) = task.begin([np.random.default_rng(0)])
    assert (task.infos([episode])["team"], episode.state.thrower, episode.state.shot) == (team, team, team)


def test_the_agents_team_is_drawn_evenly_when_it_is_not_given():
    task = game_task(opponent="drawer")
    teams = [episode.team for episode in task.begin([np.random.default_rng(seed) for seed in range(200)])]
    assert 70 <= sum(teams) <= 130  # more than four standard deviations to either side


def test_points_and_result_are_paid_as_the_manual_says():
    ahead = replace(START, end=1, scores=((2, 0),))
    won = replace(ahead, end=2, scores=((2, 0), (0, 1)), winner=0, reason="score")
    for team, sign in ((0, 1.0), (1, -1.0)):
        assert turn_reward("points", START, ahead, team) == 2 * sign
        assert turn_reward("points", ahead, won, team) == -sign
        assert turn_reward("result", START, ahead, team) == 0.0
        assert turn_reward("result", ahead, won, team) == sign


def test_a_concession_counts_one_more_point_for_the_other_side():
    conceded = lose(SHEET, WORLD.rules, START)  # by team 0, which throws first
    assert [turn_reward("points", START, conceded, team) for team in (0, 1)] == [-1.0, 1.0]
    assert [turn_reward("result", START, conceded, team) for team in (0, 1)] == [-1.0, 1.0]


def test_an_opponent_that_concedes_before_the_first_throw_is_paid_at_the_first_step():
    task = game_task(opponent=concede, team=1, noise="none")
    lost = game_task(opponent=concede, team=0, noise="none")
    (episode,) = task.begin([np.random.default_rng(0)])
    assert task.infos([episode])["won"] == 1
    rewards, over, _ = task.play([episode], np.zeros((1, 3)))
    assert (rewards.tolist(), over.tolist()) == ([1.0], [True])
    assert episode.last.executed is None, "nothing was thrown"
    (episode,) = lost.begin([np.random.default_rng(0)])
    assert not episode.state.over
    assert [part.tolist() for part in lost.play([episode], np.zeros((1, 3)))] == [[1.0], [True], [False]]


def test_conceded_games_leave_the_others_of_a_batch_alone():
    def timid(world, state, rng):
        return None if rng.integers(2) else drawer(world, state, rng)

    task = game_task(opponent=timid, team=1, noise="none")
    rngs = [np.random.default_rng(seed) for seed in range(12)]
    episodes = task.begin(rngs)
    over = np.array([episode.state.over for episode in episodes])
    assert over.any() and not over.all()
    rewards, ended, _ = task.play(episodes, np.zeros((12, 3)))
    assert ended[over].all() and (rewards[over] == 1.0).all()
    assert all(episodes[index].state.shot >= 2 for index in np.flatnonzero(~over))


def test_a_draws_picture_marks_its_target_and_a_take_outs_does_not():
    for task, marked in (("draw", True), ("takeout", False)):
        shots = ShotTask(WORLD, task, 1)
        (episode,) = shots.begin([np.random.default_rng(3)])
        state = episode.state
        plain = draw_board(SHEET, state.stones, state.in_play)
        wanted = draw_board(SHEET, state.stones, state.in_play, mark=episode.target) if marked else plain
        assert (wanted != plain).any() == marked
        np.testing.assert_array_equal(shots.picture(episode), wanted)


def test_the_points_of_a_game_add_up_to_the_final_lead():
    task = game_task(opponent="drawer", rules="two_ends")
    for seed in range(4):
        (episode,) = task.begin([np.random.default_rng(seed)])
        total, over = 0.0, False
        while not over:
            rewards, ended, _ = task.play([episode], np.zeros((1, 3)))
            total, over = total + rewards[0], ended[0]
            assert total == task.infos([episode])["lead"]
        assert any(sum(points) for points in episode.state.scores[:1])
