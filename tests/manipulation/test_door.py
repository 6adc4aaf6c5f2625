"""The door: where it turns, what moves it, and what is told of it."""

import gymnasium
import numpy as np
import pytest

from envs.manipulation.door import (
    DOOR,
    GOAL_HIGHEST,
    GOAL_LOWEST,
    HIGHEST,
    HINGE,
    LENGTH,
    angle_of,
    handle_at,
)
from tests.manipulation.scenes import simulation_of

HERE = np.ones(1, dtype=bool)


def angle(simulation):
    return float(angle_of(simulation.layout[2:]))


def pushed(simulation, way, actions):
    """Moves the hand by `way` again and again."""
    for _ in range(actions):
        simulation.move(simulation.hand + way)
    return angle(simulation)


def test_goals_are_handles_on_the_arc_and_hands_beside_them():
    rng = np.random.default_rng(0)
    goals = np.stack([DOOR.sample_goal(rng, HERE) for _ in range(2000)])
    angles = angle_of(goals[:, 2:])
    assert np.allclose(np.linalg.norm(goals[:, 2:] - HINGE, axis=1), LENGTH)
    assert GOAL_LOWEST <= angles.min() < 0.02 and GOAL_HIGHEST - 0.02 < angles.max() <= GOAL_HIGHEST
    gaps = np.linalg.norm(goals[:, :2] - goals[:, 2:], axis=1)
    assert (gaps <= 0.0401).all() and (gaps > 0.02).all()


def test_a_hand_opens_the_door_and_shuts_it_from_the_other_side():
    simulation = simulation_of("door")
    simulation.place(np.array([0.0, 0.56, *handle_at(0.0)]), HERE)
    opened = pushed(simulation, np.array([0.0, 0.01]), 12)
    assert 0.4 < opened < 1.0
    simulation.place(np.array([0.0, 0.66, *handle_at(0.2)]), HERE)
    assert pushed(simulation, np.array([0.0, -0.01]), 8) < 0.1


def test_a_door_let_go_stands_still():
    simulation = simulation_of("door")
    simulation.place(np.array([0.0, 0.56, *handle_at(0.0)]), HERE)
    pushed(simulation, np.array([0.0, 0.01]), 8)
    before = pushed(simulation, np.array([0.0, -0.01]), 4)
    assert pushed(simulation, np.zeros(2), 20) == pytest.approx(before, abs=0.02)


def test_the_same_push_with_a_fifth_of_the_timestep_ends_within_a_degree():
    ends = []
    for timestep in (None, 0.002):
        simulation = simulation_of("door", timestep)
        simulation.place(np.array([0.02, 0.56, *handle_at(0.0)]), HERE)
        ends.append(pushed(simulation, np.array([0.0, 0.015]), 8))
    assert abs(ends[0] - ends[1]) < np.deg2rad(1.0)


def test_a_door_never_turns_beyond_its_stop():
    simulation = simulation_of("door")
    simulation.place(np.array([0.0, 0.56, *handle_at(1.0)]), HERE)
    assert angle(simulation) == pytest.approx(1.0)
    simulation.place(np.array([0.0, 0.56, *handle_at(2.0)]), HERE)
    assert angle(simulation) == pytest.approx(HIGHEST)


def test_the_angle_to_go_is_told_in_degrees_and_the_goal_shows_the_door():
    env = gymnasium.make("hogline/VisualDoor-v0").unwrapped
    goal = np.array([0.0, 0.7, *handle_at(0.5)])
    observation, info = env.reset(seed=0, options={"goal": goal})
    assert info["door_angle_error"] == pytest.approx(np.rad2deg(0.5))
    assert info["door_distance"] == pytest.approx(2 * LENGTH * np.sin(0.25))
    orange = observation["desired_goal"][..., 0] > observation["desired_goal"][..., 2].astype(int) + 60
    assert orange.sum() > 20 and (observation["desired_goal"] != observation["observation"]).any()


def test_a_door_always_takes_part():
    with pytest.raises(ValueError, match="doors: 0, expected 1 to 1"):
        gymnasium.make("hogline/Door-v0").unwrapped.reset(options={"pucks": 0})
