"""What an agent sees of a board and of a game: own stones first, metres from the tee, finite float32."""

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from envs.curling.rules import GameState
from envs.curling.sheet import STONES, STONES_PER_TEAM
from envs.curling.world import Throw, World

MOST_POINTS = 8  # of one team in one end

Observation = dict[str, NDArray[np.float32]]


def board_spaces(world: World) -> dict[str, spaces.Box]:
    """Bounds of what `observe_board` returns."""
    sheet = world.ice.sheet
    low = np.array([-sheet.width / 2, sheet.hog_y - sheet.tee_y], dtype=np.float32)
    high = np.array([sheet.width / 2, sheet.back_limit - sheet.tee_y], dtype=np.float32)
    return {
        "stones": spaces.Box(np.tile(low, (STONES, 1)), np.tile(high, (STONES, 1)), dtype=np.float32),
        "in_play": spaces.Box(0.0, 1.0, (STONES,), np.float32),
    }


def observe_board(
    world: World, stones: NDArray[np.float64], in_play: NDArray[np.bool_], team: int
) -> Observation:
    """Stones [16, 2] in metres from the tee, own first, 0 where there is none; in_play [16] of 0 and 1."""
    shift = STONES_PER_TEAM if team else 0
    relative = np.where(in_play[:, None], stones - world.ice.sheet.tee, 0.0)
    return {
        "stones": np.roll(relative, -shift, axis=0).astype(np.float32),
        "in_play": np.roll(in_play, -shift).astype(np.float32),
    }


def game_spaces(world: World) -> spaces.Dict:
    """Bounds of what `observe_game` returns."""
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


def observe_game(world: World, state: GameState, last: Throw | None, team: int) -> Observation:
    """The game as `team` sees it; once it is over, with the board that the `last` throw left."""
    stones, in_play = last.board if state.over and last is not None else (state.stones, state.in_play)
    return {
        **observe_board(world, stones, in_play, team),
        "hammer": _value(state.hammer == team),
        "shots_left": _value(0 if state.over else world.rules.shots_per_end - state.shot),
        "ends_left": _value(max(world.rules.ends - state.end - 1, 0)),
        "lead": _value(lead_of(state, team)),
    }


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


def _value(number: float) -> NDArray[np.float32]:
    return np.array([number], dtype=np.float32)
