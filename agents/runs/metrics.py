"""`metrics.jsonl`: one JSON object per interval, steps 1, 2, 3, ... without gap or repeat, across kills and
resumes."""

import json
import math
import os
import re
from pathlib import Path
from typing import Any

from agents.runs.errors import CorruptFileError, NumericalError, StorageError
from agents.runs.state_tree import dump_json, load_json

METRICS_NAME = "metrics.jsonl"
MAX_LINE_BYTES = 2**20
RUN_COLUMNS = ("step", "seconds")  # added by the run
_NAME = re.compile(r"[\w./-]+", re.ASCII)


class MetricsFile:
    """Appends rows; each row is in the hands of the operating system before `append` returns."""

    def __init__(self, folder: Path, *, step: int) -> None:
        """Opens the file and drops every row after `step` (and a line torn by a kill).

        Raises:
            CorruptFileError: A row up to `step` is missing.
            StorageError: The file cannot be written.
        """
        self._path = folder / METRICS_NAME
        try:
            self._path.touch()
            keep = _bytes_up_to(self._path, step)
            os.truncate(self._path, keep)
            self._handle = open(self._path, "ab", buffering=0)  # noqa: SIM115 (closed by close)
        except OSError as error:
            raise _cannot_write(self._path, error) from error

    def append(self, row: dict[str, Any]) -> None:
        """Appends one row.

        Raises:
            StorageError: The row cannot be written.
        """
        line = memoryview(f"{dump_json(row)}\n".encode())
        try:
            while line:
                line = line[self._handle.write(line) or 0 :]
        except OSError as error:
            raise _cannot_write(self._path, error) from error

    def sync(self) -> None:
        """Forces the rows onto the disk.

        Raises:
            StorageError: The disk refuses.
        """
        try:
            os.fsync(self._handle.fileno())
        except OSError as error:
            raise _cannot_write(self._path, error) from error

    def close(self) -> None:
        """Closes the file."""
        self._handle.close()


def check_measurements(measurements: dict[str, float], step: int) -> dict[str, float]:
    """Checks what a learner yielded.

    Returns:
        The measurements as plain floats.

    Raises:
        NumericalError: A value is not finite.
        TypeError: A name or a value is of a wrong kind (a defect of the learner).
    """
    for name, value in measurements.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RUN_COLUMNS:
            raise TypeError(
                f"measurement name: got {name!r}, expected letters, digits, _ - . / and not step, seconds"
            )
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"measurement {name}: got a {type(value).__name__}, expected a plain float")
        if not math.isfinite(value):
            raise NumericalError(f"interval {step}: {name} is {value}; the last checkpoint stays as it is")
    return {name: float(value) for name, value in measurements.items()}


def read_metrics(path: Path) -> list[dict[str, float]]:
    """Reads all whole rows of a metrics file, in order of steps.

    Raises:
        CorruptFileError: A row is malformed, or a step is missing or repeated.
        StorageError: The file cannot be read.
    """
    rows: list[dict[str, float]] = []
    for line in _whole_lines(path):
        row = load_json(line, f"{path}: line {len(rows) + 1}")
        _check_row(row, len(rows) + 1, path)
        rows.append(row)
    return rows


def _bytes_up_to(path: Path, step: int) -> int:
    size = 0
    lines = _whole_lines(path, limit=step)
    for place, line in enumerate(lines, start=1):
        _check_row(load_json(line, f"{path}: line {place}"), place, path)
        size += len(line)
    if len(lines) < step:
        raise CorruptFileError(f"{path}: got {len(lines)} rows, expected the {step} rows of the checkpoint")
    return size


def _whole_lines(path: Path, limit: int | None = None) -> list[bytes]:
    lines: list[bytes] = []
    try:
        with open(path, "rb") as handle:
            while limit is None or len(lines) < limit:
                line = handle.readline(MAX_LINE_BYTES + 1)
                if len(line) > MAX_LINE_BYTES:
                    raise CorruptFileError(
                        f"{path}: line {len(lines) + 1} is longer than {MAX_LINE_BYTES} bytes"
                    )
                if not line.endswith(b"\n"):
                    break
                lines.append(line)
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    return lines


def _check_row(row: Any, step: int, path: Path) -> None:
    if not isinstance(row, dict) or not all(type(value) in (int, float) for value in row.values()):
        raise CorruptFileError(f"{path}: line {step} is not an object of numbers")
    if row.get("step") != step:
        raise CorruptFileError(f"{path}: line {step} has step {json.dumps(row.get('step'))}, expected {step}")


def _cannot_write(path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot write {path}: {error.strerror or error}")
