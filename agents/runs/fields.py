"""Range checks for config fields; each raises one line naming field, value and what was expected."""

import math
from pathlib import Path

from agents.runs.errors import ConfigError

MAX_SEED = 2**63 - 1  # what torch.Generator.manual_seed takes


def check_whole(field: str, value: int, *, low: int, high: int) -> None:
    """Checks that an integer field lies in `[low, high]`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"{field}: got {value!r}, expected a whole number from {low} to {high}")


def check_real(field: str, value: float, *, low: float, high: float) -> None:
    """Checks that a float field is finite and lies in `[low, high]`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{field}: got {value!r}, expected a number from {low} to {high}")
    if not math.isfinite(value) or not low <= value <= high:
        raise ConfigError(f"{field}: got {value!r}, expected a finite number from {low} to {high}")


def check_choice(field: str, value: str, choices: tuple[str, ...]) -> None:
    """Checks that a field is one of the listed words."""
    if value not in choices:
        raise ConfigError(f"{field}: got {value!r}, expected one of {', '.join(choices)}")


def check_folder(field: str, name: str) -> None:
    """Checks that a folder is there."""
    if not Path(name).is_dir():
        raise ConfigError(f"{field}: got {name[:200]}, expected an existing folder")


def check_folder_to_be(field: str, name: str) -> None:
    """Checks that a folder is there or can be made: its name is not that of something else."""
    if Path(name).exists() and not Path(name).is_dir():
        raise ConfigError(f"{field}: got {name[:200]}, which is a file; expected a folder")


def check_new_file(field: str, name: str, suffix: str) -> None:
    """Checks that a file of this name and kind can be written: its folder is there, and it is no folder."""
    path = Path(name)
    if path.suffix != suffix:
        raise ConfigError(f"{field}: got {name[:200]}, expected a file name ending in {suffix}")
    if not path.parent.is_dir() or path.is_dir():
        raise ConfigError(f"{field}: got {name[:200]}, expected a file in a folder that exists")
