"""Pushing: where the hand goes, what pucks do, and what happens when physics goes wrong."""

import numpy as np
import pytest

from envs.manipulation.puck import PUCK_RADIUS, PUCK_REST_HEIGHT
from envs.manipulation.simulation import PhysicsError
from envs.manipulation.world import MEMORY, TIMESTEP
from tests.manipulation.scenes import simulation_of

PUSHES, ACTIONS, ACTION_METRES = 24, 10, 0.02
SMALL_TIMESTEP = TIMESTEP / 5
GAPS = {"pusher": (0.002, 0.005), "multi_pusher": (0.003, 0.008)}
"""metres, median and 90th percentile; a pixel of a 48x48 image is about 8 mm of the table."""


def pushes(task, count, rng):
    """Straight pushes at a puck, off its middle by up to 2.5 cm: layout, direction."""
    for _ in range(count):
        angle = rng.uniform(-np.pi, np.pi)
        along = np.array([np.cos(angle), np.sin(angle)])
        aside = np.array([-along[1], along[0]])
        hand = np.array([0.0, 0.6]) - 0.1 * along
        first = hand + 0.07 * along + rng.uniform(-0.025, 0.025) * aside
        second = first + 0.09 * along + rng.uniform(-0.03, 0.03) * aside
        yield np.concatenate([hand, first, second] if task == "multi_pusher" else [hand, first]), along


