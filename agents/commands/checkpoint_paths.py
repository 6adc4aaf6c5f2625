"""What a path to a checkpoint, a run or the runs of several seeds means."""

from pathlib import Path

from agents.runs.checkpoint_store import BEST, LAST
from agents.runs.errors import ConfigError

BEST_FIRST, LAST_FIRST = (BEST, LAST), (LAST, BEST)


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


def checkpoint_files(path: Path, preferred: tuple[str, ...] = BEST_FIRST) -> list[Path]:
    """Returns the checkpoint files that a path means: itself, a run's, or those of its seeds.

    Args:
        path: An existing file or folder.
        preferred: Names of a run's checkpoints, of which the first that it has is taken.

    Raises:
        ConfigError: There is none.
    """
    if path.is_file():
        return [path]
    for name in preferred:
        file = path / "checkpoints" / name
        if file.is_file():
            return [file]
    members = sorted(path.glob("seed-*"), key=lambda member: _seed_number(member.name))
    files = [file for member in members for file in checkpoint_files(member, preferred)]
    if not files:
        raise ConfigError(f"checkpoints: got {path}, expected a checkpoint file or a run with checkpoints")
    return files


def run_label(path: Path) -> str:
    """Name for people of the run that a path to it, or to one of its checkpoints, means."""
    path = path.resolve()
    run = path.parent.parent if path.parent.name == "checkpoints" else path
    return f"{run.parent.name}/{run.name}" if run.name.startswith("seed-") else run.name


def _seed_number(name: str) -> int:
    digits = name.removeprefix("seed-")
    return int(digits) if digits.isdigit() else 0
