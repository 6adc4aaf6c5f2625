"""What a normalised action means on the ice."""

import numpy as np
import pytest

from envs.curling.physics.delivery import stop_point, velocity_through
from envs.curling.physics.ice import get_ice
from envs.curling.tasks.actions import HIT_FROM, deliveries, tee_speeds

ICES = [get_ice("fcv1"), get_ice("gat2016")]


@pytest.fixture(params=ICES, ids=lambda ice: ice.name)
def ice(request):
    return request.param


def test_a_draw_stops_where_the_action_points(ice):
    depth = np.linspace(-1, HIT_FROM - 1e-6, 9)
    for handle in (-1.0, 1.0):
        actions = np.stack([np.linspace(-0.9, 0.9, 9), depth, np.full(9, handle)], axis=1)
        velocity, spin = deliveries(ice, actions)
        points = stop_point(ice, velocity, spin)
        sheet = ice.sheet
        along = sheet.hog_y + (depth + 1) / (HIT_FROM + 1) * (sheet.back_limit - sheet.hog_y)
        np.testing.assert_allclose(points[:, 0], actions[:, 0] * sheet.width / 2, atol=1e-6)
        np.testing.assert_allclose(points[:, 1], along, atol=1e-6)
        assert (np.sign(spin) == handle).all()


def test_take_outs_run_from_the_deepest_draw_to_the_strongest_delivery(ice):
    softest, strongest = tee_speeds(ice)
    assert 0 < softest < strongest
    velocity, _ = deliveries(ice, np.array([[0.0, HIT_FROM, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]))
    speeds = np.hypot(*velocity.T)
    assert speeds[1] == pytest.approx(ice.max_speed, rel=1e-9)
    assert (speeds <= ice.max_speed * (1 + 1e-12)).all()
    expected = velocity_through(ice, ice.sheet.tee, np.array(softest), np.array(ice.release_spin))
    np.testing.assert_allclose(velocity[0], expected, rtol=1e-12)


def test_mirrored_action_gives_mirrored_delivery(ice):
    rng = np.random.default_rng(2)
    actions = rng.uniform(-1, 1, (500, 3))
    velocity, spin = deliveries(ice, actions)
    mirrored, mirrored_spin = deliveries(ice, actions * [-1, 1, -1])
    np.testing.assert_allclose(mirrored, velocity * [-1, 1], atol=1e-9)
    np.testing.assert_array_equal(mirrored_spin, -spin)


def test_actions_beyond_the_bounds_are_cut_off_and_bad_ones_refused(ice):
    wide = deliveries(ice, np.array([[9.0, -np.inf, 5.0]]))
    edge = deliveries(ice, np.array([[1.0, -1.0, 1.0]]))
    np.testing.assert_array_equal(wide[0], edge[0])
    with pytest.raises(ValueError, match="shape"):
        deliveries(ice, np.zeros(3))
    with pytest.raises(ValueError, match="not a number"):
        deliveries(ice, np.array([[0.0, np.nan, 0.0]]))
