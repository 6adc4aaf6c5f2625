"""The search's world: shot by shot that of the games, without noise."""

import numpy as np
import pytest

from agents.curling.compiled.end_step import OUTCOMES, rules_of, settle_shots
from agents.curling.positions import POSITION, mirrored, mover, positions_of
from agents.curling.search.shot_space import ShotSpace
from agents.curling.search.simulator import EndSimulator
from envs.curling.conditions import RULE_SETS, build_world
from envs.curling.physics.delivery import Shot
from envs.curling.physics.sheet import STONES
from envs.curling.rules.free_guard_zone import settle
from envs.curling.rules.game import start_game
from envs.curling.rules.rule_set import RuleSet
from tests.curling_agents.made_positions import parts_of, random_positions, swapped

GAMES, TURNS = 60, 24
NO_TICK = RuleSet(ends=2, end_limit=2, no_tick_shots=5)


def check_turn(throw, step, row):
    """Whether a turn of a game and a row of a step are the same, to the bit."""
    after = step.states[row]
    assert np.array_equal(throw.board[0], after["stones"])
    assert np.array_equal(throw.board[1], after["in_play"] != 0)
    assert step.terminal[row] == (throw.after.end > throw.before.end)
    if step.terminal[row]:
        first, second = throw.after.scores[-1]
        assert np.array_equal(np.flatnonzero(step.outcomes[row]), [8 + first - second])
        assert step.outcomes[row].sum() == 1
    else:
        assert after["shot"] == throw.after.shot and mover(step.states)[row] == throw.after.thrower


@pytest.mark.parametrize("quantum", [0.0, 0.001])
@pytest.mark.parametrize(
    ("ice", "rules"),
    [("fcv1", "two_ends"), ("gat2016", "two_ends"), ("fcv1", "mixed_doubles"), ("fcv1", NO_TICK)],
)
def test_the_simulator_is_the_world_without_noise(ice, rules, quantum):
    world = build_world(ice, "none", rules, contact_quantum=quantum)
    space = ShotSpace(world.ice, world.noise)
    simulator, rng = EndSimulator(world, space), np.random.default_rng(5)
    low, high = (np.array(bound) for bound in (space.kernel.low, space.kernel.high))
    start = start_game(world.ice.sheet, world.rules)
    games, fouls, ends = [start] * GAMES, 0, 0
    for _ in range(TURNS):
        points = rng.uniform([low[0], low[1] / 6], [high[0] * 0.9, high[1] / 6], (GAMES, 2))
        parts = rng.integers(0, 2, GAMES)
        positions = positions_of(world, games)
        kept = positions.copy()
        step = simulator.step(positions, points, parts)
        assert np.array_equal(positions, kept)
        velocity, spin = space.velocities(points, parts)
        shots = [Shot(*v, s) for v, s in zip(velocity.tolist(), spin.tolist(), strict=True)]
        throws = world.deliver_each(games, shots, [rng] * GAMES)
        for row, throw in enumerate(throws):
            check_turn(throw, step, row)
            fouls, ends = fouls + throw.foul, ends + bool(step.terminal[row])
        games = [start if throw.after.over else throw.after for throw in throws]
    assert fouls > 0 and ends >= GAMES


@pytest.mark.parametrize("rules", [RuleSet(), NO_TICK, RuleSet(game="mixed_doubles")])
def test_compiled_fouls_are_those_of_the_rules_wherever_stones_lie(rules):
    """Before the hog line, too, and beyond the tee line beside the house, where play hardly leaves any."""
    rng, sheet, count = np.random.default_rng(6), build_world("fcv1", "none", rules).ice.sheet, 4000
    positions = np.zeros(count, POSITION)
    near, far = (-sheet.width / 2, sheet.hog_y - 1.0), (sheet.width / 2, sheet.back_y)
    positions["stones"] = rng.uniform(near, far, (count, STONES, 2))
    positions["in_play"] = rng.random((count, STONES)) < 0.2
    positions["shots"], positions["shot"] = rules.shots_per_end, rng.integers(0, 8, count)
    positions["hammer"] = rng.integers(0, 2, count)
    before = positions["stones"].copy(), positions["in_play"] != 0
    moved = before[0] + 0.2 * (rng.random((count, STONES, 1)) < 0.1)
    left = before[1] & (rng.random((count, STONES)) < 0.9)
    shot, team = positions["shot"].astype(np.int64), mover(positions)
    stones, in_play, foul = settle(sheet, rules, before, (moved, left), shot, team)
    over, outcomes = np.zeros(count, bool), np.zeros((count, OUTCOMES))
    settle_shots(rules_of(sheet, rules), positions, moved, left, over, outcomes)
    assert np.array_equal(positions["stones"], stones) and np.array_equal(positions["in_play"] != 0, in_play)
    assert count / 100 < foul.sum() < count / 2


def test_a_mirrored_shot_of_a_mirrored_position_leads_to_the_mirrored_position():
    _, space, grid, simulator = parts_of()
    positions = random_positions(400, 2)
    cells = np.random.default_rng(0).integers(0, len(grid.parts), 400)
    points, parts = grid.points[cells], grid.parts[cells]
    step = simulator.step(positions, points, parts)
    other = simulator.step(mirrored(positions), *space.mirrored(points, parts))
    assert np.array_equal(other.states["stones"], mirrored(step.states)["stones"])
    assert np.array_equal(other.outcomes, step.outcomes)


def test_the_other_team_in_the_same_place_does_the_same():
    _, _, grid, simulator = parts_of()
    positions = random_positions(400, 4)
    cells = np.random.default_rng(1).integers(0, len(grid.parts), 400)
    step = simulator.step(positions, grid.points[cells], grid.parts[cells])
    other = simulator.step(swapped(positions), grid.points[cells], grid.parts[cells])
    assert np.array_equal(other.states, swapped(step.states))
    assert np.array_equal(other.outcomes, step.outcomes[:, ::-1])
    assert np.array_equal(mover(swapped(positions)), 1 - mover(positions))


@pytest.mark.parametrize("rules", sorted(RULE_SETS))
def test_positions_say_what_games_say(rules):
    world = build_world("fcv1", "dc3", rules)
    game, rng = start_game(world.ice.sheet, world.rules), np.random.default_rng(0)
    while not game.over and game.end < 2:
        (position,) = positions_of(world, [game])
        assert mover(position[None])[0] == game.thrower
        assert (position["shot"], position["end"], position["hammer"]) == (game.shot, game.end, game.hammer)
        assert position["lead"] == game.totals[0] - game.totals[1]
        assert (position["shots"], position["ends"]) == (world.rules.shots_per_end, world.rules.ends)
        assert np.array_equal(position["stones"], game.stones)
        game, _ = world.deliver(game, Shot(rng.normal(0.13, 0.03), 2.4, np.pi / 2), rng)
