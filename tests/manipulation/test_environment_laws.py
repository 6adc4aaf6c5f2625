"""Laws that every registered manipulation environment keeps, alone and vectorised."""

import dataclasses

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

import envs
from envs.manipulation.picture import PictureError
from envs.manipulation.puck import Puck
from envs.manipulation.simulation import PhysicsError
from envs.manipulation.tasks import TASKS
from envs.manipulation.world import World
from tests.rollouts import assert_fresh, assert_same, rollout

IDS = sorted(
    name for name, spec in gymnasium.registry.items() if str(spec.entry_point).startswith("envs.manipulation")
)
VISUAL = [name for name in IDS if "Visual" in name]
MODES = {mode.name.lower(): mode for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)}


def make(name, **arguments):
    return gymnasium.make(name, **arguments).unwrapped


def test_every_task_is_registered_with_vectors_and_with_images():
    assert envs.__name__ == "envs"
    assert len(IDS) == 2 * len(TASKS) and len(VISUAL) == len(TASKS)
    assert {gymnasium.spec(name).kwargs["task"] for name in VISUAL} == set(TASKS)


@pytest.mark.parametrize("name", IDS)
def test_gymnasium_finds_nothing_to_complain_about(name):
    try:
        check_env(make(name, render_mode="rgb_array"))
    except PictureError as error:
        check_env(make(name), skip_render_check=True)
        pytest.skip(f"checked without pictures: {error}")


@pytest.mark.parametrize("name", IDS)
def test_stable_baselines_finds_nothing_to_complain_about(name):
    checker = pytest.importorskip(
        "stable_baselines3.common.env_checker", reason="stable-baselines3 is absent"
    )
    checker.check_env(make(name), warn=True, skip_render_check=True)


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize(("seeds", "steps"), [(2, 120), pytest.param(20, 1_000, marks=pytest.mark.slow)])
def test_equal_seeds_give_bit_equal_rollouts(name, seeds, steps):
    first, second = make(name), make(name)
    for seed in range(seeds):
        assert_same(rollout(first, seed, steps), rollout(second, seed, steps))


@pytest.mark.parametrize("name", IDS)
def test_different_seeds_give_different_goals(name):
    env = make(name)
    first, second = (env.reset(seed=seed)[0]["desired_goal"] for seed in (1, 2))
    assert (first != second).any()


@pytest.mark.parametrize("name", IDS)
def test_observations_stay_in_bounds_share_no_memory_and_do_not_stand_still(name):
    env = make(name)
    rows = [row for seed in range(4) for row in rollout(env, seed, 300)]
    seen = assert_fresh(env.observation_space, rows)
    for key, values in seen.items():
        moved = np.ptp(np.stack(values), axis=0) > 0
        if name in VISUAL:
            # a hundredth of the picture at least: the table and what is behind it never change
            assert moved.any(-1).mean() > 0.01, f"{key} does not change"
        else:
            assert moved.all(), f"{key} has an element that never changes"


@pytest.mark.parametrize("name", IDS)
def test_the_reward_of_a_step_is_the_reward_of_its_goals_one_or_many(name):
    env = make(name)
    env.reset(seed=3)
    env.action_space.seed(3)
    steps = [env.step(env.action_space.sample()) for _ in range(env.task.horizon)]
    achieved, desired = (
        np.stack([step[0][key] for step in steps]) for key in ("achieved_goal", "desired_goal")
    )
    many = env.compute_reward(achieved, desired, {})
    assert many.tolist() == [step[1] for step in steps]
    assert many.tolist() == [env.compute_reward(*pair, {}) for pair in zip(achieved, desired, strict=True)]
    assert (env.compute_reward(desired, desired, {}) == 0.0).all()
    grid = env.compute_reward(achieved[:4, None], desired[None, :3], {})
    assert grid.shape == (4, 3) and grid[1, 2] == env.compute_reward(achieved[1], desired[2], {})


