"""The rules of curling as pure functions on a frozen game state (World Curling, The Rules of Curling).

The game is that of Digital Curling 3: the team without the hammer throws shots 0, 2, ..., the scoring team
gives the hammer away, a blank keeps it, extra ends follow until someone leads.

Differs from the World Curling rules, as Digital Curling does:
- a stone that rests short of the hog line is out even when it touched a stone in play;
- equally near stones of both teams score nothing;
- what free_guard_zone.py says about fouls.

A board has 16 slots: slot 8 * team + k is the k-th stone of a team in this end.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from envs.arguments import whole
from envs.curling.physics.sheet import STONES, STONES_PER_TEAM, Sheet
from envs.curling.rules.positioned import POWER_PLAYS, Placement, positioned_board
from envs.curling.rules.rule_set import RuleSet
from envs.curling.rules.scoring import MOST_POINTS, check_boards, score_ends

TEAMS = (0, 1)

Reason = Literal["score", "concede", "time_limit", "draw"]


@dataclass(frozen=True, eq=False)
class GameState:
    """A game between two shots; `stones` and `in_play` are read-only arrays of the end being played."""

    end: int
    """Ends finished so far, which is the index of the end being played."""
    shot: int
    """Shots thrown in this end."""
    hammer: int
    """Team that throws the last stone of this end."""
    decider: int
    """Team that had the choice before this end: of the last stone, in mixed doubles of the placement."""
    stones: NDArray[np.float64]
    """[16, 2] float64, metres in shot coordinates; 0 for a stone that is not in play."""
    in_play: NDArray[np.bool_]
    """[16] bool."""
    scores: tuple[tuple[int, int], ...] = ()
    """Points of team 0 and team 1 for every finished end, extra ends included."""
    placement: Placement | None = None
    """Mixed doubles: where the decider's stone stands in this end."""
    power_plays: tuple[bool, bool] = (False, False)
    """Mixed doubles: which team has used its power play."""
    winner: int | None = None
    """Team that won; None while the game goes on and for a draw."""
    reason: Reason | None = None
    """Why the game is over; None while it goes on."""

    @property
    def over(self) -> bool:
        """Whether the game has ended."""
        return self.reason is not None

    @property
    def thrower(self) -> int:
        """Team to throw next: the one without the hammer on even shots."""
        return self.hammer if self.shot % 2 else 1 - self.hammer

    @property
    def totals(self) -> tuple[int, int]:
        """Points of team 0 and of team 1 so far."""
        return sum(first for first, _ in self.scores), sum(second for _, second in self.scores)


def thrown_slot(rules: RuleSet, state: GameState) -> int:
    """Slot that the next thrown stone takes: 8 * team + stones that team has had on the ice in this end."""
    return STONES_PER_TEAM * state.thrower + rules.positioned + state.shot // 2


def start_game(sheet: Sheet, rules: RuleSet) -> GameState:
    """The game before its first shot; in mixed doubles placed as `house` until `place` says else."""
    stones, in_play = _empty_board()
    state = GameState(0, 0, rules.first_hammer, rules.first_hammer, stones, in_play)
    return _open_end(sheet, rules, state)


def place(sheet: Sheet, rules: RuleSet, state: GameState, placement: Placement) -> GameState:
    """The game after the deciding team chose where the positioned stones of this end stand.

    It may choose anew until the first shot. With `guard` its stone is the guard and it throws first;
    otherwise its stone is in the house and it throws last. A power play is allowed once a game and not in
    extra ends.

    Raises:
        ValueError: in a standard game, after the first shot, or when the power play is not allowed.
    """
    if rules.game != "mixed_doubles":
        raise ValueError(f"game: {rules.game!r}, expected 'mixed_doubles' to position stones")
    if state.over or state.shot:
        raise ValueError(f"shot: {state.shot}, expected 0 in a game in progress to position stones")
    if placement in POWER_PLAYS and not may_power_play(rules, state):
        raise ValueError(f"placement: {placement!r}, expected the power play unused and no extra end")
    stones, in_play = positioned_board(sheet, rules, state.decider, placement)
    hammer = 1 - state.decider if placement == "guard" else state.decider
    return replace(state, hammer=hammer, stones=frozen(stones), in_play=frozen(in_play), placement=placement)


