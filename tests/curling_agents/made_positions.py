"""Positions for the tests: random ones that play has led to, and boards laid by hand."""

from functools import cache

import numpy as np

from agents.curling.positions import POSITION, positions_of
from agents.curling.search.grid import CELLS, PolicyGrid
from agents.curling.search.shot_space import ShotSpace
from agents.curling.search.simulator import EndSimulator
from envs.curling.conditions import build_world
from envs.curling.physics.sheet import STONES, STONES_PER_TEAM, WORLD_CURLING
from envs.curling.rules.game import start_game


@cache
def world_of(ice="fcv1", noise="dc3", rules="eight_ends"):
    return build_world(ice, noise, rules)


@cache
def parts_of(ice="fcv1", noise="dc3", rules="eight_ends"):
    """World, space, grid and simulator."""
    world = world_of(ice, noise, rules)
    space = ShotSpace(world.ice, world.noise)
    return world, space, PolicyGrid(world.ice, space), EndSimulator(world, space)


def random_positions(count, seed, **conditions):
    """Positions of every shot of ends played with shots of random cells; any score and end."""
    world, _, grid, simulator = parts_of(**conditions)
    rng, played = np.random.default_rng(seed), []
    shots = world.rules.shots_per_end
    now = positions_of(world, [start_game(world.ice.sheet, world.rules)] * (count // shots + 1))
    now["hammer"] = rng.integers(0, 2, len(now)) if world.rules.game == "standard" else now["hammer"]
    now["lead"], now["end"] = rng.integers(-4, 5, len(now)), rng.integers(0, 9, len(now))
    for _ in range(shots):
        played.append(now)
        cells = rng.integers(0, CELLS, len(now))
        now = simulator.step(now, grid.points[cells], grid.parts[cells]).states
    played = np.concatenate(played)
    return played[rng.permutation(len(played))[:count]]


def laid(team_0=(), team_1=(), *, shot=15, hammer=1, lead=0, end=0, ends=8):
    """One position [1] with stones at (x, metres beyond the tee)."""
    position = np.zeros(1, POSITION)
    for team, places in enumerate((team_0, team_1)):
        for number, (x, beyond) in enumerate(places):
            position["stones"][0, 8 * team + number] = x, WORLD_CURLING.tee_y + beyond
            position["in_play"][0, 8 * team + number] = 1
    position["shot"], position["shots"], position["hammer"] = shot, 16, hammer
    position["lead"], position["end"], position["ends"] = lead, end, ends
    return position


def swapped(positions):
    """The same positions [B] with the teams' names exchanged."""
    other = positions.copy()
    slots = np.roll(np.arange(STONES), STONES_PER_TEAM)
    other["stones"], other["in_play"] = positions["stones"][:, slots], positions["in_play"][:, slots]
    other["hammer"], other["lead"] = 1 - positions["hammer"], -positions["lead"]
    return other
