"""Laws of whole deliveries. Each default run checks a part of the shots that the slow run checks in full."""

import math
import os
import signal
import time

import numpy as np
import pytest

from envs.compiled import entry, kernel
from envs.curling.physics.board import empty_board
from envs.curling.physics.cluster import settle
from envs.curling.physics.events import NONE, proceed, release, set_up
from envs.curling.physics.ice import ICES, get_ice
from envs.curling.physics.motion import physics_of, simulate, trajectory
from envs.curling.physics.stones import spin_at, state_at
from tests.curling.layouts import random_shots

NAMES = tuple(ICES)


def sizes(quick, full):
    """The number of shots: of the default run, and of the slow one."""
    return pytest.mark.parametrize("count", [quick, pytest.param(full, marks=pytest.mark.slow)])


@entry
def watch(physics, board, origin, stones, in_play, slot, velocity, spin, samples, out):
    """Sample each shot between its events: out [B, 3] = greatest relative rise of the energy, smallest gap
    between stones in motion, smallest gap at rest; metres."""
    for b in range(slot.shape[0]):
        set_up(board, stones[b], in_play[b])
        release(physics, board, slot[b], origin[0], origin[1], velocity[b, 0], velocity[b, 1], spin[b])
        now, rise, gap = 0.0, -math.inf, math.inf
        before = energy(physics, board, now)
        kind = NONE + 1
        while kind != NONE:
            horizon = soonest(board, now)
            for k in range(1, samples + 1):
                time = now + (horizon - now) * k / samples
                after = energy(physics, board, time)
                rise = max(rise, (after - before) / before) if before > 1e-12 else rise
                gap = min(gap, nearest(physics, board, time))
                before = after
            kind, now, _ = proceed(physics, board, now)
            after = energy(physics, board, now)
            rise = max(rise, (after - before) / before) if before > 1e-12 else rise
            before = after
        settle(board.stones, physics.contact.diameter)
        out[b, 0], out[b, 1] = rise, gap
        out[b, 2] = nearest(physics, board, 1e9)


@kernel
def soonest(board, now):
    """A time until which the present paths surely hold, seconds."""
    time = math.inf
    for i in range(16):
        if board.stones[i].present and board.stones[i].stop > now:
            time = min(time, board.stones[i].stop, board.stones[i].leave, board.stones[i].spin_end)
            for j in range(16):
                if board.stones[j].present:
                    time = min(time, board.meet[i, j])
    return time if time < math.inf else now


@kernel
def energy(physics, board, now):
    """Kinetic energy per mass of all stones present at `now`, m^2/s^2."""
    radius, total = physics.contact.diameter / 2, 0.0
    for k in range(16):
        if board.stones[k].present:
            _, _, vx, vy = state_at(physics.table, board.stones, k, now)
            spin = spin_at(physics.table, board.stones, k, now)
            total += (vx * vx + vy * vy + radius * radius / 2 * spin * spin) / 2
    return total


@kernel
def nearest(physics, board, now):
    """Smallest gap between two stones present at `now`, metres; negative when they overlap."""
    gap = math.inf
    for i in range(16):
        if not board.stones[i].present:
            continue
        x, y, _, _ = state_at(physics.table, board.stones, i, now)
        for j in range(i):
            if board.stones[j].present:
                p, q, _, _ = state_at(physics.table, board.stones, j, now)
                gap = min(gap, math.hypot(x - p, y - q) - physics.contact.diameter)
    return gap


@pytest.mark.parametrize("name", NAMES)
@sizes(1000, 100_000)
def test_no_step_or_collision_adds_energy_and_no_stones_overlap(name, count, record_property):
    ice = get_ice(name)
    shots = random_shots(count, ice, np.random.default_rng(0))
    out = np.zeros((count, 3))
    watch(physics_of(ice, 0.0), empty_board(), np.array(ice.release_position), *shots, 8, out)
    record_property("largest relative rise of kinetic energy", out[:, 0].max())
    record_property("deepest overlap in motion, m", -out[:, 1].min())
    record_property("deepest overlap at rest, m", -out[:, 2].min())
    assert out[:, 0].max() <= 1e-12
    assert out[:, 1].min() >= -1e-4
    assert out[:, 2].min() >= -1e-6


