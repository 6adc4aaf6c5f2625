"""The games of a run of self-play as lines of JSON, in order and without gap, across kills and resumes."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from agents.curling.games.game_records import GameRecord, parse_record, record_line
from agents.runs.errors import ConfigError, StorageError

TORN = b'{"game":0,'  # how the line of game 0 begins


class GameLog:
    """Appends games to a file; use it in a `with` block.

    Args:
        path: the file.
        games: games it keeps, the first; what comes after them is of a run that was killed and is dropped.
        seed: of the run's game 0.
        interval: games of an interval. A run that begins drops no more than these, and only its own: it was
            killed before its first checkpoint. No other run's games are lost to a name given twice.

    Raises:
        ConfigError: it is a folder; a run begins, but the file has games already; or it has fewer than
            `games`.
        StorageError: the file cannot be read or written.
    """

    def __init__(self, path: Path, games: int, *, seed: int, interval: int) -> None:
        self._path = path
        if path.is_dir():
            raise ConfigError(f"log: got {path}, which is a folder, expected a file")
        try:
            held, kept = _measured(path, games) if path.exists() else (0, 0)
            if not games and (held > interval or not _is_ours(path, seed)):
                raise ConfigError(f"log: got {path}, which has games already, expected a new file")
            if held < games:
                raise ConfigError(f"log: got {held} games in {path}, expected the {games} of the run")
            self._handle = open(path, "ab")  # noqa: SIM115 (closed by __exit__)
            self._handle.truncate(kept)  # cut, not written anew, so that no kill can lose what is kept
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror or error}") from error

    def append(self, records: Sequence[GameRecord], network: str) -> None:
        """Adds games that the network of this SHA-256 played; they are on the disk before a checkpoint counts
        them.

        Raises:
            StorageError: they cannot be written.
        """
        try:
            self._handle.write(b"".join(record_line(record, network=network) for record in records))
            self._handle.flush()
            os.fsync(self._handle.fileno())
        except OSError as error:
            raise StorageError(f"cannot write {self._path}: {error.strerror or error}") from error

    def __enter__(self) -> "GameLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handle.close()


def _measured(path: Path, games: int) -> tuple[int, int]:
    """How many whole lines a file has, and how many bytes the first `games` of them take."""
    held = kept = 0
    with open(path, "rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                held += 1
                kept += len(line) if held <= games else 0
    return held, kept


def _is_ours(path: Path, seed: int) -> bool:
    """Whether a file that may be missing or empty begins with game 0 of this seed, or with a torn game 0."""
    if not path.exists():
        return True
    with open(path, "rb") as lines:
        first = lines.readline()
    if not first.endswith(b"\n"):
        return not first or first.startswith(TORN)
    try:
        record, _ = parse_record(first)
    except ValueError:
        return False
    return (record.number, record.seed) == (0, seed)
