"""What holds for every search, whatever it finds."""

from dataclasses import replace

import numpy as np
import pytest

from planners.config import KernelConfig, SearchConfig
from planners.interfaces import Evaluation, Proposal, Step
from planners.kernel import regression
from planners.presets import PRESETS
from planners.search import Search
from planners.tree import NOBODY, ROOT
from tests.planners.worlds import WIN_OR_LOSE, Endless, Scattered, fresh

PLANE = KernelConfig(scales=(0.8, 0.4))
QUICK_SEARCHES, ALL_SEARCHES, AT_ONCE = 400, 10_000, 20


def config(**changes):
    return replace(SearchConfig(PLANE, simulations=120, candidates=8, widening=0.3), **changes)


def searched(settings, seeds, world=None, judge=None, **options):
    search = Search(settings, world or Endless(4), judge or Scattered(), **options)
    return search, search.run(fresh(1000)[np.asarray(seeds)], np.asarray(seeds), WIN_OR_LOSE)


def same(first, second, rows=slice(None)):
    """Whether two results agree to the bit, without the padding."""
    for name, a, b in zip(first._fields, first, second, strict=True):
        a, b = a[rows], np.asarray(b)
        if a.ndim > 1 and name != "outcome":
            width = max(a.shape[1], b.shape[1])
            a, b = (
                np.concatenate([x, np.zeros((len(x), width - x.shape[1], *x.shape[2:]), x.dtype)], 1)
                for x in (a, b)
            )
        if not np.array_equal(a, b):
            return False
    return True


def random_config(rng):
    kernel = KernelConfig(
        kind=str(rng.choice(["gaussian", "student_t", "none"])),
        scales=tuple(rng.uniform(0.05, 2, 2).tolist()),
    )
    puct = bool(rng.random() < 0.2)
    return SearchConfig(
        kernel,
        simulations=int(rng.integers(1, 60)),
        selection="puct" if puct else "ucb",
        candidate_choice="best" if puct else str(rng.choice(["best", "sample"])),
        exploration=float(rng.uniform(0, 2)),
        candidates=int(rng.integers(1, 24)),
        prior_temperature=float(rng.uniform(0.3, 3)),
        widening=0.0 if puct else float(rng.choice([0.0, 0.1, 1.0])),
        widening_samples=int(rng.integers(1, 6)),
        widening_shape=str(rng.choice(["noise", "ellipse"])),
        widening_density=str(rng.choice(["visits", "actions"])),
        widening_least=float(rng.choice([0.0, 0.02])),
        execute_candidates=bool(rng.random() < 0.5),
        execute_last=bool(rng.random() < 0.5),
        widening_last=None if rng.random() < 0.5 else float(rng.choice([0.0, 0.2])),
        max_depth=int(rng.integers(0, 4)),
        final=str(rng.choice(["weight", "lower_bound"])),
        leaves=int(rng.integers(1, 9)),
    )


def random_searches(total):
    rng = np.random.default_rng(0)
    for start in range(0, total, AT_ONCE):
        settings = random_config(rng)
        states, seeds = fresh(AT_ONCE), np.arange(start, start + AT_ONCE)
        states["turn"], states["first"] = rng.integers(0, 3, AT_ONCE), rng.normal(size=AT_ONCE)
        search = Search(settings, Endless(5), Scattered(actions=24))
        before = states.copy()
        temperature = float(rng.choice([0.0, 1.0]))
        result = search.run(states, seeds, WIN_OR_LOSE, temperature=temperature)
        assert np.array_equal(before, states), "the states given were changed"
        again = search.run(states[:5], seeds[:5], WIN_OR_LOSE, temperature=temperature)
        assert same(result, again, slice(5)), "the same seed gave another result"
        check_result(settings, result)
        yield search, result


def check_result(settings, result):
    real = np.arange(result.visits.shape[1]) < result.count[:, None]
    assert (result.simulations == settings.simulations).all()
    assert (result.count >= 1).all() and (result.chosen < result.count).all() and (result.chosen >= 0).all()
    assert (result.visits[real] >= 1).all() and not result.visits[~real].any()
    assert (result.visits.sum(1) <= settings.simulations).all()
    for values in (result.values[real], result.value, result.outcomes, result.outcome):
        assert np.isfinite(values).all() and values.min() >= -1e-9 and values.max() <= 1 + 1e-9
    assert np.allclose(result.outcomes[real].sum(-1), 1, atol=1e-9) and np.allclose(result.outcome.sum(-1), 1)
    assert np.isfinite(result.weights).all() and (result.weights[real] >= result.visits[real] - 1e-9).all()
    assert (result.priors >= 0).all() and (result.priors.sum(1) <= 1 + 1e-6).all()