def pushed(simulation, layout, along):
    """Where everything is after a push."""
    simulation.place(layout, np.ones((len(layout) - 2) // 2, bool))
    for action in range(ACTIONS):
        simulation.move(layout[:2] + (action + 1) * ACTION_METRES * along)
    return simulation.layout


def ends_of_pushes(task, timestep):
    """Metres between where pushes end with this timestep and with a small one, and how far they push: [N]."""
    coarse, fine = simulation_of(task, timestep), simulation_of(task, SMALL_TIMESTEP)
    gaps, ways = [], []
    for layout, along in pushes(task, PUSHES, np.random.default_rng(0)):
        one, other = (pushed(simulation, layout, along)[2:] for simulation in (coarse, fine))
        gaps.append(np.hypot(*(one - other).reshape(-1, 2).T).max())
        ways.append(np.hypot(*(one - layout[2:]).reshape(-1, 2).T).max())
    return np.array(gaps), np.array(ways)


@pytest.mark.parametrize("task", GAPS)
def test_pushes_end_where_those_of_a_fifth_of_the_timestep_do(task):
    gaps, ways = ends_of_pushes(task, TIMESTEP)
    assert np.median(ways) > 0.04, "the pushes push"
    median, nine_tenths = np.quantile(gaps, [0.5, 0.9])
    assert median < GAPS[task][0] and nine_tenths < GAPS[task][1]


@pytest.mark.parametrize("task", GAPS)
def test_the_next_larger_timestep_pushes_elsewhere(task):
    """The next one that divides an action."""
    assert np.quantile(ends_of_pushes(task, 1.25 * TIMESTEP)[0], 0.9) > 2 * GAPS[task][1]


def test_the_hand_arrives_exactly_and_moves_evenly_even_while_it_pushes():
    simulation = simulation_of("pusher")
    simulation.place(np.array([0.0, 0.5, 0.0, 0.56]), np.array([True]))
    for step in range(1, 6):
        target = np.array([0.004 * step, 0.5 + 0.02 * step])
        simulation.move(target)
        assert (simulation.hand == target).all()
    assert simulation.layout[3] - simulation.layout[1] == pytest.approx(PUCK_RADIUS + 0.005, abs=0.004)


def test_the_arm_is_for_the_eye_only():
    model = simulation_of("pusher").model
    for name in ("wrist", "forearm"):
        assert model.geom(name).contype == model.geom(name).conaffinity == 0
    assert model.geom("left_claw").contype == 1


def test_a_centred_push_keeps_the_puck_before_the_hand():
    simulation = simulation_of("pusher")
    layout = pushed(simulation, np.array([0.0, 0.5, 0.0, 0.55]), np.array([0.0, 1.0]))
    assert layout[2] == pytest.approx(0.0, abs=1e-4) and layout[3] == pytest.approx(0.745, abs=0.004)


def test_an_untouched_puck_stays_where_and_as_high_as_it_is():
    simulation = simulation_of("multi_pusher")
    start = np.array([0.0, 0.5, 0.05, 0.6, -0.05, 0.6])
    simulation.place(start, np.ones(2, bool))
    for _ in range(50):
        simulation.move(np.array([0.0, 0.5]))
    np.testing.assert_allclose(simulation.layout, start, rtol=0, atol=1e-6)
    np.testing.assert_allclose(simulation.data.qpos[[4, 7]], PUCK_REST_HEIGHT, rtol=0, atol=1e-5)


def test_a_puck_stops_when_the_hand_does():
    simulation = simulation_of("pusher")
    pushed(simulation, np.array([0.0, 0.5, 0.0, 0.55]), np.array([0.0, 1.0]))
    simulation.move(simulation.hand)
    rest = simulation.layout
    for _ in range(5):
        simulation.move(simulation.hand)
    np.testing.assert_allclose(simulation.layout, rest, rtol=0, atol=1e-3)


def test_a_missing_puck_is_far_away_and_does_not_count():
    simulation = simulation_of("variable_pusher")
    simulation.place(np.array([0.0, 0.5, 0.05, 0.6, -0.05, 0.6]), np.array([False, True]))
    simulation.move(np.array([0.0, 0.52]))
    assert simulation.layout[2:4].tolist() == [0.0, 0.0] and simulation.layout[5] == pytest.approx(0.6)


def test_a_simulation_goes_on_bit_by_bit_from_its_state_also_in_the_middle_of_a_push():
    first, second = simulation_of("multi_pusher"), simulation_of("multi_pusher")
    pushed(first, np.array([0.0, 0.5, 0.01, 0.56, -0.05, 0.65]), np.array([0.0, 1.0]))
    second.load(first.save())
    for step in range(1, 11):
        target = np.array([0.01 * step, 0.7])
        first.move(target)
        second.move(target)
        assert first.save().tobytes() == second.save().tobytes()
    with pytest.raises(ValueError, match=r"^state: "):
        simulation_of("pusher").load(first.save())


def test_a_simulation_that_goes_wrong_says_so_and_its_dump_repeats_it(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # MuJoCo logs its warnings to the working folder
    simulation = simulation_of("pusher")
    simulation.place(np.array([0.0, 0.5, 0.0, 0.6]), np.array([True]))
    simulation.data.qvel[3] = 1e12
    with pytest.raises(PhysicsError, match=r"^physics at .*mjWARN_BADQVEL") as caught:
        simulation.move(np.array([0.0, 0.52]))
    error = caught.value
    assert (
        error.warnings["mjWARN_BADQVEL"] >= 1
        and 1e12 in error.before
        and error.target.tolist() == [0.0, 0.52]
    )
    again = simulation_of("pusher")
    again.load(error.before)
    with pytest.raises(PhysicsError) as repeated:
        again.move(error.target)
    assert repeated.value.warnings == error.warnings
    np.testing.assert_array_equal(repeated.value.after, error.after)


@pytest.mark.parametrize("steps", [3_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_no_start_and_no_action_makes_physics_go_wrong_or_leaves_the_table(steps):
    simulation, rng = simulation_of("multi_pusher"), np.random.default_rng(0)
    most = 0
    for step in range(steps):
        if step % 20 == 0:  # also with hand and pucks in one another
            simulation.place(rng.uniform((-0.1, 0.5) * 3, (0.1, 0.7) * 3), np.ones(2, bool))
        simulation.move(np.clip(simulation.hand + rng.uniform(-0.03, 0.03, 2), (-0.1, 0.5), (0.1, 0.7)))
        assert (np.abs(simulation.layout[::2]) < 0.4).all() and (
            np.abs(simulation.layout[1::2] - 0.6) < 0.4
        ).all()
        most = max(most, simulation.data.maxuse_arena)
    assert most < MEMORY / 10


def test_a_good_start_after_a_failure_is_good(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    simulation = simulation_of("pusher")
    simulation.place(np.array([0.0, 0.5, 0.0, 0.6]), np.array([True]))
    simulation.data.qpos[3] = np.nan
    with pytest.raises(PhysicsError):
        simulation.move(np.array([0.0, 0.52]))
    simulation.place(np.array([0.0, 0.5, 0.0, 0.6]), np.array([True]))
    simulation.move(np.array([0.0, 0.52]))
    assert simulation.layout[3] == pytest.approx(0.6)
