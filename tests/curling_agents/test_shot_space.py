"""The space of shots: there and back, mirrored, and with the noise that its kernel says."""

import math

import numpy as np
import pytest

from agents.curling.search.shot_space import ShotSpace
from envs.curling.physics.delivery import velocity_through
from tests.curling_agents.made_positions import world_of

CONDITIONS = [("fcv1", "dc3"), ("gat2016", "gat2016"), ("fcv1", "student_t"), ("fcv1", "gat2016")]
THROWS = 20_000
FARTHEST = 1.95 / math.sqrt(THROWS)
"""Kolmogorov's distance that one sample of the right distribution exceeds with a chance of 0.1 %."""


def spaces(ice, noise):
    world = world_of(ice, noise)
    return world.ice, world.noise, ShotSpace(world.ice, world.noise)


def random_points(space, count, rng):
    low, high = np.array(space.kernel.low), np.array(space.kernel.high)
    return rng.uniform(low, high, (count, 2)), rng.integers(0, 2, count)


@pytest.mark.parametrize(("ice", "noise"), [*CONDITIONS, ("fcv1", "none"), ("gat2016", "none")])
def test_points_and_velocities_are_inverse_up_to_the_strongest_delivery(ice, noise):
    sheet_ice, _, space = spaces(ice, noise)
    points, parts = random_points(space, 500, np.random.default_rng(0))
    velocity, spin = space.velocities(points, parts)
    speed = np.hypot(*velocity.T)
    assert (speed <= sheet_ice.max_speed * (1 + 1e-12)).all()
    assert (np.abs(spin) == sheet_ice.release_spin).all()
    back, back_parts = space.points(velocity, spin)
    legal = speed < sheet_ice.max_speed * (1 - 1e-9)
    assert legal.sum() > 100 and (back_parts == parts).all()
    assert np.abs(back - points)[legal].max() < 1e-9


@pytest.mark.parametrize(("ice", "noise"), CONDITIONS)
def test_mirrored_points_are_mirrored_velocities_to_the_bit(ice, noise):
    _, _, space = spaces(ice, noise)
    points, parts = random_points(space, 500, np.random.default_rng(1))
    velocity, spin = space.velocities(points, parts)
    other, other_spin = space.velocities(*space.mirrored(points, parts))
    assert np.array_equal(other, velocity * [-1.0, 1.0]) and np.array_equal(other_spin, -spin)
    back, back_parts = space.points(velocity, spin)
    turned, turned_parts = space.points(other, other_spin)
    expected, expected_parts = space.mirrored(back, back_parts)
    assert np.array_equal(turned, expected) and np.array_equal(turned_parts, expected_parts)


def cumulative(kind, deviations):
    """Distribution function of the kernel of scale 1: standard normal, or Student's t with 5 degrees."""
    if kind == "gaussian":
        return np.array([0.5 * math.erfc(-d / math.sqrt(2)) for d in deviations])
    root, square = math.sqrt(5), 5 + deviations**2
    shape = root * deviations / square * (1 + 10 / (3 * square))
    return 0.5 + (np.arctan(deviations / root) + shape) / math.pi


@pytest.mark.parametrize(("ice", "noise"), CONDITIONS)
@pytest.mark.parametrize(("x", "speed"), [(0.0, 0.0), (-1.5, 0.0), (0.9, 0.4), (0.2, 0.7)])
def test_the_kernel_is_the_executed_noise(ice, noise, x, speed):
    """Each axis within Kolmogorov's bound, and 0.01 more where the axes hold to first order only; the axes'
    signs agree as often as not, but for what axes that bend let them."""
    sheet_ice, hand, space = spaces(ice, noise)
    spin = np.full(THROWS, -sheet_ice.release_spin)
    release = speed * sheet_ice.max_speed
    intended = velocity_through(sheet_ice, sheet_ice.sheet.tee + [x, 0.0], np.array(release), spin[0])
    executed = hand.perturb(np.repeat(intended[None], THROWS, 0), spin, np.random.default_rng(7))
    there, _ = space.points(intended[None], spin[:1])
    missed = space.points(executed, spin)[0] - there
    ranks = (np.arange(THROWS) + 0.5) / THROWS
    for axis in range(2):
        distance = np.abs(cumulative(space.kernel.kind, np.sort(missed[:, axis])) - ranks).max()
        assert distance < FARTHEST + (0.0 if noise == "dc3" else 0.01)
    signs = np.sign(missed)
    bent = {"dc3": 0.0, "gat2016": 0.01, "student_t": 0.06}[noise]
    assert abs((signs[:, 0] * signs[:, 1]).mean()) < 3.3 / math.sqrt(THROWS) + bent


def test_a_noise_of_twice_the_size_is_not_the_kernel():
    """The statistic above can fail."""
    deviations = np.sort(2 * np.random.default_rng(0).standard_normal(THROWS))
    ranks = (np.arange(THROWS) + 0.5) / THROWS
    assert np.abs(cumulative("gaussian", deviations) - ranks).max() > 10 * FARTHEST


def test_an_unknown_noise_is_refused():
    class Gust:
        def perturb(self, velocity, spin, rng):
            return velocity

    with pytest.raises(ValueError, match=r"noise: got .*Gust"):
        ShotSpace(world_of().ice, Gust())
