"""The games of one sitting at a server, in a folder: `games.jsonl`, and `unfinished.jsonl` for a torn one.

`shots.jsonl` has the shots of games on another engine, with the positions that engine reported: played again
from the first shot on ours, a game in which stones touch can drift away from what was.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.curling.games.game_ledger import GameLedger, write_unfinished
from agents.curling.games.game_records import GameRecord, GameSpec
from agents.runs.errors import StorageError

SHOTS_NAME = "shots.jsonl"


class KeptGames:
    """Keeps every game as soon as it is over.

    Args:
        folder: new, and locked by its writer.
        specs: number -> spec of all games.
        notice: told in one line what was dropped.
    """

    def __init__(self, folder: Path, specs: Mapping[int, GameSpec], notice: Callable[[str], None]) -> None:
        self.folder, self._specs = folder, specs
        self._labels: dict[int, Mapping[str, Any]] = {}
        self._ledger = GameLedger(folder, specs, self._labels_of, notice)

    def __len__(self) -> int:
        """How many games are over."""
        return len(self._ledger.records)

    @property
    def records(self) -> list[GameRecord]:
        """The games that are over, in their order."""
        return [self._ledger.records[number] for number in sorted(self._ledger.records)]

    def add(self, record: GameRecord, labels: Mapping[str, Any]) -> None:
        """Keeps a finished game with plain values beside it.

        Raises:
            StorageError: it cannot be written.
        """
        self._labels[record.number] = labels
        self._ledger.append(record)

    def add_unfinished(self, record: GameRecord, labels: Mapping[str, Any]) -> None:
        """Keeps a game that was broken off, if a stone was thrown in it.

        Raises:
            StorageError: it cannot be written.
        """
        if record.turns:
            self._labels[record.number] = labels
            write_unfinished(self.folder, [record], self._specs, self._labels_of)

    def add_shots(self, number: int, shots: Sequence[Mapping[str, Any]]) -> None:
        """Keeps the shots of a game, one a line, for `run.py shots`, `render` and `analyse`.

        Raises:
            StorageError: they cannot be written.
        """
        if not shots:
            return
        lines = "".join(json.dumps({"game": number, **shot}) + "\n" for shot in shots)
        path = self.folder / SHOTS_NAME
        try:
            with open(path, "a", encoding="utf-8") as file:
                file.write(lines)
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror or error}") from error

    def close(self) -> None:
        """Forces the games onto the disk."""
        self._ledger.close()

    def _labels_of(self, spec: GameSpec) -> Mapping[str, Any]:
        return self._labels[spec.number]
