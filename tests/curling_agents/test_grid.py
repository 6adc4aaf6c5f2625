"""The policy's grid: its cells go where they say, in mirrored pairs."""

import numpy as np
import pytest

from agents.curling.search.grid import CELLS, COLUMN_SPACING, ROW_SPACING
from envs.curling.crossing import crossing
from envs.curling.physics.delivery import stop_point
from tests.curling_agents.made_positions import parts_of

CONDITIONS = [("fcv1", "dc3"), ("gat2016", "gat2016"), ("fcv1", "student_t")]


@pytest.mark.parametrize(("ice", "noise"), CONDITIONS)
def test_cells_go_to_their_targets(ice, noise):
    """Draws to a nanometre; hits, too, but the strongest beside the centre: 0.5 mm, 0.1 % of speed."""
    world, space, grid, _ = parts_of(ice, noise)
    velocity, spin = space.velocities(grid.points, grid.parts)
    draws = grid.targets[:, 2] == 0
    stop = stop_point(world.ice, velocity[draws], spin[draws])
    assert np.abs(stop - grid.targets[draws, :2]).max() < 1e-9
    across, speed = crossing(world.ice, velocity[~draws], spin[~draws], world.ice.sheet.tee_y)
    aimed, wanted = grid.targets[~draws, 0], grid.targets[~draws, 2]
    strongest = wanted == wanted.max()
    assert np.abs(across - aimed)[~strongest].max() < 1e-9
    assert np.abs(speed - wanted)[~strongest].max() < 1e-9
    assert np.abs(across - aimed).max() < 5e-4 and np.abs(speed / wanted - 1).max() < 1e-3


@pytest.mark.parametrize(("ice", "noise"), CONDITIONS)
def test_the_strongest_legal_take_out_is_on_the_grid(ice, noise):
    world, space, grid, _ = parts_of(ice, noise)
    speed = np.hypot(*space.velocities(grid.points, grid.parts)[0].T)
    assert speed.max() == pytest.approx(world.ice.max_speed, rel=1e-9)
    assert (speed <= world.ice.max_speed * (1 + 1e-9)).all()


@pytest.mark.parametrize(("ice", "noise"), CONDITIONS)
def test_a_cells_mirror_image_is_a_cell(ice, noise):
    _, space, grid, _ = parts_of(ice, noise)
    points, parts = space.mirrored(grid.points, grid.parts)
    assert np.array_equal(points, grid.points[grid.mirror])
    assert np.array_equal(parts, grid.parts[grid.mirror])
    assert np.array_equal(grid.mirror[grid.mirror], np.arange(CELLS))
    assert np.array_equal(grid.targets[grid.mirror], grid.targets * [-1.0, 1.0, 1.0])


@pytest.mark.parametrize(("ice", "noise"), CONDITIONS)
def test_each_cell_is_its_own_nearest_and_so_is_what_goes_near_it(ice, noise):
    world, space, grid, _ = parts_of(ice, noise)
    assert np.array_equal(grid.cells(grid.points, grid.parts), np.arange(CELLS))
    rng = np.random.default_rng(0)
    near = grid.points + rng.uniform(-0.3, 0.3, grid.points.shape)
    low, high = world.ice.sheet.tee_y - 4.5, world.ice.sheet.tee_y + 1.8
    velocity, spin = space.velocities(near, grid.parts)
    stop = stop_point(world.ice, velocity, spin)
    draws = (stop[:, 1] > low) & (stop[:, 1] < high) & (np.abs(stop[:, 0]) < 2.2)
    found = grid.targets[grid.cells(near, grid.parts)]
    assert draws.sum() > 1000
    assert np.abs(found[draws, 0] - stop[draws, 0]).max() <= COLUMN_SPACING / 2 + 1e-9
    inner = draws & (stop[:, 1] > world.ice.sheet.tee_y - 4.3)
    assert np.abs(found[inner, 1] - stop[inner, 1]).max() <= ROW_SPACING / 2 + 1e-9


def test_mirrored_shots_have_mirrored_cells():
    _, space, grid, _ = parts_of()
    rng = np.random.default_rng(3)
    low, high = np.array(space.kernel.low), np.array(space.kernel.high)
    points, parts = rng.uniform(low, high, (5000, 2)), rng.integers(0, 2, 5000)
    assert np.array_equal(grid.cells(*space.mirrored(points, parts)), grid.mirror[grid.cells(points, parts)])