def may_power_play(rules: RuleSet, state: GameState) -> bool:
    """Whether the deciding team may play its power play in this end of mixed doubles."""
    return not state.power_plays[state.decider] and state.end < rules.ends


def frozen(array: NDArray) -> NDArray:
    """The array if it is read-only already, else a read-only copy."""
    if not array.flags.writeable:
        return array
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def advance(
    sheet: Sheet,
    rules: RuleSet,
    state: GameState,
    stones: NDArray[np.float64],
    in_play: NDArray[np.bool_],
    *,
    score: int | None = None,
) -> GameState:
    """The game after a shot that left this board: the next shot, the next end, or the end of the game.

    Args:
        sheet: the geometry.
        rules: the event's rules.
        state: the game before the shot; not over.
        stones: [16, 2] float64, metres; the settled board.
        in_play: [16] bool.
        score: of the board (`score_ends`), where the caller knows it.

    Raises:
        ValueError: when the game is over, the board is none (`check_boards`), or no end scores so much.
    """
    if state.over:
        raise ValueError(f"state: the game is over ({state.reason}), expected a game in progress")
    check_boards(stones[None], in_play[None])
    if state.shot == 0 and state.placement in POWER_PLAYS:
        used = tuple(state.power_plays[team] or team == state.decider for team in TEAMS)
        state = replace(state, power_plays=used)
    if score is not None:
        whole("score", score, -MOST_POINTS, MOST_POINTS)
    if state.shot + 1 < rules.shots_per_end:
        return replace(state, shot=state.shot + 1, stones=frozen(stones), in_play=frozen(in_play))
    if score is None:
        score = int(score_ends(sheet, stones[None], in_play[None])[0])
    return _finish_end(sheet, rules, state, score)


def lose(sheet: Sheet, rules: RuleSet, state: GameState, reason: Reason = "concede") -> GameState:
    """The game after the throwing team gave up or ran out of time: its turn passes and it loses.

    Source: Digital Curling 3, where a conceded last stone still scores the end.
    """
    after = advance(sheet, rules, state, state.stones, state.in_play)
    return replace(after, winner=1 - state.thrower, reason=reason)


def _finish_end(sheet: Sheet, rules: RuleSet, state: GameState, score: int) -> GameState:
    """Book the score, hand on the decision, clear the board and see whether the game is decided."""
    stones, in_play = _empty_board()
    decider = _next_decider(rules, state, score)
    scores = (*state.scores, (max(score, 0), max(-score, 0)))
    after = replace(
        state,
        end=state.end + 1,
        shot=0,
        hammer=decider,
        decider=decider,
        stones=stones,
        in_play=in_play,
        scores=scores,
    )
    lead = after.totals[0] - after.totals[1]
    if after.end >= rules.ends and lead:
        return replace(after, winner=0 if lead > 0 else 1, reason="score", placement=None)
    if after.end >= rules.end_limit:
        return replace(after, reason="draw", placement=None)
    return _open_end(sheet, rules, after)


def _open_end(sheet: Sheet, rules: RuleSet, state: GameState) -> GameState:
    """Position the stones of a mixed doubles end as most teams do; a standard end starts on empty ice."""
    return place(sheet, rules, state, "house") if rules.game == "mixed_doubles" else state


def _empty_board() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Stones [16, 2] float64 and in_play [16] bool of a sheet without stones, read-only."""
    return frozen(np.zeros((STONES, 2))), frozen(np.zeros(STONES, dtype=bool))


def _next_decider(rules: RuleSet, state: GameState, score: int) -> int:
    """Who has the hammer (mixed doubles: the placement) next: whoever did not score.

    After a blank the hammer stays in a standard game; in mixed doubles the team that threw first decides.
    """
    if score:
        return 1 if score > 0 else 0
    return state.hammer if rules.blank_keeps_hammer else 1 - state.hammer
