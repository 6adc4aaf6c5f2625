"""Where goals are, how far a policy that does nothing stays from them, rewards, and goals of one's own."""

import gymnasium
import numpy as np
import pytest

import envs
from envs.goal import joint_distance, object_distances, pixel_distance
from envs.manipulation.push import APART
from envs.manipulation.task import ManipulationTask
from envs.manipulation.tasks import TASKS
from tests.manipulation.scripted_pusher import scripted_action

DRAWS = 6_000


def goals_of(task, count, rng):
    plan = TASKS[task]
    return np.stack([plan.sample_goal(rng, np.ones(plan.things, bool)) for _ in range(count)])


def mean_is(values, expected):
    """Whether a Monte Carlo mean is within four standard errors and the published rounding of a value."""
    values = np.asarray(values)
    return abs(values.mean() - expected) < 4 * values.std() / np.sqrt(len(values)) + 5e-4


def test_doing_nothing_leaves_the_published_distances():
    rng = np.random.default_rng(0)
    reach, push, multi = (goals_of(task, DRAWS, rng) for task in ("reacher", "pusher", "multi_pusher"))
    distances = {
        task: object_distances(TASKS[task].start, goals)
        for task, goals in zip(("reacher", "pusher", "multi_pusher"), (reach, push, multi), strict=True)
    }
    assert mean_is(distances["reacher"][:, 0], 0.1187)
    assert mean_is(distances["pusher"][:, 1], 0.1186)
    assert mean_is(object_distances([0.0, 0.6], push[:, :2])[:, 0], 0.0383)
    assert mean_is(distances["multi_pusher"][:, 1:].sum(1), 0.201)
    free = rng.uniform((0.0, 0.5), (0.2, 0.7), (DRAWS, 2))
    assert mean_is(object_distances([0.05, 0.6], free)[:, 0], 0.0874)


def test_a_passive_policy_in_the_environment_ends_at_the_distance_of_its_start():
    env = gymnasium.make_vec("hogline/Pusher-v0", num_envs=400, horizon=3, threads=1)
    env.reset(seed=0)
    for _ in range(3):
        *_, truncated, infos = env.step(np.zeros((400, 2), dtype=np.float32))
    assert truncated.all() and mean_is(infos["puck_distance"], 0.1186)


def test_a_pusher_that_knows_the_state_brings_the_puck_to_its_goal():
    env = gymnasium.make("hogline/Pusher-v0").unwrapped
    finals = []
    for seed in range(20):
        observation, _ = env.reset(seed=seed)
        for _ in range(env.task.horizon):
            action = scripted_action(observation["observation"], observation["desired_goal"])
            observation, *_, info = env.step(action)
        finals.append(info["puck_distance"])
    assert np.mean(finals) < 0.02 and np.median(finals) < 0.01


@pytest.mark.parametrize("task", [name for name in TASKS if name != "door"])
def test_goals_fill_their_ranges_and_lie_apart_where_there_are_two_pucks(task):
    goals = goals_of(task, 5_000, np.random.default_rng(1)).reshape(5_000, -1, 2)
    hand = ((-0.2, 0.55), (0.2, 0.75)) if task == "reacher" else ((-0.05, 0.55), (0.05, 0.65))
    pucks = {0: [], 1: [((-0.2, 0.5), (0.2, 0.7))]}
    pucks[2] = [((0.0, 0.5), (0.2, 0.7)), ((-0.2, 0.5), (0.0, 0.7))]
    for place, (low, high) in enumerate([hand, *pucks[TASKS[task].things]]):
        assert (goals[:, place] >= low).all() and (goals[:, place] <= high).all()
        np.testing.assert_allclose(goals[:, place].min(0), low, rtol=0, atol=2e-3)
        np.testing.assert_allclose(goals[:, place].max(0), high, rtol=0, atol=2e-3)
    if TASKS[task].things == 2:
        gaps = [np.hypot(*(goals[:, a] - goals[:, b]).T) for a, b in ((0, 1), (0, 2), (1, 2))]
        assert min(gap.min() for gap in gaps) > APART


