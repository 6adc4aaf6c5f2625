"""The ices against closed forms, published figures and their own stepped dynamics."""

import numpy as np
import pytest

from envs.curling.physics import ice as ices
from envs.curling.physics.delivery import stop_point, velocity_through, velocity_to_stop
from envs.curling.physics.ice import ICES, get_ice
from envs.curling.physics.motion import simulate
from envs.curling.physics.stepped import simulate_stepped
from tests.curling.layouts import Shots

NAMES = tuple(ICES)


def free(ice, velocity, spin):
    """Deliveries on an empty sheet."""
    count = len(velocity)
    return Shots(np.zeros((count, 16, 2)), np.zeros((count, 16), bool), np.zeros(count, int), velocity, spin)


def test_straight_stone_stops_where_constant_friction_says():
    ice = get_ice("gat2016")
    speed = np.linspace(5, 28, 50)
    velocity = np.stack([np.zeros(50), speed], -1)
    stops = stop_point(ice, velocity, np.zeros(50))
    expected = speed**2 / (2 * ices.GAT2016_DECELERATION)
    assert np.abs(stops[:, 1] - ice.release_position[1] - expected).max() < 1e-6


def test_straight_stone_stops_where_fcv1_friction_says():
    ice = get_ice("fcv1")
    for speed in (0.1, 0.7, 2.4, 4.0):
        v = np.linspace(0, speed, 400_001)
        distance = np.trapezoid(v / ices.fcv1_deceleration(v), v)
        stop = stop_point(ice, np.array([0.0, speed]), np.zeros(()))
        assert abs(stop[1] - distance) < 1e-6
        assert stop[0] == 0


def test_gat2016_stone_follows_the_logarithmic_spiral():
    # Published inverse of the KR-DL-UCT code: r = 0.041611563471 v^2, turned by 0.03333564 radians.
    ice = get_ice("gat2016")
    speed = np.linspace(3, 28, 40)
    stops = stop_point(ice, np.stack([np.zeros(40), speed], -1), np.full(40, ice.release_spin))
    way = stops - ice.release_position
    exact = speed**2 / (ices.GAT2016_DECELERATION * abs(2 - 1j * ices.GAT2016_CURL))
    assert np.abs(np.hypot(*way.T) - exact).max() < 1e-9
    assert np.hypot(*way.T) == pytest.approx(0.041611563471 * speed**2, rel=1e-6)
    assert np.abs(np.arctan2(-way[:, 0], way[:, 1]) - 0.03333564).max() < 1e-7


def test_published_draws_of_the_official_simulators_are_met():
    # Published: single-precision steps of 1 ms, which stray by millimetres from the exact path.
    dc3 = get_ice("fcv1")
    assert (
        np.abs(stop_point(dc3, np.array([0.131728, 2.399831]), dc3.release_spin) - dc3.sheet.tee).max() < 5e-3
    )
    aimed = stop_point(
        dc3, np.array([[0, v] for v in (2.30, 2.35, 2.40, 2.45)]), np.full(4, dc3.release_spin)
    )
    assert np.abs(aimed[:, 1] - dc3.sheet.tee_y - (-3.539, -1.876, -0.173, 1.569)).max() < 5e-3
    assert abs(aimed[2, 0] + 2.0975) < 1e-3
    gat = get_ice("gat2016")
    tee_shot = stop_point(gat, np.array([0.990740, 29.559774]), gat.release_spin)
    assert np.abs(tee_shot - gat.sheet.tee - (0.0056, 0.0005)).max() < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_stopping_point_and_release_velocity_are_inverse(name):
    ice, rng = get_ice(name), np.random.default_rng(0)
    spin = rng.choice([-1, 0, 1], 5000) * ice.release_spin
    target = np.stack([rng.uniform(-3, 3, 5000), rng.uniform(20, 45, 5000)], -1)
    velocity = velocity_to_stop(ice, target, spin)
    assert np.abs(stop_point(ice, velocity, spin) - target).max() < 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_stone_passes_the_point_at_the_speed_asked_for(name):
    ice, rng = get_ice(name), np.random.default_rng(1)
    spin = rng.choice([-1, 0, 1], 2000) * ice.release_spin
    point = np.stack([rng.uniform(-2, 2, 2000), rng.uniform(30, 40, 2000)], -1)
    speed = rng.uniform(0.01, 0.5, 2000) * ice.max_speed
    release = velocity_through(ice, point, speed, spin)
    stop = stop_point(ice, release, spin)
    # A stone released at the point with what is left of its speed stops at the same place.
    energy = np.hypot(*release.T)
    assert (energy > speed).all()
    rest = np.hypot(*(stop - point).T)
    alone = stop_point(ice, np.stack([np.zeros(2000), speed], -1), spin) - ice.release_position
    assert np.abs(rest - np.hypot(*alone.T)).max() < 1e-9


