"""The compiled search against a few lines of plain Python that do the same with sums in full."""

from dataclasses import replace

import numpy as np
import pytest

from planners.compiled import entry
from planners.config import KernelConfig, SearchConfig
from planners.interfaces import Evaluation, Proposal
from planners.kernel import density, kernel_of, regression
from planners.search import Search
from planners.selection import _density_beside, rules_of
from planners.tree import ROOT
from tests.planners.worlds import WIN_OR_LOSE, Endless, OneAction, Scattered, fresh, odds

PLANE = KernelConfig(scales=(0.6, 0.9))
POINTS = np.random.default_rng(8).uniform(-2, 2, (12, 2))
PARTS = np.arange(12) % 2
PRIORS = np.sort(np.random.default_rng(9).dirichlet(np.ones(12)))[::-1].astype(np.float32)
EVEN = 0.5


def landscape(points, parts):
    return 0.5 + 0.4 * np.sin(2 * points[:, 0] + points[:, 1] + parts)


class Fixed:
    def evaluate(self, states, seeds):
        return Evaluation(odds(np.full(len(states), EVEN)), Proposal(POINTS[None], PARTS[None], PRIORS[None]))


def searched(config, turn=0):
    states = fresh(1)
    world = OneAction(landscape)
    world.mover = lambda states: np.full(len(states), turn)
    return Search(config, world, Fixed()).run(states, [0], WIN_OR_LOSE)


@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("kind", ["gaussian", "student_t", "none"])
def test_selection_by_kernel_counts_visits_what_the_formula_says(kind, turn):
    kernel, sign = replace(PLANE, kind=kind), 1 - 2 * turn
    values, visits = landscape(POINTS, PARTS), np.ones(12)
    for _ in range(300 - 12):
        weights, means = regression(
            kernel, POINTS[None], PARTS[None], visits[None], values[None, :, None], POINTS, PARTS
        )
        bound = sign * means[0, :, 0] + 0.3 * np.sqrt(np.log(weights.sum()) / weights[0])
        visits[bound.argmax()] += 1
    config = SearchConfig(kernel, simulations=300, exploration=0.3, candidates=12, widening=0.0)
    result = searched(replace(config, candidate_choice="best"), turn)
    assert result.visits[0].tolist() == visits.tolist()


@pytest.mark.parametrize(("actions", "leaves"), [(12, 5), (3, 40)])
def test_leaves_in_flight_count_as_visits_without_a_value(actions, leaves):
    values, visits = landscape(POINTS, PARTS)[:actions], np.zeros(actions)
    while visits.sum() < 203:
        flying, known = np.zeros(actions), visits > 0
        while flying.sum() < min(leaves, 203 - visits.sum()):
            count = visits + flying
            if (count == 0).any():
                flying[count.argmin()] += 1
            elif not known.any():
                break
            else:
                bound = values + 0.3 * np.sqrt(np.log(count.sum()) / count)
                flying[np.where(known, bound, -np.inf).argmax()] += 1
        visits += flying
    config = SearchConfig(replace(PLANE, kind="none"), simulations=203, exploration=0.3, widening=0.0)
    result = searched(replace(config, candidates=actions, leaves=leaves, candidate_choice="best"))
    assert result.visits[0].tolist() == visits.tolist()


@pytest.mark.parametrize("turn", [0, 1])
def test_the_lower_bound_decides_what_is_played_for_either_player(turn):
    config = SearchConfig(PLANE, simulations=12, candidates=12, widening=0.0)
    config = replace(config, candidate_choice="best", final="lower_bound")
    played = set()
    for final_exploration in (0.0, 0.1, 1.0, 10.0):
        result = searched(replace(config, final_exploration=final_exploration), turn)
        weights, sign = result.weights[0], 1 - 2 * turn
        doubt = final_exploration * np.sqrt(np.log(weights.sum()) / weights)
        assert result.chosen[0] == (sign * result.values[0] - doubt).argmax()
        played.add(int(result.chosen[0]))
    assert len(played) > 1


@entry
def densities_beside(trees, rules, shape, chosen):
    """`_density_beside` of scratch points that are those of the root's actions in turn."""
    root, scratch = trees.nodes[0, ROOT], trees.points.shape[1] - 1
    found = np.empty(root.children)
    for child in range(root.children):
        trees.points[0, scratch] = trees.points[0, root.first + child]
        found[child] = _density_beside(trees, 0, ROOT, root.first + chosen, scratch, rules, shape)
    return found


