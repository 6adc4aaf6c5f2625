"""Laws of the evaluation on held-out goals: the same goals for all, and distances that are true."""

import gymnasium
import numpy as np
import pytest

import envs  # noqa: F401  (registers the ids)
from agents.rig.evaluation import final_distances, held_out_goals, passive_distances
from agents.rig.play import Passive, begin_towards, play
from agents.rig.single_goals import SingleObjectGoals, stage_order, with_object_moved
from tests.rig.walkers import Pusher, Walker

NAMES = ("Reacher", "Pusher", "MultiPusher", "VariablePusher")


def made(name, **arguments):
    return gymnasium.make(f"hogline/{name}-v0", **arguments)


class Recorder(Passive):
    """Stays where it is and remembers what it was shown."""

    def __init__(self):
        self.seen, self.goals, self.asked = [], [], 0

    def towards(self, goal):
        self.asked += 1

        def way(observation):
            self.seen.append(observation)
            self.goals.append(goal)
            return still(observation)

        still = super().towards(goal)
        return way


@pytest.mark.parametrize("name", NAMES)
def test_all_forms_of_a_task_share_their_goals(name):
    goals = held_out_goals(made(name), 12, 3)
    vector = gymnasium.make_vec(f"hogline/Visual{name}-v0", num_envs=2)
    assert np.array_equal(goals, held_out_goals(made(f"Visual{name}"), 12, 3))
    assert np.array_equal(goals[:5], held_out_goals(vector, 5, 3))
    assert not np.array_equal(goals, held_out_goals(made(name), 12, 4))
    vector.close()


def test_goals_of_the_variable_pusher_have_every_number_of_pucks():
    goals = held_out_goals(made("VariablePusher"), 30, 0)
    counts = goals[:, 2:].reshape(30, 2, 2).any(-1).sum(-1)
    assert set(counts) == {0, 1, 2}


def test_the_mean_passive_distances_are_those_of_the_documentation():
    """11.9 cm; the standard error over 400 goals is 0.25 cm."""
    for name, measure in (("Reacher", "hand_distance"), ("Pusher", "puck_distance")):
        env = made(name)
        assert passive_distances(env, held_out_goals(env, 400, 0))[measure].mean() == pytest.approx(
            0.119, abs=0.0075
        )


@pytest.mark.parametrize("name", NAMES)
def test_one_passive_action_tells_what_a_whole_episode_does(name):
    env = made(name)
    goals = held_out_goals(env, 4, 1)
    brief, whole = passive_distances(env, goals), final_distances(Passive(), env, goals)
    assert brief.keys() == whole.keys()
    assert ("puck_distance" in brief) == (name != "Reacher")
    for measure, values in brief.items():
        assert values == pytest.approx(whole[measure], abs=1e-6)


def test_an_agent_that_walks_to_its_goal_ends_there():
    env = made("Reacher")
    found = final_distances(Walker(), env, held_out_goals(env, 20, 0))
    assert found["hand_distance"].max() < 1e-6
    assert found["is_success"].all() and found["is_success"].dtype == bool
    assert np.array_equal(found["total_distance"], found["hand_distance"])


def test_an_agent_that_pushes_beats_one_that_does_nothing():
    env = made("Pusher")
    goals = held_out_goals(env, 10, 0)
    pushed, passive = final_distances(Pusher(), env, goals), passive_distances(env, goals)
    assert pushed["puck_distance"].mean() < 0.5 * passive["puck_distance"].mean()
    assert pushed["total_distance"] == pytest.approx(pushed["hand_distance"] + pushed["puck_distance"])


def test_too_short_an_episode_ends_on_the_way():
    env = made("Reacher")
    goals = held_out_goals(env, 5, 0)
    short = final_distances(Walker(), env, goals, horizon=1)["hand_distance"]
    assert (short > final_distances(Walker(), env, goals)["hand_distance"]).all()


def test_large_evaluations_are_played_in_parts_with_the_same_results(monkeypatch):
    env = made("Pusher")
    goals = held_out_goals(env, 5, 0)
    whole = final_distances(Pusher(), env, goals, horizon=40)
    monkeypatch.setattr("agents.rig.evaluation.MOST_AT_ONCE", 2)
    parts = final_distances(Pusher(), env, goals, horizon=40)
    assert all(np.array_equal(whole[measure], parts[measure]) for measure in whole)


