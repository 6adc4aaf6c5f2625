"""Laws of the score of an end."""

import math

import numpy as np
import pytest

from envs.curling.physics.sheet import WORLD_CURLING as SHEET
from envs.curling.rules.scoring import score_ends
from tests.curling.boards import board, random_boards

HOUSES = 1_000_000
CHUNK = 50_000


def brute_force_score(stones, in_play):
    """Count, for every stone in the house, whether every opponent's stone lies farther from the tee."""
    radius = SHEET.house_radius + SHEET.stone_radius
    score = 0
    for slot in range(16):
        team = slot // 8
        if not in_play[slot]:
            continue
        distance = squared(stones[slot])
        rivals = [squared(stones[k]) for k in range(16) if in_play[k] and k // 8 != team]
        if distance < radius * radius and all(distance < rival for rival in rivals):
            score += 1 if team == 0 else -1
    return score


def squared(stone):
    return stone[0] * stone[0] + (stone[1] - SHEET.tee_y) * (stone[1] - SHEET.tee_y)


def pairwise_scores(stones, in_play):
    """The brute-force count over a batch: all pairs of stones compared, nothing sorted or reduced first."""
    along = stones[..., 1] - SHEET.tee_y
    distances = np.where(in_play, stones[..., 0] ** 2 + along**2, math.inf)
    team = np.arange(16) // 8
    rival = team[:, None] != team[None, :]
    beaten = (distances[:, :, None] < distances[:, None, :]) | ~rival
    radius = SHEET.house_radius + SHEET.stone_radius
    counts = in_play & (distances < radius * radius) & beaten.all(axis=2)
    return counts[:, :8].sum(axis=1) - counts[:, 8:].sum(axis=1)


def houses(total, seed=11):
    rng = np.random.default_rng(seed)
    for start in range(0, total, CHUNK):
        yield random_boards(min(CHUNK, total - start), rng, crowd=rng.uniform(0.05, 0.9))


def test_scorer_equals_counting_stone_by_stone():
    stones, in_play = random_boards(3_000, np.random.default_rng(3))
    expected = [brute_force_score(s, p) for s, p in zip(stones.tolist(), in_play.tolist(), strict=True)]
    np.testing.assert_array_equal(score_ends(SHEET, stones, in_play), expected)
    np.testing.assert_array_equal(pairwise_scores(stones, in_play), expected)


@pytest.mark.parametrize("total", [100_000, pytest.param(HOUSES, marks=pytest.mark.slow)])
def test_scorer_equals_comparing_all_pairs_on_many_houses(total):
    for stones, in_play in houses(total):
        np.testing.assert_array_equal(score_ends(SHEET, stones, in_play), pairwise_scores(stones, in_play))


@pytest.mark.parametrize("total", [100_000, pytest.param(HOUSES, marks=pytest.mark.slow)])
def test_swapping_colours_negates_and_mirror_and_order_do_not_matter(total):
    rng = np.random.default_rng(5)
    for stones, in_play in houses(total):
        score = score_ends(SHEET, stones, in_play)
        swapped = np.roll(stones, 8, axis=1), np.roll(in_play, 8, axis=1)
        np.testing.assert_array_equal(score_ends(SHEET, *swapped), -score)
        np.testing.assert_array_equal(score_ends(SHEET, stones * [-1.0, 1.0], in_play), score)
        order = np.concatenate([rng.permutation(8), 8 + rng.permutation(8)])
        np.testing.assert_array_equal(score_ends(SHEET, stones[:, order], in_play[:, order]), score)


@pytest.mark.parametrize("total", [100_000, pytest.param(HOUSES, marks=pytest.mark.slow)])
def test_equally_near_stones_score_nothing(total):
    for stones, in_play in houses(total):
        stones, in_play = stones.copy(), in_play.copy()
        stones[:, 8:], in_play[:, 8:] = stones[:, :8] * [-1.0, 1.0], in_play[:, :8]
        assert not score_ends(SHEET, stones, in_play).any()


def test_stones_count_up_to_the_edge_of_the_house():
    reach = SHEET.house_radius + SHEET.stone_radius
    assert SHEET.house_reach == reach
    assert score_ends(SHEET, *board([(reach - 1e-9, 0.0)]))[0] == 1
    assert score_ends(SHEET, *board([(reach + 1e-9, 0.0)]))[0] == 0


def test_only_stones_nearer_than_the_best_opponent_count():
    assert score_ends(SHEET, *board([(0.1, 0.0), (-0.5, 0.0), (1.0, 0.0)], [(0.0, 0.7)]))[0] == 2
    assert score_ends(SHEET, *board([(0.1, 0.0)], [(0.0, 0.05)]))[0] == -1
    assert score_ends(SHEET, *board())[0] == 0


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_stone_in_play_that_is_nowhere_is_refused_and_one_out_of_play_ignored(value):
    stones, in_play = board([(0.1, 0.0), (0.2, 0.0)], [(0.5, 0.0)])
    stones[0, 1] = value
    with pytest.raises(ValueError, match=r"^stones: NaN or infinity"):
        score_ends(SHEET, stones, in_play)
    in_play[0, 1] = False
    assert score_ends(SHEET, stones, in_play)[0] == 1
    with pytest.raises(ValueError, match=r"^in_play: dtype int64, expected bool"):
        score_ends(SHEET, stones, in_play.astype(np.int64))


@pytest.mark.parametrize(
    ("stones", "in_play"),
    [((2, 17, 2), (2, 17)), ((16, 2), (16,)), ((2, 16, 3), (2, 16)), ((2, 16, 2), (3, 16))],
)
def test_boards_of_a_wrong_shape_are_refused(stones, in_play):
    with pytest.raises(ValueError, match=r"^(stones|in_play): shape .* expected"):
        score_ends(SHEET, np.zeros(stones), np.zeros(in_play, dtype=bool))
