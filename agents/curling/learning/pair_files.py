"""A teacher's pairs on disk: numbered shards of equal numbers of games, each with its SHA-256 in a manifest.

A shard holds the games whose numbers follow from its own, so any of them can be made anywhere, and a folder
that was left half-done is completed to the same bytes. The manifest lists the shards of the folder from the
first to the last; whatever it does not list yet is made again.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.curling.learning.teaching import PAIR
from agents.curling.learning.teaching_config import TeachingConfig
from agents.runs.atomic import write_file
from agents.runs.errors import ConfigError, CorruptFileError, StorageError
from agents.runs.lock import LOCK_NAME
from agents.runs.state_tree import load_json

MANIFEST = "pairs.json"
FORMAT = 1
GAMES_PER_SHARD = 32
MAX_MANIFEST_BYTES = 2**24


@dataclass(frozen=True)
class Shard:
    """A finished file: its name, the number of its pairs, and the SHA-256 of its bytes."""

    file: str
    pairs: int
    sha256: str


def shard_games(number: int) -> range:
    """Numbers of the games of a shard."""
    return range(number * GAMES_PER_SHARD, (number + 1) * GAMES_PER_SHARD)


class PairFolder:
    """A folder of pairs of one teaching.

    Args:
        path: the folder, which exists.
        config: what its pairs are.

    Raises:
        ConfigError: it holds pairs of another teaching, or something else.
        CorruptFileError: its manifest is damaged.
        StorageError: it cannot be read.
    """

    def __init__(self, path: Path, config: TeachingConfig) -> None:
        self._path, self._config = path, config
        self.shards: list[Shard] = []
        """Finished, from the first."""
        if (path / MANIFEST).exists():
            found, self.shards = _read_manifest(path)
            for name, value in asdict(config).items():
                if found.get(name) != value:
                    raise ConfigError(f"{name}: got {value}, expected {found.get(name)} as in {path}")
        elif any(file.name != LOCK_NAME and not file.match("pairs-*") for file in path.iterdir()):
            raise ConfigError(f"out: got {path}, expected a new or empty folder, or one with {MANIFEST}")

    def append(self, pairs: NDArray) -> None:
        """Adds the next shard [N] PAIR.

        Raises:
            StorageError: it cannot be written.
        """
        content = io.BytesIO()
        np.save(content, pairs)
        name = f"pairs-{len(self.shards):05}.npy"
        write_file(self._path / name, content.getvalue())
        self.shards.append(Shard(name, len(pairs), hashlib.sha256(content.getvalue()).hexdigest()))
        write_file(self._path / MANIFEST, self._manifest())

    def _manifest(self) -> bytes:
        values = {
            "format": FORMAT,
            "teaching": asdict(self._config),
            "pairs": sum(shard.pairs for shard in self.shards),
            "shards": [asdict(shard) for shard in self.shards],
        }
        return (json.dumps(values, indent=1) + "\n").encode()


def read_pairs(path: Path, *, most: int = 0) -> tuple[TeachingConfig, NDArray]:
    """The pairs of a folder, every byte checked.

    Args:
        path: the folder.
        most: only so many pairs, from the first; 0 reads all.

    Returns:
        What they are, and [N] PAIR.

    Raises:
        ConfigError: there are fewer pairs than `most`.
        CorruptFileError: a file is damaged.
        StorageError: there is no manifest, or a file cannot be read.
    """
    if not (path / MANIFEST).is_file():
        raise StorageError(f"data: {path} holds no {MANIFEST}, expected a folder as run.py teach writes it")
    config, shards = _read_manifest(path)
    available = sum(shard.pairs for shard in shards)
    if most > available or not available:
        raise ConfigError(f"data: got {available} pairs in {path}, expected at least {max(most, 1)}")
    read, count = [], 0
    for shard in shards:
        if most and count >= most:
            break
        read.append(_read_shard(path, shard))
        count += shard.pairs
    pairs = np.concatenate(read)[: most or None]
    try:
        return TeachingConfig(**config), pairs
    except (TypeError, ValueError) as error:
        raise CorruptFileError(f"{path / MANIFEST}: {error}") from error


def _read_shard(path: Path, shard: Shard) -> NDArray:
    file = path / shard.file
    content = _bytes(file)
    if hashlib.sha256(content).hexdigest() != shard.sha256:
        raise CorruptFileError(f"{file}: the SHA-256 does not fit the content")
    try:
        pairs = np.load(io.BytesIO(content))
    except (ValueError, EOFError, OSError) as error:
        raise CorruptFileError(f"{file}: is no array of numbers ({error})") from error
    if pairs.dtype != PAIR or pairs.shape != (shard.pairs,):
        raise CorruptFileError(f"{file}: got {pairs.shape} of another kind, expected {shard.pairs} pairs")
    return pairs


def _read_manifest(path: Path) -> tuple[dict, list[Shard]]:
    file = path / MANIFEST
    content = _bytes(file)
    if len(content) > MAX_MANIFEST_BYTES:
        raise CorruptFileError(f"{file}: is longer than {MAX_MANIFEST_BYTES} bytes")
    values = load_json(content, str(file))
    try:
        if values["format"] != FORMAT:
            raise ValueError(f"format {values['format']}, expected {FORMAT}")
        return dict(values["teaching"]), list(_shards(values["shards"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(f"{file}: is malformed ({error})") from error


def _shards(rows: list[dict]) -> Iterator[Shard]:
    for number, row in enumerate(rows):
        shard = Shard(**row)
        if shard.file != f"pairs-{number:05}.npy" or type(shard.pairs) is not int or shard.pairs < 0:
            raise ValueError(f"shard {number} is {shard}")
        yield shard


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read {file}: {error.strerror or error}") from error
