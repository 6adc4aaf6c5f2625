"""Reports as JSON files, indented for people."""

import json
from pathlib import Path
from typing import Any

from agents.runs.atomic import write_file


def write_json(path: Path, values: Any) -> None:
    """Writes plain values, replacing what the file held, in one step.

    Raises:
        StorageError: the file cannot be written.
        ValueError: a number is not finite.
    """
    write_file(path, (json.dumps(values, indent=2, allow_nan=False) + "\n").encode())
