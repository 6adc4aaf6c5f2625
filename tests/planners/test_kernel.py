"""The kernel, its sums, its noise, and the random numbers of a tree."""

import numpy as np
import pytest

from planners.candidates import take_candidates, urn_for
from planners.compiled import entry
from planners.config import KernelConfig, SearchConfig
from planners.growth import plant
from planners.kernel import density, execute, kernel_of, regression, scatter, similarity
from planners.random_stream import normal, student_t, uniform
from planners.selection import rules_of
from planners.tree import allocate

SCALES = (0.5, 2.0)
STREAM = np.dtype([("stream", np.uint64)])


@entry
def alike(shape, points, others):
    return np.array([similarity(shape, points, row, others, row) for row in range(len(points))])


@entry
def draw(kind, freedom, count, streams):
    out = np.empty(count)
    for index in range(count):
        if kind == 0:
            out[index] = uniform(streams, 0)
        elif kind == 1:
            out[index] = normal(streams, 0)
        else:
            out[index] = student_t(streams, 0, freedom)
    return out


@entry
def perturbed(shape, ellipse, reach, point, count, streams):
    out = np.empty((count, point.shape[1]))
    for index in range(count):
        if ellipse:
            scatter(shape, reach, point, 0, out, index, streams, 0)
        else:
            execute(shape, point, 0, out, index, streams, 0)
    return out


@entry
def candidate_orders(trees, rules, points, parts, priors, seeds):
    """For each seed the parts that tree 0 takes as candidates, in their order."""
    orders, urn = np.full((len(seeds), trees.candidates.shape[2]), -1), urn_for(len(priors))
    for row in range(len(seeds)):
        plant(trees, 0, seeds[row])
        take_candidates(trees, 0, 0, rules, points, parts, priors, urn)
        for rank in range(trees.nodes[0, 0].candidates):
            orders[row, rank] = trees.candidates[0, 0, rank].part
    return orders


@entry
def taken_in_turn(trees, rules, points, parts, priors):
    """How many candidates tree 0 takes from each row of priors, and the sum of their priors, with one urn."""
    counts, sums, urn = np.zeros(len(priors), np.int64), np.zeros(len(priors)), urn_for(priors.shape[1])
    for row in range(len(priors)):
        plant(trees, 0, row)
        take_candidates(trees, 0, 0, rules, points, parts, priors[row], urn)
        counts[row] = trees.nodes[0, 0].candidates
        for rank in range(counts[row]):
            sums[row] += trees.candidates[0, 0, rank].prior
    return counts, sums


def streams(seed=0):
    return np.array([(seed,)], STREAM)


def points(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2)) * 2


def test_the_gaussian_kernel_is_the_density_of_the_noise_relative_to_its_peak():
    a, b = points(50, 1), points(50, 2)
    expected = np.exp(-0.5 * (((a - b) / SCALES) ** 2).sum(-1))
    assert np.allclose(alike(kernel_of(KernelConfig(scales=SCALES)), a, b), expected, rtol=1e-12, atol=1e-17)


def test_the_student_kernel_is_the_density_of_the_noise_relative_to_its_peak():
    a, b = points(50, 1), points(50, 2)
    expected = (1 + ((a - b) / SCALES) ** 2 / 3.0).prod(-1) ** -2.0
    shape = kernel_of(KernelConfig(kind="student_t", scales=SCALES, freedom=3.0))
    assert np.allclose(alike(shape, a, b), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
def test_an_action_is_fully_alike_to_itself_and_the_kernel_is_symmetric(kind):
    shape, a, b = kernel_of(KernelConfig(kind=kind, scales=SCALES)), points(20, 1), points(20, 2)
    assert (alike(shape, a, a) == 1).all()
    assert np.array_equal(alike(shape, a, b), alike(shape, b, a))


def test_density_and_regression_are_the_sums_of_their_formulas():
    rng = np.random.default_rng(3)
    actions, parts = points(9, 4)[None], rng.integers(0, 2, (1, 9))
    visits, means = rng.integers(1, 20, (1, 9)), rng.random((1, 9, 4))
    queries, query_parts = points(5, 5), np.array([0, 1, 0, 1, 2])
    weights = np.exp(-0.5 * (((queries[:, None] - actions[0]) / SCALES) ** 2).sum(-1))
    weights *= (query_parts[:, None] == parts[0]) * visits[0]
    config = KernelConfig(scales=SCALES)
    got, regressed = regression(config, actions, parts, visits, means, queries, query_parts)
    assert np.allclose(got[0], weights.sum(1), rtol=1e-12)
    expected = weights[:4] @ means[0] / weights[:4].sum(1, keepdims=True)
    assert np.allclose(regressed[0, :4], expected, rtol=1e-12)
    assert got[0, 4] == 0 and (regressed[0, 4] == 0).all()
    assert np.array_equal(density(config, actions, parts, visits, queries, query_parts), got)


def test_without_a_kernel_only_the_action_itself_counts():
    actions, parts, visits = points(3)[None], np.zeros((1, 3), int), np.array([[3, 4, 0]])
    config = KernelConfig(kind="none", scales=SCALES)
    assert density(config, actions, parts, visits, actions[0], parts[0]).tolist() == [[3.0, 4.0, 0.0]]


def test_density_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="points"):
        density(
            KernelConfig(scales=(1.0,)),
            np.zeros((1, 3, 2)),
            np.zeros((1, 3)),
            np.ones((1, 3)),
            np.zeros((1, 1)),
            [0],
        )
    with pytest.raises(ValueError, match="query_points"):
        density(
            KernelConfig(scales=SCALES),
            np.zeros((1, 3, 2)),
            np.zeros((1, 3)),
            np.ones((1, 3)),
            np.zeros((1, 1)),
            [0],
        )


