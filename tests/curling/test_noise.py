"""Execution noise against its published spreads; every bound is about five standard errors wide."""

import numpy as np
import pytest

from envs.curling.physics.delivery import stop_point, velocity_to_stop
from envs.curling.physics.ice import get_ice
from envs.curling.physics.noise import NOISES, get_noise

COUNT = 20_000


def draws(ice_name, noise_name, *, seed=0):
    """Intended and executed velocities [COUNT, 2] of draws to the tee."""
    ice = get_ice(ice_name)
    intended = np.repeat(velocity_to_stop(ice, ice.sheet.tee, ice.release_spin)[None], COUNT, 0)
    spin = np.full(COUNT, ice.release_spin)
    executed = get_noise(noise_name, ice).perturb(intended, spin, np.random.default_rng(seed))
    return ice, intended, executed, spin


def test_dc3_noise_has_the_published_spread_of_speed_and_angle():
    _, intended, executed, _ = draws("fcv1", "dc3")
    speed = np.hypot(*executed.T) - np.hypot(*intended.T)
    angle = np.arctan2(*executed.T[::-1]) - np.arctan2(*intended.T[::-1])
    # Published: 0.0076 m/s and 0.0018 rad, the defaults of Digital Curling 3.
    assert speed.std() == pytest.approx(0.0076, rel=0.03)
    assert angle.std() == pytest.approx(0.0018, rel=0.03)
    assert abs(np.corrcoef(speed, angle)[0, 1]) < 0.04


def test_dc3_draw_to_the_tee_spreads_as_measured_on_the_official_simulator():
    # Published: standard deviations 0.0677 m across and 0.2620 m along, n = 2,000 (standard error 1.6 %).
    ice, _, executed, spin = draws("fcv1", "dc3")
    assert stop_point(ice, executed, spin).std(0) == pytest.approx([0.0677, 0.2620], rel=0.06)


def test_gat2016_draw_to_the_tee_spreads_as_half_and_two_stone_radii():
    ice, _, executed, spin = draws("gat2016", "gat2016")
    assert stop_point(ice, executed, spin).std(0) == pytest.approx([0.0725, 0.290], rel=0.03)


def test_gat2016_noise_perturbs_every_shot_by_the_law_of_a_draw_to_the_tee():
    ice, intended, executed, spin = draws("gat2016", "gat2016")
    hit = intended + np.array([0.3, 8.0])
    struck = get_noise("gat2016", ice).perturb(hit, spin, np.random.default_rng(0))
    assert np.allclose(struck - hit, executed - intended, atol=1e-12)
    # Published: standard deviations 0.0592 and 0.1176 m/s.
    assert (executed - intended).std(0) == pytest.approx([0.0592, 0.1176], rel=0.03)


def test_student_noise_has_the_published_scales_and_turns_faster_shots_less():
    # Yee, Lisy and Bowling (2016): 9.5e-3 m/s, and 3.65e-3 to 1.16e-3 rad, with five degrees of freedom.
    ice, count = get_ice("fcv1"), 100_000
    noise, rng = get_noise("student_t", ice), np.random.default_rng(1)
    median = 0.7267  # of |t| with five degrees of freedom
    for speed, angle in ((noise.slow_speed, 3.65e-3), (noise.max_speed, 1.16e-3)):
        executed = noise.perturb(np.repeat([[0.0, speed]], count, 0), np.ones(count), rng)
        turned = np.median(np.abs(np.arctan2(executed[:, 0], executed[:, 1])))
        faster = np.median(np.abs(np.hypot(*executed.T) - speed))
        assert turned == pytest.approx(median * angle, rel=0.02)
        assert faster == pytest.approx(median * 9.5e-3, rel=0.02)


@pytest.mark.parametrize("name", [name for name in NOISES if name != "none"])
def test_intended_speed_is_cut_to_the_strongest_delivery(name):
    ice = get_ice("fcv1")
    spin = np.ones(2)
    once = get_noise(name, ice).perturb(np.array([[0.0, 4.0], [0.0, 4.0]]), spin, np.random.default_rng(5))
    more = get_noise(name, ice).perturb(np.array([[0.0, 4.0], [0.0, 9.0]]), spin, np.random.default_rng(5))
    assert np.allclose(once, more, atol=1e-12)


@pytest.mark.parametrize("name", NOISES)
def test_equal_generators_make_equal_noise(name):
    assert (draws("fcv1", name)[2] == draws("fcv1", name)[2]).all()


def test_no_noise_leaves_the_shot_as_it_is():
    _, intended, executed, _ = draws("fcv1", "none")
    assert (intended == executed).all()


def test_unknown_noise_is_named():
    with pytest.raises(ValueError, match="noise: 'loud' is unknown, expected one of none, dc3"):
        get_noise("loud", get_ice("fcv1"))
