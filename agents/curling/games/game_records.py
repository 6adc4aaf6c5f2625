"""What is kept of a game: enough to play it again shot by shot, as one line of JSON with a checksum."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from envs.arguments import finite
from envs.curling.physics.delivery import Shot
from envs.curling.physics.noise import NoNoise
from envs.curling.rules.game import GameState, start_game
from envs.curling.world import Throw, World

REASONS = ("score", "concede", "draw", "forfeit")
MOST_SHOTS = 16 * 255


class Turn(NamedTuple):
    """One turn of a game: what was meant and what left the hand; both None for a concession."""

    intended: Shot | None
    executed: Shot | None


@dataclass(frozen=True)
class GameSpec:
    """Which game to play; the same world, players and spec give the same game.

    Args:
        seed: decides the noise of every turn, and with `hammer` what players draw; below 2**63.
        hammer: the player with the last stone of the first end, 0 or 1.
        seats: who of the players given is player 0 and who is player 1 of this game.
        number: what the game is called in its record.
        begun: turns that were played before, to go on from.
    """

    seed: int
    hammer: int = 1
    seats: tuple[int, int] = (0, 1)
    number: int = 0
    begun: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class GameRecord:
    """A game, finished or not; player 0 is team 0.

    Args:
        number, seed, hammer: as `GameSpec`.
        turns: every turn so far.
        scores: points of both players for every finished end.
        winner: 0 or 1; None for a draw and while the game goes on.
        reason: why it is over, one of `REASONS`; None while it goes on.
        note: of a forfeit, what the loser did.
    """

    number: int
    seed: int
    hammer: int
    turns: tuple[Turn, ...]
    scores: tuple[tuple[int, int], ...]
    winner: int | None
    reason: str | None
    note: str = ""


def first_state(world: World, hammer: int) -> GameState:
    """A game before its first shot, in which player `hammer` has the last stone of the first end."""
    return start_game(world.ice.sheet, replace(world.rules, first_hammer=hammer))


def played_again(world: World, hammer: int, turns: Sequence[Turn]) -> Iterator[Throw]:
    """The turns of a game once more, shot by shot as they left the hand.

    Raises:
        ValueError: the game is over before the turns are, or a shot cannot be delivered.
    """
    quiet, state = replace(world, noise=NoNoise()), first_state(world, hammer)
    unused = np.random.default_rng(0)
    for turn in turns:
        state, throw = quiet.deliver(state, turn.executed, unused)
        yield throw


def replayed(world: World, record: GameRecord) -> GameRecord:
    """The record with scores, winner and reason as its executed shots give them; equal for an honest record.

    A forfeit is not on the board: who forfeited and why is taken from the record.
    """
    state = first_state(world, record.hammer)
    for throw in played_again(world, record.hammer, record.turns):
        state = throw.after
    if record.reason == "forfeit":
        return replace(record, scores=state.scores)
    return replace(record, scores=state.scores, winner=state.winner, reason=state.reason)


def record_line(record: GameRecord, **labels: Any) -> bytes:
    """One line of JSON, ending in a line feed; it carries a checksum over everything else in it.

    Args:
        record: the game.
        labels: further plain values, such as the players' names.
    """
    values = {
        "game": record.number,
        **labels,
        "seed": record.seed,
        "hammer": record.hammer,
        "winner": record.winner,
        "reason": record.reason,
        "note": record.note,
        "ends": record.scores,
        "turns": [_turn_values(turn) for turn in record.turns],
    }
    text = json.dumps(values, allow_nan=False, separators=(",", ":"))
    return f'{text[:-1]},"sum":"{_checksum(text)}"}}\n'.encode()


def parse_record(line: bytes) -> tuple[GameRecord, dict[str, Any]]:
    """The record of a line, and the labels beside it.

    Raises:
        ValueError: the line is no record, or its checksum does not fit.
    """
    try:
        text = line.decode("utf-8").rstrip("\n")
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("no object")
        total = values.pop("sum")
        if total != _checksum(text[: text.rindex(',"sum":')] + "}"):
            raise ValueError("the checksum does not fit")
        return _record(values), values
    except (KeyError, TypeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no game record ({type(error).__name__} {error})") from error


def _record(values: dict[str, Any]) -> GameRecord:
    """Takes the fields of a record out of `values`."""
    ends, turns = values.pop("ends"), values.pop("turns")
    record = GameRecord(
        values.pop("game"),
        values.pop("seed"),
        values.pop("hammer"),
        tuple(_turn(turn) for turn in turns),
        tuple((int(first), int(second)) for first, second in ends),
        values.pop("winner"),
        values.pop("reason"),
        values.pop("note"),
    )
    good = all(type(number) is int and number >= 0 for number in (record.number, record.seed))
    good = good and record.hammer in (0, 1) and record.winner in (0, 1, None)
    if not good or record.reason not in (*REASONS, None) or len(turns) > MOST_SHOTS:
        raise ValueError("a field has a value that no game has")
    return record


def _turn_values(turn: Turn) -> list[float] | None:
    """Intended velocity, executed velocity (m/s) and spin (rad/s)."""
    if turn.intended is None or turn.executed is None:
        return None
    return [*turn.intended[:2], *turn.executed]


def _turn(values: Any) -> Turn:
    if values is None:
        return Turn(None, None)
    if len(values) != 5 or not all(finite(value) for value in values):
        raise ValueError(f"a turn of {values!r}")
    aim_x, aim_y, x, y, spin = map(float, values)
    return Turn(Shot(aim_x, aim_y, spin), Shot(x, y, spin))


def _checksum(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
