"""The searching player: laws of its search, obvious shots, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from agents.curling.compiled.hand_made import BEHIND_HIT, HIT
from agents.curling.networks.network_config import NETWORKS
from agents.curling.networks.policy_value import build_network
from agents.curling.positions import mirrored, mover, positions_of
from agents.curling.search.board_judge import BoardJudge
from agents.curling.search.candidates import Candidates
from agents.curling.search.evaluator import NetworkEvaluator
from agents.curling.search.player_config import SEARCHES, PlayerConfig
from agents.curling.search.search_player import WINNING_POINT, SearchPlayer, search_config
from agents.curling.winning import POINTS
from agents.runs.errors import ConfigError
from envs.curling.games import play_game
from envs.curling.physics.delivery import Shot
from envs.curling.players.opponents import drawer
from envs.curling.rules.game import start_game
from tests.curling_agents.made_positions import laid, parts_of, random_positions, swapped, world_of


def tiny(seed=1):
    return build_network(NETWORKS["tiny"], generator=torch.Generator().manual_seed(seed))


def uniform_network():
    """A network to whom all cells and all scores are equally likely."""
    network = tiny()
    for weight in network.parameters():
        weight.data.zero_()
    return network


def player_of(search="kr_dl_uct", network=None, world=None, winning=None, **changes):
    config = PlayerConfig(**{"search": search, "simulations": 60, "batch": 32, **changes})
    return SearchPlayer(config, world or world_of(), network or tiny(), winning=winning)


def seeds_of(count):
    return np.arange(count, dtype=np.uint64)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize(
    ("games", "simulations"), [(40, 60), pytest.param(10_000, 30, marks=pytest.mark.slow)]
)
def test_a_search_spends_its_budget_and_leaves_the_positions_alone(search, games, simulations):
    """E1: budget, priors, values within the scores, kernel weights from 0, the same seed the same shot."""
    positions = random_positions(games, 0)
    before, player = positions.copy(), player_of(search, simulations=simulations)
    result = player.search(positions, seeds_of(games))
    assert np.array_equal(positions, before)
    assert (result.simulations == (0 if search == "policy" else simulations)).all()
    assert np.array_equal(result.mover, mover(positions))
    assert np.isfinite(result.weights).all() and (result.weights >= 0).all()
    assert np.abs(result.values).max() <= 8 and np.abs(result.value).max() <= 8
    assert np.allclose(result.outcome.sum(1), 1, atol=1e-6) and (result.priors.sum(1) <= 1 + 1e-6).all()
    assert np.allclose(result.outcome @ POINTS, result.value, atol=1e-6)
    again = player.search(positions, seeds_of(games))
    assert np.array_equal(result.point, again.point) and np.array_equal(result.value, again.value)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_game_is_searched_alike_alone_and_among_others(search):
    positions, player = random_positions(30, 1), player_of(search)
    together = player.search(positions, seeds_of(30), temperature=0.7)
    for row in (0, 11, 29):
        alone = player.search(positions[row : row + 1], seeds_of(30)[row : row + 1], temperature=0.7)
        assert np.array_equal(alone.point[0], together.point[row])
        assert alone.value[0] == together.value[row]


def test_the_other_team_in_the_same_place_finds_the_same():
    positions, player = random_positions(30, 2), player_of()
    own, other = player.search(positions, seeds_of(30)), player.search(swapped(positions), seeds_of(30))
    assert np.array_equal(own.point, other.point) and np.allclose(own.value, -other.value, atol=1e-12)


def after_shots(world, position, result, simulator):
    """Positions and scores of the chosen shots, played without noise."""
    step = simulator.step(position, result.point, result.part)
    return step.states, step.outcomes @ POINTS


@pytest.mark.parametrize("search", ["kr_dl_uct_executed", "kr_dl_uct", "dl_uct", "kr_uct"])
def test_a_lone_shot_stone_of_the_other_team_is_taken_out_with_the_last_stone(search):
    world, _, _, simulator = parts_of()
    player = player_of(search, uniform_network(), simulations=600, candidates=500)
    for stone in ((0.2, -0.3), (-0.9, 0.3)):
        position = laid(team_0=[stone], shot=15, hammer=1)
        states, score = after_shots(world, position, player.search(position, seeds_of(1)), simulator)
        assert score[0] <= -1 and states["in_play"][0, 8:].sum() == 1


@pytest.mark.parametrize("search", ["kr_dl_uct_executed", "kr_dl_uct", "dl_uct", "kr_uct"])
def test_the_last_stone_is_drawn_into_an_empty_house(search):
    _, _, _, simulator = parts_of()
    player = player_of(search, uniform_network(), simulations=400, candidates=300)
    for hammer in (0, 1):
        position = laid(shot=15, hammer=hammer)
        _, score = after_shots(world_of(), position, player.search(position, seeds_of(1)), simulator)
        assert score[0] == (1 if hammer == 0 else -1)


class LeadOnly:
    """Only a lead after the end counts."""

    def utility(self, ends_left, lead, hammer):
        assert hammer.tolist() == [1]
        self.ends_left = ends_left.tolist()
        return (lead[:, None] + POINTS > 0) + 0.5 * (lead[:, None] + POINTS == 0)


def test_playing_to_win_weighs_scores_by_the_table():
    table = LeadOnly()
    player = player_of("kr_uct", utility="winning", winning=table, simulations=40)
    for end, ends_left in ((9, -2), (7, 0)):
        position = laid(shot=14, hammer=1, lead=1, end=end, ends=8)
        result = player.search(position, seeds_of(1))
        assert table.ends_left == [ends_left]
    assert np.array_equal(player.utility(position)[0], (POINTS > -1) + 0.5 * (POINTS == -1))
    assert 0 <= result.value[0] <= 1


@pytest.mark.parametrize("search", ["kr_dl_uct", "kr_uct", "policy"])
def test_it_plays_games_like_any_player(search):
    world = world_of(rules="end")
    player = player_of(search, world=world, simulations=8, batch=8)

    def searcher(world, state, rng):
        return player.shots([state], rng.integers(2**63, size=1, dtype=np.uint64))[0]

    throws = play_game(world, [searcher, drawer], np.random.default_rng(0))
    assert len(throws) == 16 and throws[-1].after.over
    own = [throw.executed for throw in throws if throw.before.thrower == 0]
    assert all(isinstance(shot, Shot) for shot in own)


def test_shots_are_those_of_the_result():
    player, world = player_of(), world_of()
    games = [start_game(world.ice.sheet, world.rules)] * 3
    result = player.think(games, seeds_of(3))
    velocity, spin = player.space.velocities(result.point, result.part)
    for shot, expected, turn in zip(player.shots(games, seeds_of(3)), velocity, spin, strict=True):
        assert shot == Shot(*expected.tolist(), turn)
    assert player.shots([], seeds_of(0)) == []


def test_warm_policies_draw_in_proportion():
    player = player_of("policy")
    positions = np.repeat(random_positions(1, 3), 1000)
    result = player.search(positions, seeds_of(1000), temperature=1.0)
    share = result.priors[0] / result.priors[0].sum()
    assert np.abs(np.bincount(result.chosen, minlength=20) / 1000 - share).max() < 0.04
    assert (player.search(positions[:5], seeds_of(5)).chosen == 0).all()


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="network: got none"):
        SearchPlayer(PlayerConfig(), world_of(), None)
    with pytest.raises(ValueError, match="winning: got none"):
        player_of(utility="winning")
    for change in ({"search": "mcts"}, {"simulations": 0}, {"temperature": -1.0}, {"batch": -1}):
        with pytest.raises(ConfigError, match=next(iter(change))):
            PlayerConfig(**change)


@pytest.mark.parametrize(
    ("changes", "device", "bfloat16", "rows", "precision"),
    [
        ({}, "cpu", True, 64, "float32"),
        ({}, "cuda", True, 256, "bfloat16"),
        ({}, "cuda", False, 256, "float32"),
        ({"batch": 0, "precision": "float32"}, "cuda", True, 0, "float32"),
        ({"batch": 8, "precision": "bfloat16"}, "cpu", False, 8, "bfloat16"),
    ],
)
def test_what_a_config_leaves_open_its_device_decides(changes, device, bfloat16, rows, precision):
    config = PlayerConfig(simulations=7, **changes)
    settled = config.on(device, bfloat16=bfloat16)
    assert settled == replace(config, batch=rows, precision=precision)
    assert settled.on("cpu", bfloat16=False) == settled


@pytest.mark.gpu
def test_on_a_gpu_a_shot_depends_on_no_other_game_and_its_defaults_are_those_of_the_device():
    positions = random_positions(300, 7)
    player = SearchPlayer(PlayerConfig(simulations=40), world_of(), tiny(), device="cuda")
    assert (player.config.batch, player.config.precision) == (256, "bfloat16")
    together = player.search(positions, seeds_of(300))
    for rows in (slice(0, 1), slice(40, 107)):
        alone = player.search(positions[rows], seeds_of(300)[rows])
        assert np.array_equal(alone.point, together.point[rows])
        assert np.array_equal(alone.value, together.value[rows])


@pytest.mark.parametrize("ice", ["fcv1", "gat2016"])
def test_candidates_are_7_to_40_legal_shots_mirrored_with_the_board(ice):
    world, space, _, _ = parts_of(ice, "dc3" if ice == "fcv1" else "gat2016")
    positions, maker = random_positions(300, 5, ice=ice), Candidates(world, space)
    proposal = maker.propose(positions)
    count = (proposal.priors > 0).sum(1)
    assert count.min() >= 7 and 30 < count.max() <= 40
    velocity, _ = space.velocities(proposal.points.reshape(-1, 2), proposal.parts.reshape(-1))
    raw = space.points(velocity, 2.0 * proposal.parts.reshape(-1) - 1)[0]
    assert np.allclose(raw, proposal.points.reshape(-1, 2))  # none was slowed
    other = maker.propose(mirrored(positions))
    turned = space.mirrored(other.points, other.parts)
    for row in np.flatnonzero(count < 30):
        own = in_order(proposal.points[row, : count[row]], proposal.parts[row, : count[row]])
        there = in_order(turned[0][row, : count[row]], turned[1][row, : count[row]])
        assert np.allclose(own, there, atol=1e-6)


def candidate_priors(position):
    """Priors of the hand-made candidates of one position, those of its own alone."""
    world, space, _, _ = parts_of()
    priors = Candidates(world, space).propose(position).priors[0]
    return priors[priors > 0]


def test_a_hit_on_the_other_teams_shot_stone_is_likelier_than_on_one_that_does_not_count():
    behind = laid(team_0=[(1.0, 0.0)], team_1=[(0.0, 0.1)], hammer=0)
    ahead = laid(team_0=[(0.0, 0.1)], team_1=[(1.0, 0.0)], hammer=0)
    for turn in (lambda position: position, swapped):
        assert candidate_priors(turn(behind)).max() == BEHIND_HIT * HIT
        assert candidate_priors(turn(ahead)).max() == HIT


def test_no_guard_is_proposed_for_the_last_stone():
    counts = [len(candidate_priors(laid(shot=shot, hammer=1))) for shot in (13, 14, 15)]
    assert counts == [8, 8, 4]  # draws with two handles; guards of the centre with two, and of two corners


def test_guards_are_hit_only_once_the_rules_allow_it_and_stones_in_the_house_always():
    counts = [
        len(candidate_priors(laid(team_1=[(0.0, beyond)], shot=shot, hammer=shot % 2 == 0)))
        for beyond, shot in ((-2.9, 4), (-2.9, 5), (0.0, 4), (0.0, 5))
    ]
    assert counts[1] - counts[0] == 14 and counts[2] == counts[3]


def in_order(points, parts):
    """Shots [P, 3] sorted by handle, strength and direction."""
    shots = np.concatenate([points.round(6), parts[:, None]], 1)
    return shots[np.lexsort(shots.T)]


def test_boards_are_judged_as_they_lie():
    judge = BoardJudge(world_of())
    outcomes = judge.outcomes(random_positions(200, 6))
    assert np.allclose(outcomes.sum(1), 1) and (outcomes >= 0).all()
    lying = laid(team_0=[(0.0, 0.2), (0.5, 0.5)], team_1=[(1.5, 0.0)], shot=15, hammer=0)
    early = lying.copy()
    early["shot"] = 5
    late_mean, early_mean = (judge.outcomes(board)[0] @ POINTS for board in (lying, early))
    assert late_mean > early_mean > 0.3
    assert np.array_equal(judge.outcomes(swapped(lying)), judge.outcomes(lying)[:, ::-1])


def test_the_hammer_is_worth_half_a_point_until_its_last_stones_come():
    judge = BoardJudge(world_of())
    for hammer, sign in ((0, 1), (1, -1)):
        means = [sign * judge.outcomes(laid(shot=shot, hammer=hammer))[0] @ POINTS for shot in (0, 12, 14)]
        assert np.allclose(means, [0.5, 0.5, 0.25], atol=0.02)


def test_playing_to_win_explores_in_chances_in_place_of_points():
    kernel = parts_of()[1].kernel
    for search in ("kr_dl_uct", "kr_uct"):
        points = search_config(PlayerConfig(search), kernel)
        chances = search_config(PlayerConfig(search, utility="winning"), kernel)
        assert chances.exploration == WINNING_POINT * points.exploration > 0
        assert chances.final_exploration == WINNING_POINT * points.final_exploration > 0


def test_network_evaluators_ignore_seeds():
    positions = random_positions(4, 7)
    judge = NetworkEvaluator(tiny(), parts_of()[2])
    first, second = judge.evaluate(positions, seeds_of(4)), judge.evaluate(positions, seeds_of(4) + 9)
    assert np.array_equal(first.outcomes, second.outcomes)
    assert np.array_equal(positions_of(world_of(), []), positions[:0])
