"""Reads the artificial series that the authors of SOCNN published as CSV files.

A row is a step of the process: its value (`original`), what one source shows (`noisy`) with an indicator for
each source, whether it is an event (`valid`), and the time since the event before (`duration`). Files of
synchronous series hold the values of all sources instead. T events, K sources.
"""

import csv
from pathlib import Path

import numpy as np

from vision.series.events import EventSeries
from vision.series.generator import all_at_once, one_at_a_time


def read_artificial(path: Path) -> EventSeries:
    """Return the events of a file.

    Raises:
        ValueError: if it is no such file, with the line that is wrong.
        OSError: if it cannot be read.
    """
    names, table = _read_table(path)
    count = sum(name.startswith("source") for name in names)
    sources = [f"source{number}" for number in range(count)]
    asynchronous = "noisy" in names
    for name in ("original", "duration", *sources, *(("valid",) if asynchronous else ())):
        if name not in names:
            raise ValueError(f"{path.name}: got no column {name!r}, expected an artificial series")
    if not sources:
        raise ValueError(f"{path.name}: got no columns of sources, expected source0 and so on")
    columns = {name: table[:, place] for place, name in enumerate(names)}
    events = columns["valid"] == 1 if "valid" in names else np.ones(len(table), dtype=bool)
    if not events.any():
        raise ValueError(f"{path.name}: got no row with valid = 1, expected events")
    truth, gaps = columns["original"][events], columns["duration"][events]
    if (gaps <= 0).any():
        raise ValueError(f"{path.name}: got a duration that is not above 0")
    shown = np.column_stack([columns[name][events] for name in sources])
    labels = tuple(f"source {number}" for number in range(count))
    if not asynchronous:
        return all_at_once(gaps, shown, truth, labels)
    if not ((shown == 0) | (shown == 1)).all() or not (shown.sum(axis=1) == 1).all():
        raise ValueError(f"{path.name}: got an event of none or several sources, expected one source each")
    return one_at_a_time(gaps, columns["noisy"][events], shown.argmax(axis=1), truth, labels)


def _read_table(path: Path) -> tuple[list[str], np.ndarray]:
    """Return the names of the columns and the (rows, columns) float64 table."""
    rows: list[list[float]] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            names = next(lines, [])
            for number, line in enumerate(lines, start=2):
                if len(line) != len(names):
                    found = f"{len(line)} fields, expected {len(names)}"
                    raise ValueError(f"{path.name}, line {number}: got {found}")
                rows.append(_numbers(line, f"{path.name}, line {number}"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name}: is no CSV text ({error})") from error
    if not rows:
        raise ValueError(f"{path.name}: got no rows, expected a header and a row a step")
    table = np.array(rows)
    if not np.isfinite(table).all():
        raise ValueError(f"{path.name}: got a value that is not finite")
    return names, table


def _numbers(line: list[str], where: str) -> list[float]:
    try:
        return [float(field) for field in line]
    except ValueError as error:
        raise ValueError(f"{where}: got a field that is no number ({error})") from error