@pytest.mark.parametrize(
    ("kind", "mean", "variance"),
    [(0, 0.5, 1 / 12), (1, 0.0, 1.0), (2, 0.0, 10 / 8)],
    ids=["uniform", "normal", "student"],
)
def test_random_numbers_have_their_moments(kind, mean, variance):
    drawn = draw(kind, 10.0, 200_000, streams(5))
    assert abs(drawn.mean() - mean) < 4 * np.sqrt(variance / len(drawn))
    assert abs(drawn.var() / variance - 1) < 0.02
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.01


def test_streams_of_neighbouring_seeds_share_nothing():
    trees = allocate(SearchConfig(KernelConfig(), simulations=1), 1000, 2, 1)
    seen = set()

    @entry
    def first_words(trees):
        out = np.empty(len(trees.trees), np.uint64)
        for t in range(len(out)):
            plant(trees, t, np.uint64(t))
            out[t] = trees.trees[t].stream
        return out

    seen.update(first_words(trees).tolist())
    assert len(seen) == 1000


def test_executed_actions_have_the_scales_and_stay_in_bounds():
    point = np.array([[1.0, -1.0]])
    drawn = perturbed(kernel_of(KernelConfig(scales=SCALES)), False, 0.0, point, 50_000, streams())
    assert np.allclose(drawn.std(0) / SCALES, 1, atol=0.02) and np.allclose(drawn.mean(0), point, atol=0.03)
    bounded = KernelConfig(scales=SCALES, low=(0.9, -1.5), high=(1.2, -0.5))
    drawn = perturbed(kernel_of(bounded), False, 0.0, point, 1000, streams())
    assert (drawn.min(0) == bounded.low).all() and (drawn.max(0) == bounded.high).all()


def test_the_ellipse_is_filled_evenly():
    point = np.array([[1.0, -1.0]])
    drawn = perturbed(kernel_of(KernelConfig(scales=SCALES)), True, 2.0, point, 50_000, streams())
    radius = np.hypot(*((drawn - point) / SCALES).T) / 2.0
    assert radius.max() <= 1 and abs((radius < np.sqrt(0.5)).mean() - 0.5) < 0.01


def orders(choice, candidates, priors, draws=20_000, temperature=1.0):
    config = SearchConfig(
        KernelConfig(),
        simulations=1,
        candidates=candidates,
        candidate_choice=choice,
        prior_temperature=temperature,
    )
    trees = allocate(config, 1, 2, 1)
    priors = np.array(priors, np.float32)
    seeds = np.arange(draws, dtype=np.uint64)
    return candidate_orders(
        trees, rules_of(config), np.zeros((len(priors), 2)), np.arange(len(priors)), priors, seeds
    )


def test_candidates_are_sampled_without_replacement_in_proportion_to_the_prior():
    got = orders("sample", 2, [0.5, 0.3, 0.0, 0.2])
    pairs, counts = np.unique(got, axis=0, return_counts=True)
    prior = np.array([0.5, 0.3, 0.0, 0.2])
    for (first, second), count in zip(pairs, counts, strict=True):
        expected = prior[first] * prior[second] / (1 - prior[first])
        assert first != second and abs(count / len(got) - expected) < 4 * np.sqrt(expected / len(got))
    assert len(pairs) == 6


def test_a_temperature_sharpens_the_prior_that_candidates_are_sampled_from():
    got = orders("sample", 1, [0.6, 0.4], temperature=0.5)
    assert abs((got == 0).mean() - 0.36 / 0.52) < 0.02


def test_a_state_for_which_nothing_is_proposed_spoils_none_after_it():
    config = SearchConfig(KernelConfig(), simulations=1, candidates=2, prior_temperature=0.5)
    priors = np.array([[0.2, 0.3, 0.5], [0.0, 0.0, 0.0], [0.6, 0.4, 0.0]], np.float32)
    arguments = allocate(config, 1, 2, 1), rules_of(config), np.zeros((3, 2)), np.arange(3), priors
    counts, sums = taken_in_turn(*arguments)
    assert counts.tolist() == [2, 0, 2]
    assert 0.5 <= sums[0] < 0.81 and sums[1] == 0.0 and abs(sums[2] - 1.0) < 1e-6


def test_a_prior_on_almost_one_action_still_gives_every_candidate_once():
    got = orders("sample", 40, [1.0] + [1e-30] * 30 + [0.0] * 9, draws=50)
    assert (np.sort(got, 1)[:, 9:] == np.arange(31)).all() and (got[:, 0] == 0).all()


def test_best_candidates_come_in_the_order_of_their_priors():
    priors = np.random.default_rng(0).random(300)
    priors[::3] = 0
    got = orders("best", 50, priors, draws=1)[0]
    assert np.array_equal(got, np.argsort(-priors, kind="stable")[:50])
