"""Laws that every registered curling environment keeps, alone, vectorised and as a match."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from pettingzoo.test import api_test, render_test, seed_test

import envs
from envs.curling.tasks.match import CurlingMatch
from tests.rollouts import assert_fresh, assert_same, rollout

IDS = [name for name in gymnasium.registry if name.startswith("hogline/Curling")]
QUICK = {"hogline/Curling-v0": {"opponent": "drawer"}}
MODES = {"next_step": AutoresetMode.NEXT_STEP, "same_step": AutoresetMode.SAME_STEP}


def make(name, **arguments):
    return gymnasium.make(name, **QUICK.get(name, {}), **arguments).unwrapped


def assert_same_infos(infos, known):
    """Equal keys and values, through the dicts of `final_obs` and `final_info`."""
    assert infos.keys() == known.keys()
    for key, value in infos.items():
        if isinstance(value, dict):
            assert_same_infos(value, known[key])
        elif value.dtype == object:
            for seen, wanted in zip(value, known[key], strict=True):
                np.testing.assert_equal(seen, wanted)
        else:
            np.testing.assert_array_equal(value, known[key])


def test_the_package_registers_its_environments():
    assert envs.__name__ == "envs"
    assert set(IDS) == {"hogline/Curling-v0", "hogline/CurlingDraw-v0", "hogline/CurlingTakeout-v0"}


@pytest.mark.parametrize("name", IDS)
def test_gymnasium_finds_nothing_to_complain_about(name):
    check_env(make(name, render_mode="rgb_array"))


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize(("seeds", "steps"), [(3, 60), pytest.param(20, 1_000, marks=pytest.mark.slow)])
def test_equal_seeds_give_bit_equal_rollouts(name, seeds, steps):
    first, second = make(name), make(name)
    for seed in range(seeds):
        assert_same(rollout(first, seed, steps), rollout(second, seed, steps))


@pytest.mark.parametrize("name", IDS)
def test_different_seeds_give_different_rollouts(name):
    env = make(name)
    first, second = rollout(env, 1, 10), rollout(env, 2, 10)
    assert any((a[0]["stones"] != b[0]["stones"]).any() for a, b in zip(first, second, strict=False))


@pytest.mark.parametrize("name", IDS)
def test_observations_stay_in_bounds_share_no_memory_and_do_not_stand_still(name):
    env = make(name)
    rows = [row for seed in range(4) for row in rollout(env, seed, 150)]
    assert not any(truncated for *_, truncated in rows)
    for key, seen in assert_fresh(env.observation_space, rows).items():
        if name == "hogline/Curling-v0":
            assert (np.ptp(np.stack(seen), axis=0) > 0).all(), f"{key} has an element that never changes"


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("mode", MODES)
def test_vector_environment_equals_single_ones_with_the_same_seeds(name, mode):
    arguments = QUICK.get(name, {})
    batched = gymnasium.make_vec(name, num_envs=5, autoreset_mode=mode, **arguments)
    alone = gymnasium.make_vec(
        name,
        num_envs=5,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": MODES[mode]},
        **arguments,
    )
    batched.action_space.seed(4)
    seen, expected = batched.reset(seed=9)[0], alone.reset(seed=9)[0]
    for _ in range(40):
        for key in expected:
            np.testing.assert_array_equal(seen[key], expected[key])
        actions = batched.action_space.sample()
        (seen, *outcome, infos), (expected, *known, known_infos) = batched.step(actions), alone.step(actions)
        for value, wanted in zip(outcome, known, strict=True):
            np.testing.assert_array_equal(value, wanted)
        assert_same_infos(infos, known_infos)
    assert all(batched.observation_space[key].contains(seen[key]) for key in seen)
    assert batched.metadata["autoreset_mode"] is MODES[mode]


def test_disabled_autoreset_resets_by_mask_only():
    env = gymnasium.make_vec("hogline/CurlingDraw-v0", num_envs=3, autoreset_mode="disabled")
    env.reset(seed=0)
    actions = np.zeros((3, 3), dtype=np.float32)
    assert env.step(actions)[2].all()
    with pytest.raises(gymnasium.error.ResetNeeded, match="sub-environment 0: over"):
        env.step(actions)
    before = env.reset(options={"reset_mask": np.array([True, False, True])})[0]["in_play"][:, 7]
    assert before.tolist()[0] == before.tolist()[2] == 0.0
    env.reset(options={"reset_mask": np.array([False, True, False])})
    assert env.step(actions)[2].all()


def test_final_observations_are_those_of_the_episodes_that_ended():
    env = gymnasium.make_vec("hogline/CurlingDraw-v0", num_envs=4, autoreset_mode="same_step", noise="none")
    targets = env.reset(seed=2)[0]["target"]
    _, _, over, _, infos = env.step(env.action_space.sample())
    assert over.all() and infos["_final_obs"].all()
    np.testing.assert_array_equal([final["target"] for final in infos["final_obs"]], targets)
    assert len({float(target[0]) for target in targets}) == 4


def test_a_vector_environment_needs_a_reset_first_and_sane_arguments():
    env = gymnasium.make_vec("hogline/CurlingDraw-v0", num_envs=2)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())
    with pytest.raises(ValueError, match=r"^seed: 3 values, expected 2"):
        env.reset(seed=[1, 2, 3])
    with pytest.raises(gymnasium.error.ResetNeeded, match="never began"):
        env.reset(options={"reset_mask": np.array([True, False])})
    env.reset(seed=1)
    for shape in ((3, 3), (1, 3), (2, 2), (3,), (2, 3, 1)):
        with pytest.raises(ValueError, match=r"^actions: shape .* expected \(2, 3\)"):
            env.step(np.zeros(shape, dtype=np.float32))
    with pytest.raises(ValueError, match=r"^autoreset_mode: 'never'"):
        gymnasium.make_vec("hogline/CurlingDraw-v0", num_envs=2, autoreset_mode="never")


def test_pettingzoo_finds_nothing_to_complain_about(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    api_test(CurlingMatch(), num_cycles=200)
    seed_test(CurlingMatch, num_cycles=100)
    render_test(lambda render_mode=None: CurlingMatch(render_mode=render_mode))


def test_match_rewards_sum_to_zero_and_turns_follow_the_hammer():
    env = CurlingMatch(rules="end")
    env.reset(seed=5)
    order, total = [], 0.0
    while env.agents:
        agent = env.agent_selection
        _, _, over, _, _ = env.last()
        if not over:
            order.append(agent)
        env.step(None if over else env.action_space(agent).sample())
        total += sum(env.rewards.values())
    assert order == ["team_0", "team_1"] * 8
    assert total == 0.0


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("hogline/Curling-v0", {"opponent": "skip"}, "opponent: got 'skip'"),
        ("hogline/Curling-v0", {"rules": "pairs"}, "rules: 'pairs'"),
        ("hogline/Curling-v0", {"ice": "asphalt"}, "ice: 'asphalt'"),
        ("hogline/Curling-v0", {"noise": "loud"}, "noise: 'loud'"),
        ("hogline/Curling-v0", {"team": 2}, "team: 2"),
        ("hogline/Curling-v0", {"reward": "glory"}, "reward: 'glory'"),
        ("hogline/Curling-v0", {"opponent": ["rules"]}, r"opponent: got \['rules'\]"),
        ("hogline/Curling-v0", {"rules": [1]}, r"rules: \[1\]"),
        ("hogline/Curling-v0", {"rules": None}, "rules: None"),
        ("hogline/Curling-v0", {"ice": None}, "ice: None"),
        ("hogline/Curling-v0", {"noise": 3}, "noise: 3, expected a Noise"),
        ("hogline/Curling-v0", {"team": True}, "team: True"),
        ("hogline/Curling-v0", {"team": 1.0}, r"team: 1\.0"),
        ("hogline/CurlingDraw-v0", {"guards": 9}, "guards: 9"),
        ("hogline/CurlingDraw-v0", {"guards": True}, "guards: True"),
        ("hogline/CurlingDraw-v0", {"task": "peel"}, "task: 'peel'"),
    ],
)
def test_a_bad_argument_is_refused_by_name(name, arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        gymnasium.make(name, **arguments)


@pytest.mark.parametrize("action", [None, [0.0, 0.0], [[0.0, 0.0, 0.0]]])
@pytest.mark.parametrize("name", IDS)
def test_an_action_of_another_shape_is_refused(name, action):
    env = make(name)
    env.reset(seed=1)
    with pytest.raises(ValueError, match=r"action: got shape \(.*, expected \(3,\)"):
        env.step(action)


@pytest.mark.parametrize("name", IDS)
def test_a_step_before_a_reset_or_after_the_end_asks_for_one(name):
    env = make(name)
    with pytest.raises(gymnasium.error.ResetNeeded, match="not called yet"):
        env.step(env.action_space.sample())
    for seed in range(2):
        env.reset(seed=seed)
        over = False
        while not over:
            _, _, over, _, _ = env.step(env.action_space.sample())
        with pytest.raises(gymnasium.error.ResetNeeded, match="the episode is over"):
            env.step(env.action_space.sample())


def test_a_match_without_agents_asks_for_a_reset():
    env = CurlingMatch(rules="end")
    for _ in range(2):
        with pytest.raises(gymnasium.error.ResetNeeded, match=r"^reset: no agent is left"):
            env.step(np.zeros(3))
        env.reset(seed=0)
        while env.agents:
            over = env.last()[2]
            env.step(None if over else np.zeros(3, dtype=np.float32))


def test_conceding_opponents_end_the_games_of_a_vector_environment():
    env = gymnasium.make_vec("hogline/Curling-v0", num_envs=6, opponent=lambda world, state, rng: None)
    _, infos = env.reset(seed=0)
    assert set(infos["won"].tolist()) == {0, 1}, "some concede before the agent's first throw"
    for expected in (1.0, 0.0, 1.0):
        _, rewards, over, _, _ = env.step(np.zeros((6, 3), dtype=np.float32))
        assert set(rewards.tolist()) == {expected}
        assert over.all() == bool(expected)


@pytest.mark.parametrize("name", IDS)
def test_an_action_that_is_not_a_number_is_refused(name):
    env = make(name)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="not a number"):
        env.step(np.full(3, np.nan, dtype=np.float32))


@pytest.mark.parametrize("name", IDS)
def test_an_action_beyond_its_bounds_is_cut_off_to_them_as_the_manual_says(name):
    seen = []
    for action in ((7.0, -2.0, 1.5), (1.0, -1.0, 1.0)):
        env = make(name)
        env.reset(seed=4)
        seen.append(env.step(np.array(action, dtype=np.float32)))
    np.testing.assert_equal(seen[0], seen[1])
    manual = " ".join(type(env.unwrapped).__doc__.split())
    assert "beyond -1..1 are cut off to them" in manual and "not a number is a `ValueError`" in manual