@pytest.mark.parametrize("name", IDS)
def test_episodes_are_cut_off_at_the_horizon_and_never_terminate(name):
    env = make(name)
    env.reset(seed=0)
    ends = [env.step(env.action_space.sample())[2:4] for _ in range(env.task.horizon)]
    assert ends == [(False, False)] * (env.task.horizon - 1) + [(False, True)]
    assert env.task.horizon == (50 if "Reacher" in name else 100)


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("mode", MODES)
def test_vector_environment_equals_single_ones_with_the_same_seeds_at_any_thread_count(name, mode):
    arguments = {"horizon": 7}
    one, three = (
        gymnasium.make_vec(name, num_envs=5, threads=threads, autoreset_mode=mode, **arguments)
        for threads in (1, 3)
    )
    alone = gymnasium.make_vec(
        name,
        num_envs=5,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": MODES[mode]},
        **arguments,
    )
    one.action_space.seed(4)
    outcomes = [env.reset(seed=9) for env in (one, three, alone)]
    for _ in range(18):
        assert_equal(outcomes[0], outcomes[2])
        assert_equal(outcomes[1], outcomes[2])
        actions = one.action_space.sample()
        outcomes = [env.step(actions) for env in (one, three, alone)]
    assert one.metadata["autoreset_mode"] is MODES[mode]
    three.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", IDS)
def test_vector_environment_equals_processes_with_the_same_seeds(name):
    ours = gymnasium.make_vec(name, num_envs=3, autoreset_mode="same_step", horizon=7)
    processes = gymnasium.make_vec(
        f"envs:{name}",
        num_envs=3,
        vectorization_mode="async",
        vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP, "context": "spawn"},
        horizon=7,
    )
    ours.action_space.seed(4)
    assert_equal(ours.reset(seed=9)[0], processes.reset(seed=9)[0])
    for _ in range(18):
        actions = ours.action_space.sample()
        assert_equal(ours.step(actions)[:4], processes.step(actions)[:4])
    processes.close()


def assert_equal(first, second):
    """Nested dicts, sequences and arrays are equal, dtypes included."""
    if isinstance(second, dict):
        assert first.keys() == second.keys()
        for key in second:
            assert_equal(first[key], second[key])
    elif isinstance(second, (tuple, list)) or (isinstance(second, np.ndarray) and second.dtype == object):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_equal(one, other)
    elif isinstance(second, np.ndarray):
        assert first.dtype == second.dtype
        np.testing.assert_array_equal(first, second)
    else:
        assert first == second


def test_disabled_autoreset_resets_by_mask_only():
    env = gymnasium.make_vec("hogline/Pusher-v0", num_envs=3, horizon=1, autoreset_mode="disabled")
    env.reset(seed=0)
    actions = np.zeros((3, 2), dtype=np.float32)
    assert env.step(actions)[3].all()
    with pytest.raises(gymnasium.error.ResetNeeded, match="sub-environment 0: over"):
        env.step(actions)
    before = [episode.steps for episode in env.episodes]
    info = env.reset(options={"reset_mask": np.array([True, False, True])})[1]
    assert before == [1, 1, 1] and [episode.steps for episode in env.episodes] == [0, 1, 0]
    assert info["_hand_distance"].tolist() == [True, False, True] and info["hand_distance"][1] == 0.0
    env.reset(options={"reset_mask": np.array([False, True, False])})
    assert env.step(actions)[3].all()


def test_a_vector_environment_needs_a_reset_first_and_sane_arguments():
    env = gymnasium.make_vec("hogline/Pusher-v0", num_envs=2)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(ValueError, match=r"^reset_mask: "):
        env.reset(options={"reset_mask": np.array([True])})
    with pytest.raises(ValueError, match=r"^seed: 3 values, expected 2"):
        env.reset(seed=[1, 2, 3])
    for arguments, message in (
        ({"autoreset_mode": "never"}, "^autoreset_mode: 'never'"),
        ({"threads": 0}, "^threads: 0"),
        ({"num_envs": 0, "threads": 1}, "^num_envs: 0"),
    ):
        with pytest.raises(ValueError, match=message):
            gymnasium.make_vec("hogline/Pusher-v0", **{"num_envs": 2, **arguments})