def test_a_variable_pusher_has_zero_one_or_two_pucks_and_shows_no_other():
    env = gymnasium.make("hogline/VisualVariablePusher-v0").unwrapped
    counts = []
    for seed in range(60):
        observation, info = env.reset(seed=seed)
        counts.append(int(info["present"].sum()))
        missing = ~np.repeat(np.append(True, info["present"]), 2)
        assert (info["layout"][missing] == 0.0).all() and (info["goal_layout"][missing] == 0.0).all()
        blue = (observation["observation"][..., 2] > observation["observation"][..., 0] + 40).any()
        assert blue == bool(info["present"][0])
        assert (info["puck_distances"] > 0).tolist() == info["present"].tolist()
    assert set(counts) == {0, 1, 2} and min(counts.count(number) for number in range(3)) > 8
    assert env.reset(options={"pucks": 2})[1]["present"].all()


@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("given", [("start",), ("goal",), ("start", "goal")])
def test_a_puck_that_a_given_layout_leaves_out_takes_no_part(missing, given):
    env = gymnasium.make("hogline/VariablePusher-v0").unwrapped
    layout = env.task.plan.start + 0.01
    layout[2 + 2 * missing : 4 + 2 * missing] = 0.0
    for seed in range(8):
        for pucks in ({}, {"pucks": 1}):
            info = env.reset(seed=seed, options=dict.fromkeys(given, layout) | pucks)[1]
            assert info["present"].tolist() == [missing != 0, missing != 1]
            assert info["layout" if "start" in given else "goal_layout"].tolist() == layout.tolist()
    with pytest.raises(ValueError, match="pucks: 2, expected those that start and goal both show"):
        env.reset(options=dict.fromkeys(given, layout) | {"pucks": 2})


def test_a_goal_of_your_own_is_the_goal_and_its_image_shows_it():
    env = gymnasium.make("hogline/VisualPusher-v0").unwrapped
    goal = np.array([0.03, 0.58, -0.1, 0.65])
    observation, info = env.reset(seed=0, options={"goal": goal})
    assert info["goal_layout"].tolist() == goal.tolist()
    there, _ = env.reset(seed=0, options={"start": goal, "goal": goal})
    assert (there["observation"] == observation["desired_goal"]).all()
    assert (env.task.images_of(goal[None])[0] == observation["desired_goal"]).all()
    assert env.step(np.zeros(2, np.float32))[1] == pytest.approx(0.0, abs=1e-9)
    by_image, info = env.reset(seed=0, options={"goal": observation["desired_goal"]})
    assert (by_image["desired_goal"] == observation["desired_goal"]).all()
    assert np.isnan(info["hand_distance"]) and np.isnan(info["puck_distance"]) and info["is_success"] is False


def test_success_means_hand_and_pucks_are_together_within_six_centimetres():
    env = gymnasium.make("hogline/Pusher-v0", reward="sparse").unwrapped
    goal = np.array([0.0, 0.6, 0.1, 0.6])
    near, far = goal + (0.03, 0.0, 0.0, 0.029), goal + (0.03, 0.0, 0.0, 0.031)
    outcomes = []
    for start in (near, far):
        env.reset(seed=0, options={"goal": goal, "start": start})
        _, reward, _, _, info = env.step(np.zeros(2, np.float32))
        outcomes.append((reward, info["is_success"]))
    assert outcomes == [(0.0, True), (-1.0, False)]


def test_distances_are_in_the_plane_and_add_up_over_objects():
    achieved, desired = np.array([[0.0, 0.0, 3.0, 4.0]]), np.array([0.3, 0.4, 3.0, 5.0])
    np.testing.assert_allclose(object_distances(achieved, desired), [[0.5, 1.0]])
    np.testing.assert_allclose(joint_distance(achieved, desired), [np.sqrt(1.25)])
    with pytest.raises(ValueError, match=r"^goals: "):
        object_distances(np.zeros(3), np.zeros(3))


def test_pixels_count_from_zero_to_one_in_the_distance_of_images():
    black, white = np.zeros((2, 4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    np.testing.assert_allclose(pixel_distance(black, white), np.sqrt(48.0))
    assert (pixel_distance(white, black) == pixel_distance(black, white)).all()
    with pytest.raises(ValueError, match=r"^goal images: float64"):
        pixel_distance(black / 1.0, white)


def test_images_of_layouts_need_a_task_with_images():
    assert envs.__name__ == "envs"
    with pytest.raises(ValueError, match=r"^images_of: "):
        ManipulationTask(TASKS["pusher"]).images_of(np.zeros((1, 4)))
