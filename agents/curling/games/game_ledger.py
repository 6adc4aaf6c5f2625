"""`games.jsonl`: the finished games of a tournament, one line each, which no kill can lose or double.

A game is in the hands of the operating system before `append` returns, so a killed process loses none; it is
forced onto the disk every few seconds, so a power cut loses those of the last ones, which are played again
to the same result. A line torn by a kill is dropped; any other damage is an error.
"""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agents.curling.games.game_records import GameRecord, GameSpec, parse_record, record_line
from agents.runs.atomic import discard, publish, stage
from agents.runs.errors import CorruptFileError, StorageError

GAMES_NAME = "games.jsonl"
UNFINISHED_NAME = "unfinished.jsonl"
SYNC_SECONDS = 5.0
LONGEST_LINE = 1 << 20  # bytes; a game of eight ends has about 13,000

Labels = Callable[[GameSpec], Mapping[str, Any]]


class GameLedger:
    """The finished games of one folder, which its writer has locked.

    Args:
        folder: the tournament's folder.
        specs: game number -> spec, of every game of the tournament.
        labels: what stands beside the record of a game in its line.
        notice: told in one line what was dropped.

    Raises:
        CorruptFileError: a line that is whole is no game of this tournament.
        StorageError: the file cannot be read or written.
    """

    def __init__(
        self, folder: Path, specs: Mapping[int, GameSpec], labels: Labels, notice: Callable[[str], None]
    ) -> None:
        self._path, self._specs, self._labels = folder / GAMES_NAME, specs, labels
        self.records: dict[int, GameRecord] = {}
        try:
            self._path.touch()
            os.truncate(self._path, self._read(notice))
            self._handle = open(self._path, "ab", buffering=0)  # noqa: SIM115 (closed by close)
        except OSError as error:
            raise _cannot("write", self._path, error) from error
        self._synced = time.monotonic()

    def append(self, record: GameRecord) -> None:
        """Adds a finished game, unless it is there already.

        Raises:
            StorageError: the line cannot be written.
        """
        if record.number in self.records:
            return
        line = memoryview(self._line(record))
        try:
            while line:
                line = line[self._handle.write(line) or 0 :]
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(self._handle.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise _cannot("write", self._path, error) from error
        self.records[record.number] = record

    def sort(self) -> None:
        """Replaces the file by the same games in the order of their numbers, in one step.

        Raises:
            StorageError: the disk refuses; the file stays as it is.
        """
        ordered = [self._line(self.records[number]) for number in sorted(self.records)]
        staged = stage(self._path, ordered)
        self._handle.close()  # Windows replaces no file that is open
        try:
            publish(staged, self._path)
        finally:
            self._handle = open(self._path, "ab", buffering=0)  # noqa: SIM115 (closed by close)

    def close(self) -> None:
        """Forces the games onto the disk and closes the file.

        Raises:
            StorageError: the disk refuses.
        """
        try:
            os.fsync(self._handle.fileno())
        except OSError as error:
            raise _cannot("write", self._path, error) from error
        finally:
            self._handle.close()

    def _line(self, record: GameRecord) -> bytes:
        return record_line(record, **self._labels(self._specs[record.number]))

    def _read(self, notice: Callable[[str], None]) -> int:
        """Reads all whole lines; returns their bytes."""
        kept = 0
        with open(self._path, "rb") as lines:
            for place, line in enumerate(iter(lambda: lines.readline(LONGEST_LINE + 1), b""), start=1):
                if not line.endswith(b"\n") and len(line) <= LONGEST_LINE:
                    notice(f"{self._path} ends in a torn line; the game is played again")
                    break
                record = self._checked(line, f"{self._path} line {place}")
                if self.records.setdefault(record.number, record) != record:
                    raise CorruptFileError(f"{self._path} line {place}: game {record.number} a second time")
                kept += len(line)
        return kept

    def _checked(self, line: bytes, where: str) -> GameRecord:
        try:
            record, labels = parse_record(line)
        except ValueError as error:
            raise CorruptFileError(f"{where}: {error}") from error
        if record.reason is None or not fits(record, labels, self._specs, self._labels):
            raise CorruptFileError(f"{where}: game {record.number} is none of this tournament")
        return record


def fits(
    record: GameRecord, labels: Mapping[str, Any], specs: Mapping[int, GameSpec], expected: Labels
) -> bool:
    """Whether the record of a parsed line is of the game that the specs have under its number."""
    spec = specs.get(record.number)
    if spec is None or dict(labels) != dict(expected(spec)):
        return False
    return (record.seed, record.hammer) == (spec.seed, spec.hammer)


def write_unfinished(
    folder: Path, records: list[GameRecord], specs: Mapping[int, GameSpec], labels: Labels
) -> None:
    """Keeps games in progress, replacing those kept before, in one step.

    Raises:
        StorageError: the file cannot be written.
    """
    lines = [record_line(record, **labels(specs[record.number])) for record in records]
    publish(stage(folder / UNFINISHED_NAME, lines), folder / UNFINISHED_NAME)


def read_unfinished(folder: Path, specs: Mapping[int, GameSpec], labels: Labels) -> dict[int, GameRecord]:
    """The games that were in progress, by number; other lines are passed, as a game can start anew."""
    path = folder / UNFINISHED_NAME
    found: dict[int, GameRecord] = {}
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
    except OSError as error:
        raise _cannot("read", path, error) from error
    for line in lines:
        try:
            record, beside = parse_record(line)
        except ValueError:
            continue
        if fits(record, beside, specs, labels):
            found[record.number] = record
    return found


def drop_unfinished(folder: Path) -> None:
    """Forgets the games in progress."""
    discard(folder / UNFINISHED_NAME)


def _cannot(deed: str, path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot {deed} {path}: {error.strerror or error}")
