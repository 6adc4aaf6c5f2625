"""Laws of the free guard zone, the no-tick rule and the restored board."""

import numpy as np
import pytest

from envs.curling.physics.sheet import WORLD_CURLING as SHEET
from envs.curling.rules.free_guard_zone import fouls, free_guards, settle
from envs.curling.rules.rule_set import MIXED_DOUBLES, RuleSet
from tests.curling.boards import board, random_boards

GUARD = (0.6, -3.0)  # metres from the tee: in the free guard zone, off the centre line
CENTRE_GUARD = (0.05, -3.0)
IN_HOUSE = (0.5, -1.0)
EMPTY = board()


def foul(rules, before, after, shot=2, team=0):
    return bool(fouls(SHEET, rules, before, after, np.array([shot]), np.array([team]))[0])


@pytest.mark.parametrize("protected", [4, 5])
def test_removing_an_opponents_guard_is_a_foul_in_the_protected_shots_only(protected):
    rules, before = RuleSet(protected_shots=protected), board((), [GUARD])
    assert [foul(rules, before, EMPTY, shot) for shot in range(8)] == [shot < protected for shot in range(8)]


def test_own_guards_and_stones_in_the_house_are_not_protected():
    assert not foul(RuleSet(), board([GUARD]), EMPTY, team=0)
    assert foul(RuleSet(), board([GUARD]), EMPTY, team=1)
    assert not foul(RuleSet(), board((), [IN_HOUSE]), EMPTY)


def test_a_guard_moved_but_still_in_play_is_no_foul():
    assert not foul(RuleSet(), board((), [GUARD]), board((), [IN_HOUSE]))


def test_the_zone_ends_where_a_stone_touches_house_or_tee_line():
    reach = SHEET.house_radius + SHEET.stone_radius
    assert free_guards(SHEET, *board([(0.0, -reach - 1e-9)]))[0, 0]
    assert not free_guards(SHEET, *board([(0.0, -reach + 1e-9)]))[0, 0]
    assert free_guards(SHEET, *board([(2.1, -SHEET.stone_radius - 1e-9)]))[0, 0]
    assert not free_guards(SHEET, *board([(2.1, -SHEET.stone_radius + 1e-9)]))[0, 0]


def test_the_zone_begins_where_a_stone_has_wholly_crossed_the_hog_line():
    limit = SHEET.hog_limit - SHEET.tee_y
    assert free_guards(SHEET, *board([(0.0, limit + 1e-9)]))[0, 0]
    assert not free_guards(SHEET, *board([(0.0, limit)]))[0, 0]
    assert not free_guards(SHEET, *board([(0.0, limit - 12.0)]))[0, 0]


def test_ticking_a_centre_guard_off_the_line_is_a_foul_only_under_the_no_tick_rule():
    before, ticked = board((), [CENTRE_GUARD]), board((), [(0.4, -3.0)])
    nudged = board((), [(0.1, -2.5)])
    rules = RuleSet(no_tick_shots=5)
    assert not foul(RuleSet(), before, ticked)
    assert [foul(rules, before, ticked, shot) for shot in range(7)] == [shot < 5 for shot in range(7)]
    assert not foul(rules, before, nudged)
    assert not foul(rules, board([CENTRE_GUARD]), board([(0.4, -3.0)]))
    assert not foul(rules, board((), [(0.15, -3.0)]), ticked), "a guard off the line may be moved"


def test_mixed_doubles_protects_every_stone_for_three_shots():
    for before in (board([IN_HOUSE]), board((), [IN_HOUSE]), board([GUARD])):
        assert [foul(MIXED_DOUBLES, before, EMPTY, shot) for shot in range(5)] == [True] * 3 + [False] * 2


def test_a_foul_restores_the_board_bit_for_bit_and_nothing_else_changes():
    rng = np.random.default_rng(17)
    count = 100_000
    before = random_boards(count, rng)
    moved = before[0] + rng.normal(size=before[0].shape) * 0.3
    after = moved, before[1] & (rng.random(before[1].shape) < 0.9)
    shot, team = rng.integers(0, 6, count), rng.integers(0, 2, count)
    stones, in_play, foul_mask = settle(SHEET, RuleSet(no_tick_shots=5), before, after, shot, team)
    assert 0.05 < foul_mask.mean() < 0.5
    assert stones[foul_mask].tobytes() == before[0][foul_mask].tobytes()
    assert in_play[foul_mask].tobytes() == before[1][foul_mask].tobytes()
    assert stones[~foul_mask].tobytes() == after[0][~foul_mask].tobytes()
    assert in_play[~foul_mask].tobytes() == after[1][~foul_mask].tobytes()


def test_a_batch_finds_the_fouls_that_single_boards_find():
    rng = np.random.default_rng(23)
    before = random_boards(500, rng)
    after = before[0], before[1] & (rng.random(before[1].shape) < 0.9)
    shot, team = rng.integers(0, 8, 500), rng.integers(0, 2, 500)
    together = fouls(SHEET, RuleSet(), before, after, shot, team)
    alone = [
        foul(RuleSet(), (before[0][[b]], before[1][[b]]), (after[0][[b]], after[1][[b]]), shot[b], team[b])
        for b in range(500)
    ]
    assert together.any()
    np.testing.assert_array_equal(together, alone)
