"""Reads the tabular sets of the interaction-detection paper from their CSV files.

Bike sharing by the hour and letter recognition (UCI), California housing (StatLib). Shapes: N rows, p inputs.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FEWEST_ROWS = 10
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FIRST_HALF = LETTERS[:13]


class Layout(NamedTuple):
    """Where a set lies and which columns are used.

    Args:
        files: Names that its file may have.
        inputs: Columns that are inputs.
        target: Column that is predicted.
        columns: All columns in order, where the official file has no line of names; empty where it has one.
        binary: The target is a letter, and the question is whether it is one of the first thirteen.
        blanks: Inputs that may be blank.
    """

    files: tuple[str, ...]
    inputs: tuple[str, ...]
    target: str
    columns: tuple[str, ...] = ()
    binary: bool = False
    blanks: tuple[str, ...] = ()


_LETTER_SHAPES = ("x-box", "y-box", "width", "height", "on-pixels", "x-bar", "y-bar", "x2-bar", "y2-bar")
_LETTER_REST = ("xy-bar", "x2y-bar", "xy2-bar", "x-edge", "x-edge-y", "y-edge", "y-edge-x")

LAYOUTS: dict[str, Layout] = {
    # Casual and registered riders add up to the target; the number and the date of a row say no more than
    # the other columns.
    "bike": Layout(
        ("bike_hour.csv", "hour.csv"),
        (
            *("season", "yr", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit"),
            *("temp", "atemp", "hum", "windspeed"),
        ),
        "cnt",
    ),
    # The nearness to the ocean, in words, is not part of the original set of eight inputs.
    "california": Layout(
        ("california_housing.csv", "housing.csv"),
        (
            *("longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms"),
            *("population", "households", "median_income"),
        ),
        "median_house_value",
        blanks=("total_bedrooms",),
    ),
    "letter": Layout(
        ("letter-recognition.data",),
        (*_LETTER_SHAPES, *_LETTER_REST),
        "letter",
        columns=("letter", *_LETTER_SHAPES, *_LETTER_REST),
        binary=True,
    ),
}


@dataclass(frozen=True)
class Table:
    """A tabular set as numbers.

    Attributes:
        inputs: (N, p) float64; nan where the file has a blank.
        targets: (N,) float64; 0 or 1 for a binary set.
        layout: its columns.
    """

    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    layout: Layout


def read_table(folder: Path, dataset: str) -> Table:
    """Read a set of `LAYOUTS` from a folder.

    Raises:
        ValueError: if the file is malformed, naming line and column.
        FileNotFoundError: if there is no such file.
    """
    layout = LAYOUTS[dataset]
    path = next((folder / name for name in layout.files if (folder / name).is_file()), None)
    if path is None:
        raise FileNotFoundError(f"{folder} holds no {' or '.join(layout.files)}")
    inputs, targets = [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for where, row in _rows(csv.reader(file), layout, path.name):
                inputs.append([_number(row[name], name, layout, where) for name in layout.inputs])
                targets.append(_target(row[layout.target], layout, where))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name}: is no CSV text ({error})") from error
    if len(targets) < FEWEST_ROWS:
        raise ValueError(f"{path.name}: got {len(targets)} rows, expected at least {FEWEST_ROWS}")
    return Table(np.array(inputs), np.array(targets), layout)


def _rows(lines: Iterator[list[str]], layout: Layout, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (place for people, cells by column) per row of numbers."""
    columns = list(layout.columns)
    for number, cells in enumerate(lines, start=1):
        is_names = number == 1 and (not columns or cells[:1] not in [[letter] for letter in LETTERS])
        if is_names:
            columns = columns or [cell.strip() for cell in cells]
            for wanted in (*layout.inputs, layout.target):
                if wanted not in columns:
                    raise ValueError(f"{name}: has no column {wanted!r}")
        elif cells:
            where = f"{name} line {number}"
            if len(cells) != len(columns):
                raise ValueError(f"{where}: got {len(cells)} cells, expected {len(columns)}")
            yield where, dict(zip(columns, cells, strict=True))


def _number(cell: str, column: str, layout: Layout, where: str) -> float:
    if column in layout.blanks and not cell.strip():
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{where}: {column}: got {cell[:60]!r}, expected a finite number")
    return value


def _target(cell: str, layout: Layout, where: str) -> float:
    if not layout.binary:
        return _number(cell, layout.target, layout, where)
    if len(cell) != 1 or cell not in LETTERS:
        raise ValueError(f"{where}: {layout.target}: got {cell[:60]!r}, expected a capital letter")
    return float(cell in FIRST_HALF)