@pytest.mark.parametrize("by", ["visits", "actions"])
def test_the_density_at_a_new_action_is_that_of_its_part(by):
    config = SearchConfig(PLANE, simulations=80, candidates=12, widening=0.0, candidate_choice="best")
    config = replace(config, widening_density=by)
    search = Search(config, OneAction(landscape), Fixed())
    result = search.run(fresh(1), [0], WIN_OR_LOSE)
    counts = result.visits if by == "visits" else np.ones_like(result.visits)
    for chosen in (0, 1):
        parts = np.full(12, result.parts[0, chosen])
        expected = density(PLANE, result.points, result.parts, counts, result.points[0], parts)[0]
        found = densities_beside(search.trees, rules_of(config), kernel_of(PLANE), chosen)
        assert np.allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("turn", [0, 1])
def test_selection_by_prior_visits_what_the_formula_says(turn):
    sign, values, visits, total = 1 - 2 * turn, landscape(POINTS, PARTS), np.zeros(12), EVEN
    priors = PRIORS.astype(np.float64) / PRIORS.astype(np.float64).sum()
    for played in range(200):
        means = np.where(visits > 0, values, total / (1 + played))
        chosen = (sign * means + 0.7 * priors * np.sqrt(1 + played) / (1 + visits)).argmax()
        visits[chosen] += 1
        total += values[chosen]
    config = SearchConfig(
        replace(PLANE, kind="none"),
        simulations=200,
        selection="puct",
        candidate_choice="best",
        exploration=0.7,
        candidates=12,
        widening=0.0,
    )
    result = searched(config, turn)
    assert result.visits[0].tolist() == visits[visits > 0].astype(int).tolist()


def widened(seeds=40, **changes):
    """Root actions of searches that widen, and which of them widening added."""
    config = SearchConfig(PLANE, simulations=200, candidates=5, widening=0.3)
    search = Search(replace(config, **changes), OneAction(landscape), Scattered(span=2.0, actions=5))
    result = search.run(fresh(seeds), np.arange(seeds), WIN_OR_LOSE)
    return result, (result.priors == 0) & (result.visits > 0)


def nearest(result, b, c):
    """Distance in kernel scales from an action to the nearest one of its part that was there before it."""
    before = result.parts[b, :c] == result.parts[b, c]
    return np.sqrt((((result.points[b, :c] - result.points[b, c]) / PLANE.scales) ** 2).sum(-1))[before].min()


@pytest.mark.parametrize(("widening", "simulations"), [(0.3, 188), (0.3, 189), (1.0, 196), (1.0, 197)])
def test_actions_grow_with_the_square_root_of_the_visits(widening, simulations):
    result, _ = widened(widening=widening, simulations=simulations)
    count = 5
    for played in range(5, simulations):
        count += played >= widening * count**2
    assert abs(count - np.sqrt(simulations / widening)) <= 1 and (result.count == count).all()


def test_new_actions_lie_in_the_ellipse_around_an_older_one():
    result, new = widened(widening_shape="ellipse", widening_reach=1.5)
    distances = [nearest(result, b, c) for b, c in np.argwhere(new)]
    assert len(distances) > 500 and max(distances) <= 1.5


def test_of_several_samples_the_one_with_the_lowest_density_becomes_the_action():
    spread = []
    for samples in (1, 20):
        result, new = widened(widening_samples=samples)
        spread.append(np.mean([nearest(result, b, c) for b, c in np.argwhere(new)]))
    assert spread[1] > 1.5 * spread[0]


def test_new_actions_are_at_least_as_alike_as_asked():
    result, new = widened(widening_samples=50, widening_least=0.5)
    distances = np.array([nearest(result, b, c) for b, c in np.argwhere(new)])
    assert (np.exp(-0.5 * distances**2) > 0.5).mean() > 0.99


def test_candidates_are_executed_with_noise_only_when_asked():
    intended = searched(SearchConfig(PLANE, simulations=12, candidates=12, candidate_choice="best"))
    assert np.array_equal(intended.points[0], POINTS)
    executed = searched(
        SearchConfig(PLANE, simulations=12, candidates=12, candidate_choice="best", execute_candidates=True)
    )
    misses = (executed.points[0] - POINTS) / PLANE.scales
    assert 0.6 < misses.std() < 1.4


def test_no_action_is_tried_below_the_depth_limit():
    for depth in (1, 2, 3):
        search = Search(SearchConfig(PLANE, simulations=300, max_depth=depth), Endless(30), Scattered())
        result = search.run(fresh(2), [0, 1], WIN_OR_LOSE)
        used = search.trees.nodes["depth"][0, : search.trees.trees["nodes"][0]]
        assert used.max() == depth and (result.simulations == 300).all()