def test_agents_of_images_see_images_of_the_goals_and_of_the_pucks_that_take_part():
    env, agent = made("VisualVariablePusher"), Recorder()
    goals = held_out_goals(env, 6, 0)
    final_distances(agent, env, goals, horizon=2)
    assert agent.seen[0].shape == agent.goals[0].shape == (6, 48, 48, 3)
    assert agent.seen[0].dtype == agent.goals[0].dtype == np.uint8
    assert np.array_equal(agent.goals[1], env.unwrapped.task.images_of(goals))
    start = env.unwrapped.task.plan.start
    shown = np.where(goals != 0.0, start, 0.0)
    assert np.array_equal(agent.seen[0], env.unwrapped.task.images_of(shown))


def test_a_goal_is_encoded_anew_only_when_it_changes():
    env = made("MultiPusher")
    goals = held_out_goals(env, 2, 0)
    for one_at_a_time, expected in ((False, 1), (True, 3)):
        agent = Recorder()
        final_distances(agent, env, goals, horizon=9, one_at_a_time=one_at_a_time)
        assert (agent.asked, len(agent.seen)) == (expected, 9)


def test_an_evaluation_leaves_the_episodes_of_its_environment_alone():
    env = made("Pusher")
    env.reset(seed=1)
    before = env.unwrapped.state_dict()
    final_distances(Pusher(), env, held_out_goals(env, 3, 0), horizon=3)
    after = env.unwrapped.state_dict()
    assert np.array_equal(before["simulation"], after["simulation"]) and before["rng"] == after["rng"]


def test_goals_of_another_task_and_impossible_numbers_are_refused():
    env = made("Pusher")
    with pytest.raises(ValueError, match=r"goals: .* expected 4 numbers on the table"):
        final_distances(Passive(), env, np.zeros((2, 6)))
    with pytest.raises(ValueError, match="count: got 0"):
        held_out_goals(env, 0, 0)
    with pytest.raises(ValueError, match="horizon: got 0"):
        final_distances(Passive(), env, held_out_goals(env, 1, 0), horizon=0)


def test_pucks_are_moved_in_their_order_and_the_hand_at_last():
    assert stage_order(np.array([True, True])) == [1, 2, 0]
    assert stage_order(np.array([False, True])) == [2, 0]
    assert stage_order(np.array([], dtype=bool)) == [0]
    moved = with_object_moved(np.arange(6.0), 10 + np.arange(6.0), 1)
    assert moved.tolist() == [0, 1, 12, 13, 4, 5]


@pytest.mark.parametrize("name", ["MultiPusher", "VisualMultiPusher"])
def test_every_stage_shows_the_scene_as_it_stands_with_one_object_moved(name):
    env, agent = made(name), Recorder()
    goals = held_out_goals(env, 2, 0)
    final_distances(agent, env, goals, horizon=6, one_at_a_time=True)
    start = env.unwrapped.task.plan.start
    for stage, moved in enumerate((1, 2, 0)):
        expected = np.stack([with_object_moved(start, goal, moved) for goal in goals])
        if name.startswith("Visual"):
            expected = env.unwrapped.task.images_of(expected)
        for shown in agent.goals[2 * stage : 2 * stage + 2]:
            assert shown == pytest.approx(expected.astype(shown.dtype), abs=1e-6)


def test_later_stages_start_from_where_the_objects_are():
    env = made("Pusher")
    task = env.unwrapped.task
    episodes = begin_towards(task, held_out_goals(env, 1, 0))
    aims, agent = SingleObjectGoals(task, episodes, 60), Pusher()
    last = None
    for taken in play(agent, task, episodes, horizon=60, aims=aims):
        if taken == 30:
            last = with_object_moved(episodes[0].simulation.layout, episodes[0].goal, 0)
        if taken == 31:
            own = np.zeros((1, 4), dtype=np.float32)
            assert aims(31, own)[0] == pytest.approx(last, abs=1e-6)
    assert not np.allclose(last[2:], task.plan.start[2:], atol=0.01)


def test_goals_given_as_images_cannot_be_taken_apart():
    task = made("VisualPusher").unwrapped.task
    episodes = task.begin([np.random.default_rng(0)], {"goal": np.zeros((48, 48, 3), np.uint8)})
    with pytest.raises(ValueError, match="goal: got an image"):
        SingleObjectGoals(task, episodes, 10)