def test_a_spin_that_runs_out_is_followed_but_not_aimed_with():
    ice = get_ice("fcv1")
    velocity = np.repeat([[0.1, 2.4]], 6, 0)
    spin = np.array([1.0, 0.3, 0.05, 1e-3, 1e-8, 0.0]) * ice.release_spin
    played = simulate(ice, *free(ice, velocity, spin)).stones[:, 0]
    assert np.abs(stop_point(ice, velocity, spin) - played).max() < 1e-9
    assert (
        np.abs(velocity_to_stop(ice, stop_point(ice, velocity[4:], spin[4:]), spin[4:]) - velocity[4:]).max()
        < 1e-9
    )
    with pytest.raises(ValueError, match="while it spins"):
        velocity_to_stop(ice, ice.sheet.tee, 0.05 * ice.release_spin)


@pytest.mark.parametrize("name", NAMES)
def test_mirrored_delivery_stops_at_the_mirrored_point_bit_for_bit(name):
    ice, rng = get_ice(name), np.random.default_rng(2)
    velocity = np.stack([rng.normal(0, 0.1, 1000), rng.uniform(0.3, 1, 1000)], -1) * ice.max_speed
    spin = rng.choice([-1, 1], 1000) * ice.release_spin
    mirror = np.array([-1.0, 1.0])
    assert (stop_point(ice, velocity * mirror, -spin) == stop_point(ice, velocity, spin) * mirror).all()


@pytest.mark.parametrize("name", NAMES)
def test_free_shots_agree_with_the_stepped_reference_as_its_step_shrinks(name):
    ice, rng = get_ice(name), np.random.default_rng(3)
    target = np.stack([rng.uniform(-1.5, 1.5, 12), rng.uniform(34, 40, 12)], -1)
    spin = rng.choice([-1, 0, 1], 12) * ice.release_spin
    shots = free(ice, velocity_to_stop(ice, target, spin), spin)
    exact = simulate(ice, *shots).stones
    error = {
        step: np.abs(simulate_stepped(ice, *shots, step=step).stones - exact).max() for step in (1e-3, 1e-4)
    }
    assert error[1e-4] < 1e-3
    assert error[1e-4] < 0.2 * error[1e-3]


@pytest.mark.parametrize("name", NAMES)
def test_table_twice_as_fine_moves_no_stop_by_a_micrometre(name):
    ice = get_ice(name)
    finer = get_ice(name, interval=ice.table.interval / 2)
    rng = np.random.default_rng(4)
    velocity = np.stack([rng.normal(0, 0.05, 500), rng.uniform(0.1, 1, 500)], -1) * ice.max_speed * 0.7
    spin = rng.choice([-1, 1], 500) * ice.release_spin
    assert np.abs(stop_point(ice, velocity, spin) - stop_point(finer, velocity, spin)).max() < 1e-5


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: get_ice("slush"), "ice: 'slush' is unknown, expected one of fcv1, gat2016"),
        (lambda: get_ice("fcv1", interval=0.0), "interval: 0.0 given"),
        (lambda: stop_point(get_ice("fcv1"), np.zeros(3), 0.0), r"velocity: shape \(3,\) given"),
        (lambda: stop_point(get_ice("fcv1"), np.array([0, np.nan]), 0.0), "velocity: NaN"),
        (lambda: stop_point(get_ice("fcv1"), np.array([0, 99.0]), 0.0), "faster than this ice's limit"),
        (lambda: velocity_to_stop(get_ice("fcv1"), np.array([0, np.inf]), 0.0), "point: NaN"),
        (lambda: velocity_to_stop(get_ice("fcv1"), np.array([0, 1e6]), 0.0), "is out of reach"),
        (lambda: velocity_to_stop(get_ice("fcv1"), np.zeros(2), 0.0), "is out of reach"),
        (lambda: velocity_through(get_ice("fcv1"), np.array([0, 38.0]), -1.0, 0.0), "speed: -1"),
    ],
)
def test_bad_values_are_named(call, expected):
    with pytest.raises(ValueError, match=expected):
        call()
