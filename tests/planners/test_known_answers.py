"""Searches whose right answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from planners.config import KernelConfig, SearchConfig
from planners.presets import PRESETS
from planners.rollout import Rollouts
from planners.search import Search
from tests.planners.worlds import WIN_OR_LOSE, Listed, OneAction, Scattered, TwoActions, fresh, odds

PLANE = KernelConfig(scales=(0.3, 0.3))
PEAK = np.array([0.8, -0.4])
TRAP, HILL = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
TRAP_WIDTH, HILL_WIDTH, NOISE = 0.1, 1.0, 0.3
SEEDS = np.arange(200)


def quadratic(points, parts):
    return 0.9 - 0.1 * ((points - PEAK) ** 2).sum(-1)


def two_peaks(points, parts):
    """A narrow peak of nearly 1 and a wide one of 0.7; under the noise the narrow one is worth about 0.1."""
    trap = np.exp(-0.5 * ((points - TRAP) ** 2).sum(-1) / TRAP_WIDTH**2)
    hill = np.exp(-0.5 * ((points - HILL) ** 2).sum(-1) / HILL_WIDTH**2)
    return np.maximum(trap, 0.7 * hill)


class Noisy(OneAction):
    """The outcome of one game of chance: won or lost, drawn from the point itself."""

    def step(self, states, points, parts):
        step = super().step(states, points, parts)
        drawn = np.modf(np.abs(np.sin(points @ (12.9898, 78.233)) * 43758.5453))[0]
        return step._replace(outcomes=odds(drawn < step.outcomes[:, 0]))


def test_the_peak_of_a_noisy_quadratic_is_found():
    config = SearchConfig(replace(PLANE, scales=(0.5, 0.5)), simulations=1000, widening=0.1, exploration=0.3)
    result = Search(config, Noisy(quadratic), Scattered(parts=1)).run(fresh(100), np.arange(100), WIN_OR_LOSE)
    misses = np.hypot(*(result.point - PEAK).T)
    random_miss = np.hypot(*(np.random.default_rng(0).uniform(-3, 3, (10_000, 2)) - PEAK).T).mean()
    assert np.median(misses) < 0.8 < random_miss / 2


def test_the_trap_is_a_trap():
    rng = np.random.default_rng(0)
    thrown = rng.standard_normal((2, 100_000, 2)) * NOISE
    trap, hill = (
        two_peaks(place + noise, None).mean() for place, noise in zip((TRAP, HILL), thrown, strict=True)
    )
    assert two_peaks(TRAP[None], None) > 0.95 > two_peaks(HILL[None], None)
    assert trap < 0.4 < 0.6 < hill


def share_of_trap(kind, seeds, **changes):
    grid = np.stack(np.meshgrid(np.linspace(-2, 2, 17), np.linspace(-1, 1, 9)), -1).reshape(-1, 2)
    kernel = KernelConfig(kind=kind, scales=(NOISE, NOISE))
    config = SearchConfig(kernel, simulations=600, candidates=len(grid), widening=0.02, exploration=0.1)
    result = Search(replace(config, **changes), OneAction(two_peaks), Listed(grid)).run(
        fresh(len(seeds)), seeds, WIN_OR_LOSE
    )
    return (np.hypot(*(result.point - TRAP).T) < 2 * TRAP_WIDTH).mean()


def test_without_the_kernel_the_search_walks_into_the_trap():
    assert share_of_trap("none", SEEDS) >= 0.9


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
def test_with_the_kernel_the_search_avoids_the_trap(kind):
    assert share_of_trap(kind, SEEDS) <= 0.1


@pytest.mark.parametrize("kind", ["gaussian", "student_t", "none"])
def test_executing_the_last_action_avoids_the_trap_without_widening(kind):
    assert share_of_trap(kind, SEEDS, widening=0.0, exploration=0.5, execute_last=True) <= 0.1
    assert kind != "none" or share_of_trap(kind, SEEDS, widening=0.0, exploration=0.5) >= 0.9


def greedy_is_wrong(first, second):
    """Left of 0 player 1 has an answer (right of 0) that wins; right of 0 player 0 keeps at least 0.6."""
    left = np.where(second > 0, 0.05, 0.95)
    right = 0.6 + 0.1 * (second < 0)
    return np.where(first < 0, left, right)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_finds_the_best_line_of_two_players(name):
    config = replace(PRESETS[name](PLANE), simulations=600, exploration=0.5, final="weight")
    line = Listed(np.stack([np.linspace(-2, 2, 12), np.zeros(12)], -1))
    search = Search(config, TwoActions(greedy_is_wrong), line)
    result = search.run(fresh(20), np.arange(20), WIN_OR_LOSE)
    assert (result.point[:, 0] > 0).all()
    assert (np.abs(result.values[np.arange(20), result.chosen] - 0.6) < 0.1).all()


def test_the_second_player_minimises():
    states = fresh(20)
    states["turn"], states["first"] = 1, -1.0
    config = replace(PRESETS["kr_dl_uct"](PLANE), simulations=100)
    result = Search(config, TwoActions(greedy_is_wrong), Scattered(parts=1)).run(
        states, np.arange(20), WIN_OR_LOSE
    )
    assert (result.mover == 1).all() and (result.point[:, 0] > 0).all()


def test_the_utility_decides_which_player_the_search_plays_for():
    search = Search(replace(PRESETS["kr_dl_uct"](PLANE), simulations=300), OneAction(quadratic), Scattered())
    wins = search.run(fresh(20), np.arange(20), WIN_OR_LOSE)
    losses = search.run(fresh(20), np.arange(20), 1 - WIN_OR_LOSE)
    gained = [result.outcomes[np.arange(20), result.chosen, 0].mean() for result in (wins, losses)]
    assert gained[0] > 0.8 > 0.3 > gained[1]


def test_each_game_may_have_its_own_utility():
    utilities = np.array([WIN_OR_LOSE, 1 - WIN_OR_LOSE])
    search = Search(replace(PRESETS["kr_dl_uct"](PLANE), simulations=300), OneAction(quadratic), Scattered())
    both = search.run(fresh(2), np.arange(2), utilities)
    for game in range(2):
        alone = search.run(fresh(2)[game : game + 1], np.arange(2)[game : game + 1], utilities[game])
        assert both.point[game].tolist() == alone.point[0].tolist()


class Evens:
    def outcomes(self, states):
        return odds(np.full(len(states), 0.5))


@pytest.mark.parametrize("name", ["kr_uct", "uct"])
def test_rollouts_find_the_peak_without_a_network(name):
    grid = Listed(np.stack(np.meshgrid(np.linspace(-3, 3, 7), np.linspace(-3, 3, 4)), -1).reshape(-1, 2))
    world = OneAction(quadratic)
    config = replace(PRESETS[name](PLANE), simulations=400)
    search = Search(config, world, Rollouts(world, grid, Evens(), noise=PLANE))
    result = search.run(fresh(20), np.arange(20), WIN_OR_LOSE)
    assert np.median(np.hypot(*(result.point - PEAK).T)) < 1.0


def test_a_rollout_plays_to_the_end_or_asks_the_judge():
    line = Listed([[0.5, 0.0], [0.5, 1.0]])
    world = TwoActions(lambda first, second: 0.25 + 0.5 * (first == 0.5) * (second == 0.5))
    seeds = np.arange(8, dtype=np.uint64)
    ended = Rollouts(world, line, Evens(), length=2).evaluate(fresh(8), seeds).outcomes
    cut = Rollouts(world, line, Evens(), length=1).evaluate(fresh(8), seeds).outcomes
    unplayed = Rollouts(world, line, Evens(), length=0).evaluate(fresh(8), seeds).outcomes
    assert (ended[:, 0] == 0.75).all() and (cut == 0.5).all() and (unplayed == 0.5).all()


def test_each_game_of_a_rollout_keeps_its_own_outcome_whenever_it_ends():
    states = fresh(8)
    states["turn"] = np.arange(8) % 2
    world = TwoActions(lambda first, second: np.full(len(first), 0.75))
    rollouts = Rollouts(world, Listed([[0.5, 0.0]]), Evens(), length=1)
    outcomes = rollouts.evaluate(states, np.arange(8, dtype=np.uint64)).outcomes
    assert outcomes[:, 0].tolist() == [0.5, 0.75] * 4


def test_actions_of_a_rollout_are_executed_with_its_noise_alone():
    played = []

    class Heard(OneAction):
        def step(self, states, points, parts):
            played.append(points.copy())
            return super().step(states, points, parts)

    line, states, seeds = Listed([[0.5, -0.5]]), fresh(2000), np.arange(2000, dtype=np.uint64)
    for noise in (None, KernelConfig(scales=(0.3, 0.1))):
        Rollouts(Heard(quadratic), line, Evens(), noise=noise).evaluate(states, seeds)
    assert (played[0] == (0.5, -0.5)).all()
    misses = (played[1] - (0.5, -0.5)) / (0.3, 0.1)
    assert np.abs(misses.mean(0)).max() < 0.1 and np.abs(misses.std(0) - 1).max() < 0.06
