"""A run folder: `config.json`, `metrics.jsonl`, TensorBoard events, `checkpoints/` and a lock for its one
writer."""

import re
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from agents.runs import origin
from agents.runs.atomic import discard_strays, write_file
from agents.runs.checkpoint_store import CheckpointStore
from agents.runs.errors import ConfigError, CorruptFileError, StorageError
from agents.runs.fields import MAX_SEED
from agents.runs.lock import LOCK_NAME, FolderLock
from agents.runs.metrics import METRICS_NAME
from agents.runs.state_tree import load_json
from agents.runs.tensorboard import EVENTS_NAME

RECORD_NAME = "config.json"
CHECKPOINTS_NAME = "checkpoints"
RECORD_FORMAT = 1
MAX_RECORD_BYTES = 2**20
_OWN_NAMES = (RECORD_NAME, METRICS_NAME, CHECKPOINTS_NAME, LOCK_NAME)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # device names on Windows
_MAX_NAME_BYTES = 255


@dataclass(frozen=True)
class RunRecord:
    """What `config.json` says.

    Args:
        kind: Kind of learner.
        config: The resolved config of the kind, as plain JSON values.
        seeds: One seed, or several for a folder that holds one run per seed.
        device: `auto`, `cpu` or `cuda` as asked for.
        checkpoint_every: Intervals between checkpoints.
        resolved_device: `cpu` or `cuda`.
        keep_every: Intervals between checkpoints that are never removed; 0 for none.
        versions, revision, machine: Where it was started (see `agents.runs.origin`).
        started: UTC time of the start, ISO 8601.
        format: Number of this layout.
    """

    kind: str
    config: dict[str, Any]
    seeds: list[int]
    device: str
    checkpoint_every: int
    resolved_device: str
    keep_every: int = 0
    versions: dict[str, str] = field(default_factory=origin.versions)
    revision: str = field(default_factory=origin.revision)
    machine: dict[str, str] = field(default_factory=origin.machine)
    started: str = field(default_factory=lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    format: int = RECORD_FORMAT


class RunFolder:
    """A locked run folder; use `create` or `open`, and close it (or use `with`)."""

    def __init__(self, path: Path, record: RunRecord, lock: FolderLock) -> None:
        self.path = path
        self.record = record
        self.checkpoints = CheckpointStore(path / CHECKPOINTS_NAME)
        self._lock = lock

    @classmethod
    def create(cls, path: Path, record: RunRecord) -> "RunFolder":
        """Makes a new run folder and locks it.

        Raises:
            ConfigError: The folder holds something already.
            StorageError: The folder cannot be made, or another process holds it.
        """
        check_folder_name(path)
        _make_folder(path)
        lock = FolderLock(path)
        try:
            if any(entry.name != LOCK_NAME for entry in path.iterdir()):
                raise ConfigError(
                    f"out: got {path}, expected a new or empty folder (--resume continues a run)"
                )
            if len(record.seeds) == 1:
                _make_folder(path / CHECKPOINTS_NAME)
            write_file(path / RECORD_NAME, _record_bytes(record))
        except BaseException:
            lock.release()
            raise
        return cls(path, record, lock)

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Locks an existing run folder and clears what a killed process left.

        Raises:
            ConfigError: There is no run.
            CorruptFileError: `config.json` is malformed, or an entry is a symbolic link.
            StorageError: Another process holds it.
        """
        record = read_record(path)
        if not path.is_dir():
            raise ConfigError(f"resume: got {path}, which is a file, expected a run folder")
        for name in _OWN_NAMES:
            if (path / name).is_symlink():
                raise CorruptFileError(f"{path / name}: is a symbolic link, expected a plain file or folder")
        lock = FolderLock(path)
        try:
            discard_strays(path)
            if len(record.seeds) == 1:
                _make_folder(path / CHECKPOINTS_NAME)
                discard_strays(path / CHECKPOINTS_NAME)
        except BaseException:
            lock.release()
            raise
        return cls(path, record, lock)

    def lengthen(self, field: str, value: float) -> None:
        """Writes what makes the run longer into its config in `config.json`; see `agents.runs.lengthening`.

        Raises:
            StorageError: The file cannot be written.
        """
        self.record = replace(self.record, config={**self.record.config, field: value})
        write_file(self.path / RECORD_NAME, _record_bytes(self.record))

    def forget(self) -> None:
        """Removes what the run has written, if it has measured nothing yet: its name is free again."""
        for seed in self.record.seeds:
            _remove_unbegun(self.path / f"seed-{seed}", (LOCK_NAME,))  # which the lock of this folder guards
        _remove_unbegun(self.path, ())

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def read_record(path: Path, *, field_name: str = "run") -> RunRecord:
    """Reads `config.json` of a run folder (or the file itself).

    Args:
        path: A run folder or the file.
        field_name: What an error calls the path.

    Raises:
        ConfigError: There is no such file.
        CorruptFileError: It is malformed or of a newer format.
    """
    source = path / RECORD_NAME if path.is_dir() else path
    if source.suffix == ".safetensors":
        raise ConfigError(f"{field_name}: got {path}, which is a checkpoint, expected its run folder")
    try:
        with open(source, "rb") as handle:
            content = handle.read(MAX_RECORD_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConfigError(f"{field_name}: got {path}, expected a run folder with {RECORD_NAME}") from error
    except OSError as error:
        raise StorageError(f"cannot read {source}: {error.strerror or error}") from error
    if len(content) > MAX_RECORD_BYTES:
        raise CorruptFileError(f"{source}: is longer than {MAX_RECORD_BYTES} bytes")
    return _parse_record(load_json(content, str(source)), source)


def default_path(kind: str, seeds: list[int]) -> Path:
    """Returns an unused path such as `runs/vision-20261122-150000-seed1`."""
    seed = f"seed{seeds[0]}" if len(seeds) == 1 else f"seeds{seeds[0]}-{seeds[-1]}"
    name = f"{kind}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{seed}"
    candidates = (Path("runs", name if number == 1 else f"{name}-{number}") for number in range(1, 10_000))
    return next(path for path in candidates if not path.exists())


def check_folder_name(path: Path) -> None:
    """Checks that every part of a path is a usable name on every system.

    Raises:
        ConfigError: Names the part.
    """
    for part in path.parts:
        too_long = len(part.encode("utf-8", "surrogateescape")) > _MAX_NAME_BYTES
        if too_long or _RESERVED.fullmatch(part) or not part.isprintable():
            raise ConfigError(f"out: got the part {part[:40]!a}, expected a usable folder name")


def new_folder(name: str, default: Path, *, hint: str = "") -> Path:
    """Makes the folder that a command writes into, which may be there but holds nothing yet.

    Args:
        name: as the user gave it; empty for the default.
        default: see `default_path`.
        hint: what to do about a folder that is not empty.

    Raises:
        ConfigError: the name is no usable one, or what has it is no folder or not empty.
        StorageError: the folder cannot be made.
    """
    path = Path(name) if name else default
    check_folder_name(path)
    _make_folder(path)
    if any(entry.name != LOCK_NAME for entry in path.iterdir()):
        raise ConfigError(f"out: got {path}, expected a new or empty folder{hint}")
    return path


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ConfigError(f"out: got {path}, expected a folder, but a file has that name") from error
    except OSError as error:
        raise StorageError(f"cannot make {path}: {error.strerror or error}") from error


def _remove_unbegun(folder: Path, more: tuple[str, ...]) -> None:
    """Removes what a run makes before it measures anything, files of `more` names, and the folder if that was
    all."""
    metrics, checkpoints = folder / METRICS_NAME, folder / CHECKPOINTS_NAME
    measured = metrics.exists() and metrics.stat().st_size
    if measured or (checkpoints.is_dir() and any(checkpoints.iterdir())) or any(folder.glob("seed-*")):
        return
    files = (RECORD_NAME, METRICS_NAME, *more)
    for file in (*(folder / name for name in files), *folder.glob(f"{EVENTS_NAME}.*")):
        file.unlink(missing_ok=True)
    for empty in (checkpoints, folder):
        with suppress(OSError):  # it is not there, or holds the lock
            empty.rmdir()


def _record_bytes(record: RunRecord) -> bytes:
    import json

    return (json.dumps(asdict(record), indent=2, allow_nan=False) + "\n").encode()


def _parse_record(values: Any, source: Path) -> RunRecord:
    if isinstance(values, dict):
        values.setdefault("keep_every", 0)  # which earlier versions did not write
    if not isinstance(values, dict) or values.keys() != RunRecord.__dataclass_fields__.keys():
        raise CorruptFileError(
            f"{source}: expected exactly the fields {', '.join(RunRecord.__dataclass_fields__)}"
        )
    if values["format"] != RECORD_FORMAT:
        raise CorruptFileError(f"{source}: got format {str(values['format'])[:20]}, expected {RECORD_FORMAT}")
    texts = ("kind", "device", "resolved_device", "revision", "started")
    good = all(type(values[name]) is str for name in texts) and type(values["config"]) is dict
    good = good and type(values["checkpoint_every"]) is int and values["checkpoint_every"] >= 1
    good = good and type(values["keep_every"]) is int and values["keep_every"] >= 0
    good = good and all(type(values[name]) is dict for name in ("versions", "machine"))
    seeds = values["seeds"]
    good = good and type(seeds) is list and len(seeds) > 0
    if not good or not all(type(seed) is int and 0 <= seed <= MAX_SEED for seed in seeds):
        raise CorruptFileError(f"{source}: a field has a value of a wrong type")
    return RunRecord(**values)