@pytest.mark.parametrize("name", NAMES)
def test_fast_stones_do_not_tunnel(name):
    ice, rng, count = get_ice(name), np.random.default_rng(1), 4000
    stones, in_play = np.zeros((count, 16, 2)), np.zeros((count, 16), bool)
    aside = rng.uniform(-0.4, 0.4, count)
    stones[:, 0] = np.stack([aside, np.full(count, 37.0)], -1)
    in_play[:, 0] = True
    velocity = np.stack([np.zeros(count), rng.uniform(0.9, 10, count) * ice.max_speed], -1)
    motion = simulate(ice, stones, in_play, np.full(count, 15), velocity, np.zeros(count))
    assert ((motion.contacts > 0) == (np.abs(aside) < 2 * ice.sheet.stone_radius)).all()


@pytest.mark.parametrize("name", NAMES)
@sizes(2000, 20_000)
def test_mirrored_shot_gives_the_mirrored_result_bit_for_bit(name, count):
    ice = get_ice(name)
    shots = random_shots(count, ice, np.random.default_rng(2))
    mirror = np.array([-1.0, 1.0])
    mirrored = shots._replace(
        stones=shots.stones * mirror, velocity=shots.velocity * mirror, spin=-shots.spin
    )
    one, two = simulate(ice, *shots), simulate(ice, *mirrored)
    assert (one.in_play == two.in_play).all()
    assert (one.stones * mirror == two.stones).all()
    assert (one.contacts == two.contacts).all() and (one.seconds == two.seconds).all()


@pytest.mark.parametrize("name", NAMES)
@sizes(2000, 20_000)
def test_names_of_the_stones_do_not_matter(name, count, record_property):
    ice, rng = get_ice(name), np.random.default_rng(3)
    shots = random_shots(count, ice, rng, gap=1e-5)
    order = np.argsort(rng.random((count, 16)), 1)
    rows = np.arange(count)[:, None]
    shuffled = shots._replace(
        stones=shots.stones[rows, order], in_play=shots.in_play[rows, order], slot=(order == 15).argmax(1)
    )
    one, two = simulate(ice, *shots), simulate(ice, *shuffled)
    same = (one.in_play[rows, order] == two.in_play).all(1)
    apart = np.abs(one.stones[rows, order] - two.stones).max((1, 2))
    single = one.contacts <= 1
    record_property("shots with one contact at most", int(single.sum()))
    record_property("share equal to 1e-9 m", (same & (apart <= 1e-9)).mean())
    assert same[single].all() and (apart[single] == 0).all()
    assert (same & (apart <= 1e-9)).mean() >= 0.999


@pytest.mark.parametrize("name", NAMES)
@sizes(4000, 20_000)
def test_result_depends_neither_on_batch_nor_on_threads_nor_on_repetition(name, count):
    ice = get_ice(name)
    shots = random_shots(count, ice, np.random.default_rng(4))
    whole = simulate(ice, *shots, threads=1)
    for size, threads in ((1024, 2), (64, 1), (7, 2), (1, 1)):
        rows = slice(0, 40 * size if size < 64 else count)
        parts = [
            simulate(ice, *shots.take(slice(start, min(start + size, rows.stop))), threads=threads)
            for start in range(0, min(rows.stop, count), size)
        ]
        for field, array in enumerate(whole):
            assert (np.concatenate([part[field] for part in parts]) == array[rows]).all()
    for again in (simulate(ice, *shots, threads=2), simulate(ice, *shots)):
        assert all((x == y).all() for x, y in zip(whole, again, strict=True))


@pytest.mark.parametrize("name", NAMES)
@sizes(1000, 5000)
def test_table_twice_as_fine_moves_no_stone_far(name, count, record_property):
    ice = get_ice(name)
    finer = get_ice(name, interval=ice.table.interval / 2)
    shots = random_shots(count, ice, np.random.default_rng(5), gap=1e-5)
    one, two = simulate(ice, *shots), simulate(finer, *shots)
    moved = np.abs(one.stones - two.stones).max((1, 2))
    record_property("median movement, m", np.median(moved))
    record_property("99th percentile of the movement, m", np.percentile(moved, 99))
    assert (one.in_play == two.in_play).all(1).mean() >= 0.99
    assert np.median(moved) < 1e-3
    assert (moved < 5e-3).mean() >= 0.99


