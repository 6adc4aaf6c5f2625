"""What an agent sees of a board and of a game: own stones first, metres from the tee, finite float32.

Shape letters: B games.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from envs.curling.physics.sheet import STONES, STONES_PER_TEAM
from envs.curling.rules.game import GameState
from envs.curling.rules.scoring import MOST_POINTS
from envs.curling.world import Throw, World

OWN_FIRST = np.array([range(STONES), [*range(STONES_PER_TEAM, STONES), *range(STONES_PER_TEAM)]])
"""[2, 16] slots in the order in which team 0 and team 1 see them."""

Observation = dict[str, NDArray[np.float32]]


def board_spaces(world: World) -> dict[str, spaces.Box]:
    """Bounds of what `observe_boards` returns, for one board."""
    sheet = world.ice.sheet
    low = np.array([-sheet.width / 2, sheet.hog_y - sheet.tee_y], dtype=np.float32)
    high = np.array([sheet.width / 2, sheet.back_limit - sheet.tee_y], dtype=np.float32)
    return {
        "stones": spaces.Box(np.tile(low, (STONES, 1)), np.tile(high, (STONES, 1)), dtype=np.float32),
        "in_play": spaces.Box(0.0, 1.0, (STONES,), np.float32),
    }


def observe_boards(
    world: World,
    boards: Sequence[tuple[NDArray[np.float64], NDArray[np.bool_]]],
    teams: Sequence[int],
) -> Observation:
    """What each team sees of its board.

    Args:
        world: its sheet says where the tee is.
        boards: B pairs of stones [16, 2] float64 metres and in_play [16] bool.
        teams: B teams, 0 or 1.

    Returns:
        `stones` [B, 16, 2] float32, metres from the tee, own first, 0 where there is none; `in_play` [B, 16]
        float32 of 0 and 1.
    """
    in_play = np.stack([board[1] for board in boards])
    stones = np.stack([board[0] for board in boards]) - world.ice.sheet.tee
    stones[~in_play] = 0.0
    order = OWN_FIRST[np.array(teams)]
    rows = np.arange(len(boards))[:, None]
    return {
        "stones": stones[rows, order].astype(np.float32),
        "in_play": in_play[rows, order].astype(np.float32),
    }


def game_spaces(world: World) -> spaces.Dict:
    """Bounds of what `observe_games` returns, for one game."""
    rules = world.rules
    return spaces.Dict(
        {
            **board_spaces(world),
            "hammer": _number(0, 1),
            "shots_left": _number(0, rules.shots_per_end),
            "ends_left": _number(0, rules.ends),
            "lead": _number(-MOST_POINTS * rules.end_limit, MOST_POINTS * rules.end_limit),
        }
    )


def observe_games(
    world: World, states: Sequence[GameState], lasts: Sequence[Throw | None], teams: Sequence[int]
) -> Observation:
    """What each team sees of its game; once that is over, with the board that the last throw left.

    Args:
        world: sheet and rules of all games.
        states: B games.
        lasts: the last throw of each, None before the first.
        teams: B teams, 0 or 1.

    Returns:
        Arrays [B, ...] float32 by key, as `game_spaces` has them.
    """
    rules = world.rules
    boards = [
        last.board if state.over and last is not None else (state.stones, state.in_play)
        for state, last in zip(states, lasts, strict=True)
    ]
    pairs = list(zip(states, teams, strict=True))
    return {
        **observe_boards(world, boards, teams),
        "hammer": _column([state.hammer == team for state, team in pairs]),
        "shots_left": _column([0 if state.over else rules.shots_per_end - state.shot for state in states]),
        "ends_left": _column([max(rules.ends - state.end - 1, 0) for state in states]),
        "lead": _column([lead_of(state, team) for state, team in pairs]),
    }


def stacked(infos: Sequence[Mapping[str, Any]]) -> dict[str, NDArray]:
    """Arrays [B] by key of the infos of B episodes, which have the same keys."""
    return {key: np.array([info[key] for info in infos]) for key in infos[0]}


def game_info(state: GameState, last: Throw | None, team: int) -> dict[str, int | bool]:
    """How the game stands for `team`; `won` is 1, 0 or -1 once it is over and 0 before."""
    won = 0 if state.winner is None else (1 if state.winner == team else -1)
    foul = last is not None and last.foul
    return {"team": team, "end": state.end, "lead": lead_of(state, team), "won": won, "foul": foul}


def lead_of(state: GameState, team: int) -> int:
    """Points of `team` less those of the other."""
    return state.totals[team] - state.totals[1 - team]


def _number(low: float, high: float) -> spaces.Box:
    return spaces.Box(float(low), float(high), (1,), np.float32)


def _column(numbers: Sequence[float]) -> NDArray[np.float32]:
    return np.array(numbers, dtype=np.float32)[:, None]