def test_random_searches_keep_the_laws():
    assert sum(len(result.count) for _, result in random_searches(QUICK_SEARCHES)) == QUICK_SEARCHES


@pytest.mark.slow
def test_ten_thousand_random_searches_keep_the_laws():
    assert sum(len(result.count) for _, result in random_searches(ALL_SEARCHES)) == ALL_SEARCHES


class Louder(Scattered):
    """The same proposals with priors that sum to 7."""

    def evaluate(self, states, seeds):
        outcomes, (points, parts, priors) = super().evaluate(states, seeds)
        return Evaluation(outcomes, Proposal(points, parts, 7.0 * priors))


@pytest.mark.parametrize("judge", [Scattered, Louder])
def test_priors_of_all_proposed_actions_sum_to_one(judge):
    _, result = searched(config(candidates=20, widening=0.0), range(30), judge=judge())
    assert np.allclose(result.priors.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("kind", ["gaussian", "student_t", "none"])
def test_the_regressed_outcomes_of_an_action_are_worth_its_regressed_value(kind):
    _, result = searched(config(kernel=replace(PLANE, kind=kind)), range(10))
    assert np.allclose(result.outcomes @ WIN_OR_LOSE, result.values, rtol=0, atol=1e-9)


def brute_sums(trees, t, node, settings):
    """W and E of the children of a node, from their visits alone."""
    edges = slice(
        trees.nodes[t, node]["first"], trees.nodes[t, node]["first"] + trees.nodes[t, node]["children"]
    )
    record, points = trees.edges[t, edges], trees.points[t, edges]
    means = (record["value"] / record["visits"])[None, :, None]
    weights, values = regression(
        settings.kernel,
        points[None],
        record["part"][None],
        record["visits"][None],
        means,
        points,
        record["part"],
    )
    return record, weights[0], values[0, :, 0]


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
@pytest.mark.parametrize(("leaves", "last"), [(1, False), (6, False), (6, True)])
def test_incremental_kernel_sums_equal_brute_force_at_every_node(kind, leaves, last):
    settings = config(kernel=replace(PLANE, kind=kind), simulations=500, leaves=leaves, execute_last=last)
    search, _ = searched(settings, range(3))
    checked = 0
    for t in range(3):
        for node in range(search.trees.trees[t]["nodes"]):
            if search.trees.nodes[t, node]["children"] == 0:
                continue
            record, weights, values = brute_sums(search.trees, t, node, settings)
            assert np.allclose(record["weight"], weights, rtol=1e-10, atol=0)
            assert np.allclose(record["total"] / record["weight"], values, rtol=1e-10, atol=1e-12)
            assert np.isclose(search.trees.nodes[t, node]["density"], weights.sum(), rtol=1e-10)
            checked += len(weights)
    assert checked > 1000


class Watched(Endless):
    """Remembers the points that were played."""

    def __init__(self, last):
        super().__init__(last)
        self.played = []

    def step(self, states, points, parts):
        self.played += points.tolist()
        return super().step(states, points, parts)


@pytest.mark.parametrize("leaves", [1, 5])
@pytest.mark.parametrize("kind", ["gaussian", "none"])
def test_the_last_action_is_executed_with_fresh_noise_at_every_visit_but_the_first(kind, leaves):
    settings = config(kernel=replace(PLANE, kind=kind), widening=0.0, candidates=1, leaves=leaves)
    world = Watched(1)
    searched(settings, [3], world)
    assert len(world.played) == 1
    world = Watched(1)
    search, result = searched(replace(settings, simulations=2000, execute_last=True), [3], world)
    noise = (np.array(world.played) - result.point[0]) / PLANE.scales
    assert len(noise) == 2000 and not noise[0].any() and noise[1:].all()
    assert np.abs(noise[1:].mean(0)).max() < 0.1 and np.abs(noise[1:].std(0) - 1).max() < 0.1
    assert search.trees.nodes[0, ROOT]["last"]


def test_only_the_last_actions_are_executed_with_noise():
    settings = config(widening=0.0, candidates=2, simulations=300, execute_last=True)
    world = Watched(2)
    search, _ = searched(settings, [3], world)
    nodes, edges = search.trees.nodes[0], search.trees.edges[0]
    last = {node for node in range(search.trees.trees[0]["nodes"]) if nodes[node]["last"]}
    assert last and ROOT not in last
    first_actions = [tuple(search.trees.points[0, nodes[node]["edge"]]) for node in last]
    played = [tuple(point) for point in world.played]
    assert all(played.count(point) == 1 for point in first_actions)
    assert len(set(played)) == len(played) == 300
    assert sum(edges[nodes[node]["edge"]]["visits"] for node in last) == 300


@pytest.mark.parametrize("leaves", [1, 5])
def test_every_visit_is_counted_once_on_its_whole_path(leaves):
    search, result = searched(config(simulations=300, leaves=leaves), range(4), world=Endless(30))
    trees = search.trees
    for t in range(4):
        used = trees.nodes[t, : trees.trees[t]["nodes"]]
        edges = trees.edges[t, used["edge"]]
        below = np.zeros(len(used), int)
        np.add.at(below, used["parent"][1:], edges["visits"][1:])
        assert (edges["node"] == np.arange(len(used))).all() and (edges["in_flight"] == 0).all()
        assert (edges["visits"] == 1 + below).all()
        assert (
            used["parent"][ROOT] == NOBODY
            and (used["depth"][1:] == used["depth"][used["parent"][1:]] + 1).all()
        )
    assert np.array_equal(result.outcome[:, 0], result.value)


@pytest.mark.parametrize("changes", [{}, {"leaves": 4}, {"max_depth": 2}])
def test_a_search_does_not_depend_on_the_rest_of_its_batch(changes):
    _, together = searched(config(**changes), range(30))
    _, reversed_ = searched(config(**changes), range(29, -1, -1))
    assert same(together, type(reversed_)(*(array[::-1] for array in reversed_)))
    for seed in (0, 7, 29):
        assert same(together, searched(config(**changes), [seed])[1], slice(seed, seed + 1))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_search_does_not_depend_on_threads_or_used_memory(name):
    settings = replace(PRESETS[name](PLANE), simulations=90)
    search, first = searched(settings, range(13))
    again = search.run(fresh(13), np.arange(13), WIN_OR_LOSE)
    assert same(first, again)
    for groups in (2, 5, 40):
        assert same(first, searched(settings, range(13), groups=groups)[1])


def test_fewer_games_are_searched_in_the_memory_of_more():
    search, many = searched(config(), range(13))
    room = search.trees.nodes
    fewer = search.run(fresh(13)[:4], np.arange(4), WIN_OR_LOSE)
    assert np.shares_memory(search.trees.nodes, room) and len(search.trees.nodes) == 4
    assert same(many, type(many)(*fewer), slice(0, 4))


def test_other_seeds_give_other_searches():
    _, first = searched(config(), [1])
    second = Search(config(), Endless(4), Scattered()).run(fresh(1000)[[1]], np.array([2]), WIN_OR_LOSE)
    assert not same(first, second)


@pytest.mark.parametrize("leaves", [1, 16, 64])
@pytest.mark.parametrize("selection", ["ucb", "puct"])
def test_every_simulation_visits_a_leaf_however_many_are_gathered_at_once(leaves, selection):
    settings = config(simulations=64, candidates=5, selection=selection, candidate_choice="best")
    _, result = searched(replace(settings, leaves=leaves), range(6))
    assert (result.visits.sum(1) == 64).all()


def test_several_leaves_a_step_ask_the_evaluator_less_often_and_agree_in_value():
    calls = []

    class Counted(Scattered):
        def evaluate(self, states, seeds):
            calls.append(len(states))
            return super().evaluate(states, seeds)

    settings = config(simulations=400)
    _, one = searched(settings, range(20), judge=Counted())
    few = len(calls)
    _, many = searched(replace(settings, leaves=16), range(20), judge=Counted())
    assert (many.simulations == 400).all() and len(calls) - few <= 40 < few
    assert abs(many.value.mean() - one.value.mean()) < 0.05


def test_temperature_draws_actions_in_proportion_to_their_weights():
    states, seeds = np.repeat(fresh(1), 2000), np.zeros(2000, int)
    search = Search(config(simulations=40, widening=0.0, candidates=4), Endless(3), Scattered(parts=1))
    cold = search.run(states[:1], seeds[:1], WIN_OR_LOSE)
    assert cold.chosen[0] == cold.weights[0].argmax()

    drawn = np.array(
        [search.run(states[:1], [s], WIN_OR_LOSE, temperature=1e-3).chosen[0] for s in range(20)]
    )
    best = np.array([search.run(states[:1], [s], WIN_OR_LOSE).chosen[0] for s in range(20)])
    assert (drawn == best).all()
    seeds = np.arange(2000)
    warm = search.run(states, seeds, WIN_OR_LOSE, temperature=1.0)
    share = warm.weights / warm.weights.sum(1, keepdims=True)
    expected, got = share.mean(0), np.bincount(warm.chosen, minlength=4) / 2000
    assert np.abs(got - expected).max() < 0.04  # more than three standard errors


class Broken(Endless):
    """The world, wrong in one respect from its third step on."""

    def __init__(self, fault):
        super().__init__(4)
        self.fault, self.steps = fault, 0

    def mover(self, states):
        return np.full(len(states), 7) if self.fault == "mover" and self.steps > 2 else super().mover(states)

    def step(self, states, points, parts):
        self.steps += 1
        step = super().step(states, points, parts)
        if self.steps <= 2:
            return step
        wrong = {
            "outcomes": Step(step.states, ~step.terminal | True, np.full_like(step.outcomes, np.nan)),
            "states": step._replace(states=step.states[:-1]),
            "terminal": step._replace(terminal=step.terminal[:-1]),
        }
        return wrong.get(self.fault, step)


@pytest.mark.parametrize("fault", ["mover", "outcomes", "states", "terminal"])
def test_a_wrong_answer_of_the_simulator_is_an_error_in_the_same_step(fault):
    world = Broken(fault)
    with pytest.raises(ValueError, match=fault):
        searched(config(), range(4), world=world)
    assert world.steps == 3


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("outcomes", lambda e: e._replace(outcomes=e.outcomes * np.nan)),
        ("outcomes", lambda e: e._replace(outcomes=e.outcomes * 1.1)),
        ("outcomes", lambda e: e._replace(outcomes=e.outcomes[:, :1])),
        ("priors", lambda e: e._replace(proposal=e.proposal._replace(priors=-e.proposal.priors))),
        ("priors", lambda e: e._replace(proposal=e.proposal._replace(priors=e.proposal.priors * np.inf))),
        ("priors", lambda e: e._replace(proposal=e.proposal._replace(priors=e.proposal.priors * 0))),
        ("points", lambda e: e._replace(proposal=e.proposal._replace(points=e.proposal.points * np.nan))),
        ("points", lambda e: e._replace(proposal=e.proposal._replace(points=e.proposal.points[..., :1]))),
        (
            "parts",
            lambda e: e._replace(
                proposal=Proposal(e.proposal.points, e.proposal.parts[:, 1:], e.proposal.priors)
            ),
        ),
    ],
)
def test_a_wrong_answer_of_the_evaluator_is_an_error(field, change):
    class Wrong(Scattered):
        def evaluate(self, states, seeds):
            return change(super().evaluate(states, seeds))

    with pytest.raises(ValueError, match=field), np.errstate(invalid="ignore"):
        searched(config(), range(4), judge=Wrong())


def test_memory_of_a_tree_is_reported():
    search, _ = searched(config(), range(6))
    assert search.trees.bytes_per_tree == sum(array[:1].nbytes for array in search.trees)
    assert 0 < search.trees.bytes_per_tree < 200_000


class Silent:
    """A judge who proposes nothing for some states."""

    def evaluate(self, states, seeds):
        priors = np.ones((len(states), 3)) * (np.arange(len(states)) % 2 == 0)[:, None]
        return Evaluation(
            np.full((len(states), 2), 0.5), Proposal(np.zeros((1, 3, 1)), np.zeros((1, 3), int), priors)
        )


def test_a_root_for_which_nothing_is_proposed_is_refused_before_anything_is_played():
    class Untouched(Endless):
        def step(self, states, points, parts):
            raise AssertionError("played")

    config = SearchConfig(KernelConfig(scales=(1.0,)), simulations=20)
    with pytest.raises(ValueError, match="no action was proposed for a root"):
        Search(config, Untouched(3), Silent()).run(fresh(3), np.arange(3), WIN_OR_LOSE)