@pytest.mark.parametrize("name", NAMES)
@sizes(20_000, 1_000_000)
def test_every_shot_ends_within_a_minute_with_finite_positions(name, count, record_property):
    ice, rng = get_ice(name), np.random.default_rng(6)
    longest = 0.0
    for start in range(0, count, 50_000):
        shots = random_shots(min(50_000, count - start), ice, rng)
        motion = simulate(ice, *shots)
        assert np.isfinite(motion.stones).all() and np.isfinite(motion.seconds).all()
        longest = max(longest, motion.seconds.max())
    record_property("longest shot, s", longest)
    assert longest < 60


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quantum", [0.0, 1e-3])
def test_awkward_positions_come_to_rest(name, quantum):
    ice = get_ice(name)
    diameter = 2 * ice.sheet.stone_radius
    row, column = np.divmod(np.arange(15), 4)
    packed = np.stack([(column + row % 2 / 2) * diameter, row * diameter * 0.75**0.5], -1)
    packed += np.array([-0.6, ice.sheet.tee_y - 0.5])
    stones, in_play = np.zeros((16, 2)), np.zeros(16, bool)
    stones[:15], in_play[:15] = packed + 1e-9 * np.arange(15)[:, None], True
    aims = np.linspace(-1.2, 1.2, 25)
    speeds = np.array([0.0, 1e-12, 1e-6, 0.3, 0.7, 1.0, 10.0]) * ice.max_speed
    velocity = np.array([[x * speed / 36, speed] for x in aims for speed in speeds])
    velocity *= np.minimum(1, (1 - 1e-12) * ice.speed_limit / np.maximum(np.hypot(*velocity.T), 1e-300))[
        :, None
    ]
    count = len(velocity)
    for spin in (-1.0, 0.0, 1.0):
        motion = simulate(
            ice,
            np.repeat(stones[None], count, 0),
            np.repeat(in_play[None], count, 0),
            np.full(count, 15),
            velocity,
            np.full(count, spin * ice.release_spin),
            contact_quantum=quantum,
        )
        assert np.isfinite(motion.stones).all() and motion.seconds.max() < 60


def test_stones_meet_when_they_pass_a_hair_nearer_than_tangency_and_not_when_a_hair_wider():
    ice = get_ice("fcv1")
    near, far = 2 * ice.sheet.stone_radius - 1e-6, 2 * ice.sheet.stone_radius + 1e-8
    for aside, expected in ((near, 1), (-near, 1), (far, 0), (-far, 0)):
        stones, in_play = np.zeros((1, 16, 2)), np.zeros((1, 16), bool)
        stones[0, 3], in_play[0, 3] = (aside, 37.0), True
        motion = simulate(ice, stones, in_play, np.array([0]), np.array([[0.0, 3.0]]), np.zeros(1))
        assert motion.contacts[0] == expected


def test_stone_at_rest_on_another_does_not_move_by_itself():
    ice = get_ice("fcv1")
    stones, in_play = np.zeros((1, 16, 2)), np.zeros((1, 16), bool)
    stones[0, 0], stones[0, 1], in_play[0, :2] = (0, 38), (0.29, 38), True
    motion = simulate(ice, stones, in_play, np.array([8]), np.array([[0.5, 2.0]]), np.ones(1))
    assert (motion.stones[0, :2] == stones[0, :2]).all() and motion.contacts[0] == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quantum", [0.0, 1e-3])
def test_trajectory_begins_at_the_release_and_ends_where_the_engine_says(name, quantum):
    ice = get_ice(name)
    shots = random_shots(60, ice, np.random.default_rng(7))
    motion = simulate(ice, *shots, contact_quantum=quantum)
    for b in range(60):
        one = [array[b] for array in shots]
        times, positions, _ = trajectory(ice, *one, contact_quantum=quantum, interval=0.2)
        assert positions[0, 15] == pytest.approx(np.array(ice.release_position), abs=1e-9)
        assert times[-1] == motion.seconds[b]
        kept = motion.in_play[b]
        assert (positions[-1, kept] == motion.stones[b, kept]).all()
        moved = np.hypot(*np.moveaxis(np.diff(positions[:, 15], axis=0), -1, 0))
        assert np.nanmax(moved) <= np.hypot(*shots.velocity[b]) * 0.2 * (1 + 1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_lasting_contact_is_a_matter_of_few_contacts_and_events(name):
    ice = get_ice(name)
    shots = random_shots(4000, ice, np.random.default_rng(8), gap=1e-3)
    contacts = simulate(ice, *shots).contacts
    assert np.median(contacts) <= 2
    assert np.percentile(contacts, 99) <= 30
    assert contacts.max() <= 300


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_can_use_the_threads_of_its_own():
    ice = get_ice("fcv1")
    shots = random_shots(1000, ice, np.random.default_rng(9))
    simulate(ice, *shots, threads=2)
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    child = os.fork()
    if child == 0:
        simulate(ice, *shots, threads=2)
        os._exit(0)
    deadline = time.monotonic() + 60
    done, status = os.waitpid(child, os.WNOHANG)
    while not done and time.monotonic() < deadline:
        time.sleep(0.05)
        done, status = os.waitpid(child, os.WNOHANG)
    if not done:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert done and status == 0
