"""Laws of impulses between stones, over a million random impacts and over random clusters."""

import math

import numpy as np
import pytest

from envs.compiled import entry
from envs.curling.physics.collision import MEMBER, PAIR, Contact, resolve, wanted_separation
from envs.curling.physics.ice import get_ice

RADIUS = 0.145
COUNT = 1_000_000


def contact_of(name: str) -> Contact:
    ice = get_ice(name)
    return Contact(ice.restitution, ice.elastic_speed, ice.contact_friction, 2 * ice.sheet.stone_radius)


@entry
def strike_pairs(contact, members, pairs):
    """Resolve impacts of two stones each: members [B, 2], pairs [B, 1]."""
    for b in range(members.shape[0]):
        resolve(contact, members[b], pairs[b])


@pytest.fixture(scope="module")
def impact():
    """A million impacts on fcv1's contact: (contact, members before [B, 2], members after, pairs [B, 1])."""
    contact, rng = contact_of("fcv1"), np.random.default_rng(0)
    before, pairs = np.zeros((COUNT, 2), MEMBER), np.zeros((COUNT, 1), PAIR)
    for name in ("vx", "vy"):
        before[name] = rng.normal(0, 3.0, (COUNT, 2))
    before["spin"] = rng.normal(0, 3.0, (COUNT, 2))
    angle = rng.uniform(-math.pi, math.pi, COUNT)
    pairs["second"] = 1
    pairs["normal_x"][:, 0], pairs["normal_y"][:, 0] = np.cos(angle), np.sin(angle)
    before["x"][:, 1] = contact.diameter * pairs["normal_x"][:, 0]
    before["y"][:, 1] = contact.diameter * pairs["normal_y"][:, 0]
    after = before.copy()
    strike_pairs(contact, after, pairs)
    return contact, before, after, pairs[:, 0]


def relative(members, pairs):
    """Normal and tangential relative velocity at the contact point [B], m/s."""
    wx, wy = members["vx"][:, 1] - members["vx"][:, 0], members["vy"][:, 1] - members["vy"][:, 0]
    nx, ny = pairs["normal_x"], pairs["normal_y"]
    return wx * nx + wy * ny, wy * nx - wx * ny - RADIUS * members["spin"].sum(1)


def energy(members):
    """Kinetic energy per mass [B], m^2/s^2."""
    linear = members["vx"] ** 2 + members["vy"] ** 2
    return ((linear + RADIUS**2 / 2 * members["spin"] ** 2) / 2).sum(-1)


def test_linear_momentum_is_kept(impact):
    _, before, after, _ = impact
    size = np.hypot(before["vx"], before["vy"]).sum(1)
    for name in ("vx", "vy"):
        assert (np.abs(after[name].sum(1) - before[name].sum(1)) / size).max() <= 1e-10


def test_angular_momentum_about_the_contact_point_is_kept(impact):
    _, before, after, _ = impact
    px, py = (before["x"].sum(1) / 2)[:, None], (before["y"].sum(1) / 2)[:, None]

    def angular(members):
        arm = (before["x"] - px) * members["vy"] - (before["y"] - py) * members["vx"]
        return (arm + RADIUS**2 / 2 * members["spin"]).sum(1)

    assert np.abs(angular(after) - angular(before)).max() <= 1e-10


def test_closing_stones_separate_by_the_law_of_restitution_and_others_are_left_alone(impact):
    contact, before, after, pairs = impact
    normal_before, _ = relative(before, pairs)
    normal_after, _ = relative(after, pairs)
    closing = normal_before < 0
    assert 0.4 < closing.mean() < 0.6
    assert np.abs(normal_after + contact.restitution * normal_before)[closing].max() <= 1e-10
    for name in ("vx", "vy", "spin"):
        assert (after[name][~closing] == before[name][~closing]).all()


def test_friction_stays_in_coulombs_cone_and_opposes_sliding(impact):
    contact, before, after, pairs = impact
    _, slide_before = relative(before, pairs)
    _, slide_after = relative(after, pairs)
    struck = pairs["push"] > 0
    bound = contact.friction * pairs["push"]
    assert (np.abs(pairs["rub"]) <= bound * (1 + 1e-10) + 1e-15).all()
    sticking = struck & (np.abs(pairs["rub"]) < bound * (1 - 1e-9))
    assert 0.05 < sticking[struck].mean() < 0.95
    assert np.abs(slide_after[sticking]).max() <= 1e-10
    assert (pairs["rub"] * slide_before <= 0).all()


