"""Which checkpoints a path means: of a checkpoint itself, of a run, or of the runs of several seeds."""

from collections.abc import Sequence
from pathlib import Path

from agents.runs.checkpoint_store import BEST, LAST
from agents.runs.errors import ConfigError
from agents.runs.run_folder import CHECKPOINTS_NAME, RECORD_NAME, read_record

BEST_FIRST, LAST_FIRST = (BEST, LAST), (LAST, BEST)
SUFFIX = ".safetensors"


def resolve(path: Path, order: Sequence[str] = BEST_FIRST) -> Path | None:
    """The checkpoint that a path means; None if there is none.

    Args:
        path: perhaps a file, a run folder, or RUN/NAME, a checkpoint without its suffix, as `run/last`.
        order: names of a run's checkpoints, of which the first that it has is taken.
    """
    short = path.parent / CHECKPOINTS_NAME / f"{path.name}{SUFFIX}"
    candidates = (path, *(path / CHECKPOINTS_NAME / name for name in order), short)
    return next((file for file in candidates if file.is_file()), None)


def check_checkpoint_paths(paths: tuple[str, ...]) -> None:
    """Checks that there are some, and that they exist.

    Raises:
        ConfigError: A path is missing.
    """
    if not paths:
        raise ConfigError("checkpoints: got none, expected at least one file or run folder")
    for path in paths:
        if not Path(path).exists():
            raise ConfigError(f"checkpoints: got {path[:200]}, expected an existing file or folder")


def checkpoint_files(path: Path, order: Sequence[str] = BEST_FIRST) -> list[Path]:
    """The checkpoint files that a path means: its own (`resolve`), or those of a run's seeds.

    Raises:
        ConfigError: There is none.
    """
    own = resolve(path, order)
    if own is not None:
        return [own]
    members = sorted(path.glob("seed-*"), key=lambda member: _seed_number(member.name))
    files = [file for member in members for file in checkpoint_files(member, order)]
    if not files:
        raise ConfigError(f"checkpoints: got {path}, expected a checkpoint file or a run with checkpoints")
    return files


def has_checkpoints(path: Path) -> bool:
    """Whether the path is a folder with checkpoints, its own or of several seeds."""
    patterns = (f"{CHECKPOINTS_NAME}/*", f"seed-*/{CHECKPOINTS_NAME}/*")
    return any(any(path.glob(pattern)) for pattern in patterns)


def run_label(path: Path) -> str:
    """Name for people of the run that a path to it, or to one of its checkpoints, means."""
    path = path.resolve()
    run = path.parent.parent if path.parent.name == CHECKPOINTS_NAME else path
    return f"{run.parent.name}/{run.name}" if run.name.startswith("seed-") else run.name


def run_seed(file: Path) -> int | None:
    """Seed of the run in whose folder a checkpoint lies; None where it lies elsewhere."""
    folder = file.resolve().parent.parent
    seeds = read_record(folder).seeds if (folder / RECORD_NAME).is_file() else []
    return seeds[0] if len(seeds) == 1 else None


def _seed_number(name: str) -> int:
    digits = name.removeprefix("seed-")
    return int(digits) if digits.isdigit() else 0
