"""A game between a person and a player, kept in a file after every shot."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from agents.curling.games.game_records import GameRecord, GameSpec, parse_record, record_line
from agents.curling.games.lockstep_games import game_seed
from agents.runs.atomic import write_file
from agents.runs.errors import CorruptFileError


@dataclass(frozen=True)
class PersonGame:
    """What a game against a player is.

    Args:
        player: the player's word.
        ends: before extra ends.
        hammer: who has the last stone of the first end: 0 the person, 1 the player.
        ice, noise: names of the conditions.
        seed: decides everything that is drawn at random.
        simulations: of one shot, for players that search.
        undone: how often the person took a shot back.
    """

    player: str
    ends: int
    hammer: int
    ice: str
    noise: str
    seed: int
    simulations: int
    undone: int = 0

    @property
    def spec(self) -> GameSpec:
        """The game; the person is team 0."""
        return GameSpec(self.seed, self.hammer)

    @property
    def noise_seed(self) -> int:
        """Seed of what hands add from here on; another after every shot taken back, so that a person who
        throws again throws with a new hand and cannot aim off by what went wrong."""
        return game_seed(self.seed, self.undone) if self.undone else self.seed


def write_game(path: Path, game: PersonGame, record: GameRecord) -> None:
    """Keeps a game, replacing what the file held, in one step.

    Raises:
        StorageError: the file cannot be written.
    """
    write_file(path, record_line(record, conditions=asdict(game)))


def read_game(path: Path) -> tuple[PersonGame, GameRecord]:
    """The game that a file keeps.

    Raises:
        CorruptFileError: it keeps none.
        OSError: it cannot be read.
    """
    try:
        record, labels = parse_record(path.read_bytes())
        return _conditions(labels["conditions"]), record
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFileError(f"{path}: no saved game ({' '.join(str(error).split())})") from error


def _conditions(values: Mapping[str, Any]) -> PersonGame:
    kinds = {field.name: field.type for field in fields(PersonGame)}
    values = {"undone": 0, **values}  # files of before it was counted
    if values.keys() != kinds.keys() or any(type(values[name]) is not kind for name, kind in kinds.items()):
        raise ValueError(f"conditions: {str(dict(values))[:100]}, expected those of a game")
    return PersonGame(**values)
