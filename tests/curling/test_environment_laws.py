"""Laws that every registered curling environment keeps, alone, vectorised and as a match."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from pettingzoo.test import api_test, render_test, seed_test

import envs
from envs.curling.match import CurlingMatch
from tests.rollouts import assert_fresh, assert_same, rollout

IDS = [name for name in gymnasium.registry if name.startswith("hogline/Curling")]
QUICK = {"hogline/Curling-v0": {"opponent": "drawer"}}
MODES = {"next_step": AutoresetMode.NEXT_STEP, "same_step": AutoresetMode.SAME_STEP}


def make(name, **arguments):
    return gymnasium.make(name, **QUICK.get(name, {}), **arguments).unwrapped


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
        assert infos.keys() == known_infos.keys()
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


def test_a_vector_environment_needs_a_reset_first_and_sane_arguments():
    env = gymnasium.make_vec("hogline/CurlingDraw-v0", num_envs=2)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())
    with pytest.raises(ValueError, match=r"^seed: 3 values, expected 2"):
        env.reset(seed=[1, 2, 3])
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
        ("hogline/Curling-v0", {"opponent": "skip"}, "player: 'skip'"),
        ("hogline/Curling-v0", {"rules": "pairs"}, "rules: 'pairs'"),
        ("hogline/Curling-v0", {"ice": "asphalt"}, "ice: 'asphalt'"),
        ("hogline/Curling-v0", {"noise": "loud"}, "noise: 'loud'"),
        ("hogline/Curling-v0", {"team": 2}, "team: 2"),
        ("hogline/Curling-v0", {"reward": "glory"}, "reward: 'glory'"),
        ("hogline/CurlingDraw-v0", {"guards": 9}, "guards: 9"),
    ],
)
def test_a_bad_argument_is_refused_by_name(name, arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        gymnasium.make(name, **arguments)


@pytest.mark.parametrize("name", IDS)
def test_an_action_that_is_not_a_number_is_refused(name):
    env = make(name)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="not a number"):
        env.step(np.full(3, np.nan, dtype=np.float32))