def test_a_vector_environment_tells_what_went_wrong_in_a_thread_and_starts_anew(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # MuJoCo logs its warnings to the working folder
    env = gymnasium.make_vec("hogline/VisualPusher-v0", num_envs=4, threads=2)
    env.reset(seed=0)
    env.episodes[2].simulation.data.qvel[3] = np.nan
    with pytest.raises(PhysicsError, match=r"^physics at "):
        env.step(np.zeros((4, 2), np.float32))
    first = env.reset(seed=0)[0]
    assert (env.step(np.zeros((4, 2), np.float32))[0]["observation"] == first["observation"]).all()
    env.close()


def test_pictures_do_not_change_what_happens():
    plain, drawn = make("hogline/Pusher-v0"), make("hogline/Pusher-v0", render_mode="rgb_array")
    start = {"start": np.array([0.0, 0.5, 0.0, 0.56])}
    for env in (plain, drawn):
        env.reset(seed=1, options=start)
    for step in range(10):
        outcomes = [env.step(np.array([0.1, 1.0]))[0]["observation"].tobytes() for env in (plain, drawn)]
        assert outcomes[0] == outcomes[1]
        if step % 3 == 0:
            try:
                picture = drawn.render()
            except PictureError as error:
                pytest.skip(str(error))
            assert picture.dtype == np.uint8 and picture.std() > 20
    drawn.close()


def test_a_task_of_your_own_is_a_plan():
    pucks = tuple(Puck(f"puck_{number}", (0.2 * number, 0.2, 0.8)) for number in range(3))
    start = np.array([0.0, 0.5, 0.1, 0.6, 0.0, 0.6, -0.1, 0.6])
    plan = dataclasses.replace(
        TASKS["pusher"],
        world=World("three", pucks, TASKS["pusher"].world.camera),
        start=start,
        sample_goal=lambda rng, present: start + rng.uniform(-0.02, 0.02, 8),
    )
    env = make("hogline/VisualPusher-v0", task=plan)
    check_env(env, skip_render_check=True)
    assert env.reset(seed=0)[1]["puck_distances"].shape == (3,)


@pytest.mark.parametrize("name", VISUAL)
def test_an_episode_goes_on_bit_by_bit_from_its_state(name):
    env, other = make(name), make(name)
    env.reset(seed=2)
    env.action_space.seed(2)
    for _ in range(20):
        env.step(env.action_space.sample())
    state = env.state_dict()
    resumed, _ = other.load_state_dict(state)
    actions = [env.action_space.sample() for _ in range(90)]
    first, second = (continued(world, actions) for world in (env, other))
    assert_same(first, second)
    assert (resumed["desired_goal"] == first[0][0]["desired_goal"]).all()


def continued(env, actions):
    rows = []
    for action in actions:
        observation, reward, terminated, truncated, _ = env.step(action)
        rows.append((observation, reward, terminated, truncated))
        if truncated:
            rows.append((env.reset()[0], 0.0, False, False))
    return rows


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reward": "glory"}, "reward: 'glory'"),
        ({"image_size": 48, "reward": "sparse"}, "reward: 'sparse', expected dense"),
        ({"horizon": 0}, "horizon: 0"),
        ({"image_size": -1}, "size: -1"),
        ({"task": "juggler"}, "task: 'juggler'"),
        ({"render_mode": "ansi"}, "render_mode: 'ansi'"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*render_mode:UserWarning")
def test_a_bad_argument_is_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        gymnasium.make("hogline/Pusher-v0", **arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gaol": 1}, "options: 'gaol'"),
        ({"goal": np.zeros(3)}, "goal: "),
        ({"goal": np.array([0.0, 0.6, 0.0, np.nan])}, "goal: "),
        ({"goal": np.zeros((48, 48, 3))}, "goal: float64"),
        ({"start": np.array([0.0, 0.6, 9.0, 0.6])}, "start: "),
        ({"pucks": 0}, "pucks: 0"),
    ],
)
def test_a_bad_option_is_refused_by_name(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        make("hogline/VisualPusher-v0").reset(options=options)


@pytest.mark.parametrize("name", IDS)
def test_an_action_that_is_not_a_number_is_refused_and_a_long_one_is_clipped(name):
    env = make(name)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.zeros(2, dtype=np.float32))
    before = env.reset(seed=0)[1]["layout"][:2]
    with pytest.raises(ValueError, match=r"^actions: "):
        env.step(np.full(2, np.nan, dtype=np.float32))
    after = env.step(np.array([9.0, 9.0]))[4]["layout"][:2]
    np.testing.assert_allclose(after - before, 0.02, rtol=0, atol=1e-12)