def test_no_impact_adds_energy(impact):
    _, before, after, _ = impact
    assert ((energy(after) - energy(before)) / energy(before)).max() <= 1e-12


def test_head_on_stones_of_equal_mass_exchange_their_velocities():
    contact = contact_of("fcv1")
    members, pairs = np.zeros(2, MEMBER), np.zeros(1, PAIR)
    members["vy"][0] = 1.7
    pairs["second"], pairs["normal_y"] = 1, 1.0
    strike_pairs(contact, members[None], pairs[None])
    assert members["vy"] == pytest.approx([0, 1.7], abs=1e-15)
    assert (members["vx"] == 0).all() and (members["spin"] == 0).all()


def test_slow_contacts_of_gat2016_are_inelastic():
    contact = contact_of("gat2016")
    assert wanted_separation.py_func(contact, 0.99) == 0
    assert wanted_separation.py_func(contact, 1.01) == 1.01


def test_stone_hitting_two_touching_stones_squarely_rebounds_at_a_fifth_of_its_speed():
    # Two contacts at 30 degrees without friction: the closed form of the two-contact problem.
    contact = contact_of("fcv1")._replace(friction=0.0)
    members, pairs = np.zeros(3, MEMBER), np.zeros(2, PAIR)
    members["vy"][0] = 1.0
    pairs["second"] = (1, 2)
    pairs["normal_x"], pairs["normal_y"] = (-0.5, 0.5), math.sqrt(0.75)
    strike_pairs(contact, members[None], pairs[None])
    assert members["vy"] == pytest.approx([-0.2, 0.6, 0.6], abs=1e-12)
    assert members["vx"] == pytest.approx([0, -0.6 / math.sqrt(3), 0.6 / math.sqrt(3)], abs=1e-12)


@pytest.mark.parametrize("name", ["fcv1", "gat2016"])
def test_clusters_keep_momentum_separate_and_never_gain_energy(name):
    contact, rng = contact_of(name), np.random.default_rng(1)
    tangled = 0
    for _ in range(3000):
        members, pairs = random_cluster(contact, rng)
        after = members.copy()
        strike_pairs(contact, after[None], pairs[None])
        size = np.hypot(members["vx"], members["vy"]).sum()
        for axis in ("vx", "vy"):
            assert abs(after[axis].sum() - members[axis].sum()) <= 1e-10 * size
        assert energy(after) <= energy(members) * (1 + 1e-12)
        i, j = pairs["first"], pairs["second"]
        wx, wy = after["vx"][j] - after["vx"][i], after["vy"][j] - after["vy"][i]
        assert (wx * pairs["normal_x"] + wy * pairs["normal_y"] >= -1e-9 * size).all()
        assert (np.abs(pairs["rub"]) <= contact.friction * pairs["push"] + 1e-12).all()
        tangled += (pairs["push"] > 0).sum() > 1
    assert tangled > 1000


def random_cluster(contact, rng):
    """A stone that strikes a hexagonal pack of 2 to 6 stones at rest: members [S], pairs [P]."""
    count = int(rng.integers(3, 8))
    lattice = np.array([[0, 0], [1, 0], [0.5, 0.75**0.5], [-0.5, 0.75**0.5], [-1, 0], [-0.5, -(0.75**0.5)]])
    angle = rng.uniform(-math.pi, math.pi)
    strike = np.array([math.cos(angle), math.sin(angle)])
    places = np.concatenate([lattice[: count - 1], [strike * 1.0]]) * contact.diameter
    if (np.hypot(*(places[:-1] - places[-1]).T) < contact.diameter * (1 - 1e-9)).any():
        return random_cluster(contact, rng)
    members = np.zeros(count, MEMBER)
    members["x"], members["y"] = places.T
    members["vx"][-1], members["vy"][-1] = -strike * rng.uniform(0.2, 4) + rng.normal(0, 0.5, 2)
    members["spin"][-1] = rng.normal(0, 2)
    links = [
        (i, j)
        for i in range(count)
        for j in range(i + 1, count)
        if np.hypot(*(places[j] - places[i])) < contact.diameter * (1 + 1e-9)
    ]
    pairs = np.zeros(len(links), PAIR)
    for pair, (i, j) in zip(pairs, links, strict=True):
        pair["first"], pair["second"] = i, j
        pair["normal_x"], pair["normal_y"] = (places[j] - places[i]) / np.hypot(*(places[j] - places[i]))
    return members, pairs
