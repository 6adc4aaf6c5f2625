"""Laws of who throws, who has the hammer, when a game ends, and mixed doubles."""

from dataclasses import replace

import numpy as np
import pytest

from envs.curling.physics.sheet import GAT2016, WORLD_CURLING
from envs.curling.rules.game import advance, lose, place, start_game, thrown_slot
from envs.curling.rules.rule_set import MIXED_DOUBLES, RuleSet
from tests.curling.boards import board

SHEET = WORLD_CURLING
BLANK = board()
ONE_FOR_0 = board([(0.1, 0.0)])
TWO_FOR_1 = board((), [(0.1, 0.0), (0.4, 0.2)])


def play_end(rules, state, final):
    """Throw every stone of the end; the last one leaves the board `final`."""
    while state.shot + 1 < rules.shots_per_end:
        state = advance(SHEET, rules, state, state.stones, state.in_play)
    return advance(SHEET, rules, state, final[0][0], final[1][0])


def play(rules, *finals):
    state = start_game(SHEET, rules)
    for final in finals:
        state = play_end(rules, state, final)
    return state


def test_team_without_hammer_throws_even_shots_into_slots_in_order():
    rules = RuleSet()
    state, throws = start_game(SHEET, rules), []
    for _ in range(16):
        throws.append((state.thrower, thrown_slot(rules, state)))
        state = advance(SHEET, rules, state, state.stones, state.in_play)
    assert throws == [(shot % 2, 8 * (shot % 2) + shot // 2) for shot in range(16)]


def test_scoring_team_gives_the_hammer_away_and_a_blank_keeps_it():
    rules = RuleSet(ends=4)
    hammers = [start_game(SHEET, rules).hammer]
    state = start_game(SHEET, rules)
    for final in (BLANK, TWO_FOR_1, ONE_FOR_0):
        state = play_end(rules, state, final)
        hammers.append(state.hammer)
    assert hammers == [1, 1, 0, 1]
    assert state.scores == ((0, 0), (0, 2), (1, 0))
    assert state.totals == (1, 2)
    assert not state.in_play.any()


def test_first_hammer_is_a_rule_of_the_event():
    assert start_game(SHEET, RuleSet(first_hammer=0)).thrower == 1


def test_the_leader_after_the_last_end_wins():
    state = play(RuleSet(ends=2), ONE_FOR_0, TWO_FOR_1)
    assert (state.over, state.winner, state.reason) == (True, 1, "score")


def test_a_tied_game_goes_on_until_an_extra_end_decides():
    rules = RuleSet(ends=2)
    tied = play(rules, ONE_FOR_0, board((), [(0.0, 0.3)]))
    assert not tied.over
    assert not play_end(rules, tied, BLANK).over
    decided = play_end(rules, play_end(rules, tied, BLANK), ONE_FOR_0)
    assert (decided.winner, decided.end, decided.reason) == (0, 4, "score")


def test_a_game_still_tied_at_the_end_limit_is_drawn():
    state = play(RuleSet(ends=1, end_limit=3), BLANK, BLANK, BLANK)
    assert (state.over, state.winner, state.reason) == (True, None, "draw")


def test_conceding_ends_the_game_for_the_other_team():
    rules = RuleSet()
    state = lose(SHEET, rules, start_game(SHEET, rules))
    assert (state.winner, state.reason, state.shot) == (1, "concede", 1)
    with pytest.raises(ValueError, match="the game is over"):
        advance(SHEET, rules, state, state.stones, state.in_play)


def test_states_are_never_written_to():
    rules = RuleSet()
    state = start_game(SHEET, rules)
    stones = np.ones((16, 2))
    after = advance(SHEET, rules, state, stones, np.ones(16, dtype=bool))
    stones[0] = 7.0
    assert after.stones[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        after.stones[0] = 0.0


def test_mixed_doubles_starts_with_a_guard_and_a_stone_in_the_back_of_the_four_foot():
    state = start_game(SHEET, MIXED_DOUBLES)
    np.testing.assert_array_equal(np.flatnonzero(state.in_play), [0, 8])
    np.testing.assert_allclose(state.stones[8], [0.0, 38.870], atol=5e-4)
    np.testing.assert_allclose(state.stones[0], [0.0, 34.435], atol=5e-4)
    assert (state.hammer, state.thrower, thrown_slot(MIXED_DOUBLES, state)) == (1, 0, 1)


@pytest.mark.parametrize(("position", "y"), list(enumerate((35.350, 35.060, 34.435, 34.145, 33.520, 33.230))))
def test_guard_positions_are_those_of_digital_curling_4(position, y):
    rules = RuleSet(game="mixed_doubles", protected_shots=3, guard_position=position)
    assert start_game(SHEET, rules).stones[0, 1] == pytest.approx(y, abs=1e-3)
    assert start_game(GAT2016, rules).stones[0, 1] == pytest.approx(y, abs=2e-3)


def test_the_deciding_team_may_take_the_guard_and_throw_first():
    state = place(SHEET, MIXED_DOUBLES, start_game(SHEET, MIXED_DOUBLES), "guard")
    assert state.stones[8, 1] < state.stones[0, 1]
    assert (state.hammer, state.thrower) == (0, 1)


def test_a_power_play_stands_aside_and_can_be_used_once_and_not_in_extra_ends():
    rules = MIXED_DOUBLES
    state = place(SHEET, rules, start_game(SHEET, rules), "power_play_right")
    np.testing.assert_allclose(state.stones[[8, 0]], [[1.219, 38.260], [1.073, 34.435]], atol=1e-3)
    assert place(SHEET, rules, state, "house").power_plays == (False, False), "may be reconsidered"
    mirrored = place(SHEET, rules, state, "power_play_left")
    np.testing.assert_array_equal(mirrored.stones, state.stones * [-1.0, 1.0])
    state = play_end(rules, state, ONE_FOR_0)
    assert state.power_plays == (False, True)
    with pytest.raises(ValueError, match=r"^placement: 'power_play_left'"):
        place(SHEET, rules, state, "power_play_left")
    extra = play(RuleSet(ends=1, game="mixed_doubles", protected_shots=3), BLANK)
    with pytest.raises(ValueError, match="no extra end"):
        place(SHEET, RuleSet(ends=1, game="mixed_doubles"), extra, "power_play_left")


@pytest.mark.parametrize(("position", "x"), list(enumerate((1.093, 1.087, 1.073, 1.067, 1.053, 1.047))))
def test_power_play_guards_are_those_of_digital_curling_4(position, x):
    rules = RuleSet(game="mixed_doubles", guard_position=position)
    start = start_game(SHEET, rules)
    for placement, side in (("power_play_left", -1), ("power_play_right", 1)):
        stones = place(SHEET, rules, start, placement).stones
        assert stones[0].tolist() == [side * x, start.stones[0, 1]]
        assert stones[8] == pytest.approx([side * 1.219, SHEET.tee_y - SHEET.stone_radius], abs=1e-9)


def test_after_a_blank_in_mixed_doubles_the_team_that_threw_first_decides():
    assert play(MIXED_DOUBLES, BLANK).decider == 0
    assert play(MIXED_DOUBLES, ONE_FOR_0).decider == 1
    assert play(MIXED_DOUBLES, TWO_FOR_1).decider == 0


def test_stones_are_positioned_only_before_the_first_shot_of_mixed_doubles():
    state = start_game(SHEET, MIXED_DOUBLES)
    later = advance(SHEET, MIXED_DOUBLES, state, state.stones, state.in_play)
    with pytest.raises(ValueError, match=r"^shot: 1"):
        place(SHEET, MIXED_DOUBLES, later, "guard")
    with pytest.raises(ValueError, match=r"^game: 'standard'"):
        place(SHEET, RuleSet(), start_game(SHEET, RuleSet()), "guard")
    with pytest.raises(ValueError, match=r"^placement: 'corner'"):
        place(SHEET, MIXED_DOUBLES, state, "corner")


def test_a_shot_that_left_no_board_or_an_impossible_score_is_refused():
    state = start_game(SHEET, RuleSet())
    stones, in_play = board([(0.1, 0.0)])
    stones[0, 0, 1] = np.nan
    for shot in (0, 15):
        with pytest.raises(ValueError, match=r"^stones: NaN"):
            advance(SHEET, RuleSet(), replace(state, shot=shot), stones[0], in_play[0])
        for score in (99, -9, 1.5, True):
            with pytest.raises(ValueError, match=rf"^score: {score}, expected"):
                advance(SHEET, RuleSet(), replace(state, shot=shot), state.stones, state.in_play, score=score)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("ends", value) for value in (0, 2.0, True, 256, "8")],
        *[("end_limit", value) for value in (3, 256)],
        *[("protected_shots", value) for value in (-1, 17)],
        *[("no_tick_shots", 99), ("first_hammer", 2), ("guard_position", 6), ("game", "pairs")],
    ],
)
def test_a_rule_out_of_range_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=rf"^{field}: .*expected"):
        RuleSet(**{field: value})
