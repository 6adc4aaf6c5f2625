"""Lines of files that hold positions, shots or recorded games, and the worlds in which those games were
played."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.commands.tournament import RECORD_NAME, read_config
from agents.curling.games.game_records import GameRecord, parse_record, played_again
from agents.runs.errors import ConfigError
from envs.curling.conditions import build_world
from envs.curling.rules.rule_set import LAST_END, RuleSet
from envs.curling.world import Throw, World


@dataclass(frozen=True)
class RecordedGame:
    """A game of a tournament's games.jsonl.

    Args:
        world: what it was played in.
        record: the game.
        players: their names, of team 0 and team 1.
        conditions: of the game, for people.
    """

    world: World
    record: GameRecord
    players: tuple[str, str]
    conditions: str

    def throws(self) -> Iterator[Throw]:
        """The turns once more, one by one.

        Raises:
            ValueError: the record is no game of this world.
        """
        return played_again(self.world, self.record.hammer, self.record.turns)

    def check_shot(self, shot: int) -> int:
        """A shot's number, from 1.

        Raises:
            ConfigError: the game has no such shot.
        """
        if not 1 <= shot <= len(self.record.turns):
            raise ConfigError(f"shot: got {shot}, expected 1 to {len(self.record.turns)}, a shot of the game")
        return shot


def chosen_line(file: str, line: int, game: int | None) -> tuple[int, bytes]:
    """A line of a file, with its number from 1.

    Args:
        file: the file.
        line: the line's number, where `game` is None.
        game: number of a recorded game, as its line says.

    Raises:
        ConfigError: the file has no such line.
        OSError: it cannot be read.
    """
    begins = b"" if game is None else b'{"game":%d,' % game
    with open(file, "rb") as lines:
        for number, raw in enumerate(lines, start=1):
            if number == line if game is None else raw.startswith(begins):
                return number, raw
    wanted = f"line: got {line}" if game is None else f"game: got {game}"
    raise ConfigError(f"{wanted}, expected one that {file} has")


def is_game(message: Any) -> bool:
    """Whether the value of a line is a recorded game."""
    return isinstance(message, dict) and "turns" in message


def recorded_game(file: str, raw: bytes, *, ice: str, noise: str, ends: int) -> RecordedGame:
    """A game, and the world of the tournament whose folder the file lies in.

    Args:
        file: the file.
        raw: the game's line.
        ice, noise, ends: of a game whose folder does not say.

    Raises:
        ValueError: the line is no record.
        CorruptFileError: the tournament's own record is malformed.
    """
    record, labels = parse_record(raw)
    extra, folder = True, Path(file).parent
    if (folder / RECORD_NAME).is_file():
        held = read_config(folder)
        ice, noise, ends, extra = held.ice, held.noise, held.ends, held.extra_ends
    rules = RuleSet(ends=ends, end_limit=LAST_END if extra else ends)
    names = labels.get("players")
    known = isinstance(names, list) and len(names) == 2 and all(isinstance(name, str) for name in names)
    players = tuple(names) if known else ("Red", "Yellow")
    length = f"{ends} end{'s' * (ends != 1)}"
    conditions = f"game {record.number}: {length}, {ice} ice, {noise} noise, seed {record.seed}"
    return RecordedGame(build_world(ice, noise, rules), record, players, conditions)
