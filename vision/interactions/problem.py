"""Regressions to read interactions from: split, standardised by their training rows, and side by side.

Shapes: N rows, B of a batch, M functions, p inputs.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vision.interactions.functions import FUNCTIONS, INPUTS
from vision.interactions.tabular import Table

PARTS = ("train", "validation", "test")
# A tabular set is shuffled and split in these shares.
SHARES = (0.8, 0.1, 0.1)


@dataclass(frozen=True)
class Part:
    """Rows of one part; called with row numbers it fetches a batch for the supervised loop.

    Attributes:
        inputs: (N, M, p) float32.
        targets: (N, M) float32.
    """

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def __call__(self, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return (B, M, p) inputs and (B, M) targets for (B,) int64 row numbers."""
        places = indices.to(self.targets.device, non_blocking=True)
        return self.inputs[places], self.targets[places]

    def to(self, device: str) -> "Part":
        """The part on a device."""
        return Part(self.inputs.to(device), self.targets.to(device))


@dataclass(frozen=True)
class Problem:
    """One or several functions to fit.

    Attributes:
        functions: names of the functions, or of the data set.
        inputs: names of the inputs.
        parts: train, validation and test.
        truths: the largest interactions of each function; None where they are not known.
        deviations: of the targets of the training rows, by which they were divided; 1 for a binary set.
        binary: targets are 0 or 1.
    """

    functions: tuple[str, ...]
    inputs: tuple[str, ...]
    parts: dict[str, Part]
    truths: tuple[tuple[frozenset[int], ...] | None, ...]
    deviations: tuple[float, ...]
    binary: bool


def synthetic_problem(functions: tuple[str, ...], rows: int, rng: np.random.Generator) -> Problem:
    """Draw `rows` rows of each part of synthetic functions, names of `FUNCTIONS`."""
    if not functions or rows < 1:
        raise ValueError(f"rows: got {rows} of {len(functions)} functions, expected some of each")
    inputs, targets = [], []
    for name in functions:
        drawn = FUNCTIONS[name].draw(len(PARTS) * rows, rng)
        inputs.append(drawn)
        targets.append(FUNCTIONS[name](drawn))
    bounds = [rows * number for number in range(1, len(PARTS))]
    parts, deviations = _standardised(np.stack(inputs, 1), np.stack(targets, 1), bounds, binary=False)
    names = tuple(f"x{number}" for number in range(1, INPUTS + 1))
    truths = tuple(FUNCTIONS[name].truth for name in functions)
    return Problem(functions, names, parts, truths, deviations, binary=False)


def tabular_problem(name: str, table: Table, rng: np.random.Generator) -> Problem:
    """Shuffle and split a tabular set; a blank gets the median of its column in the training rows."""
    order = rng.permutation(len(table.targets))
    train = _bounds(len(order))[0]
    inputs, targets = table.inputs[order], table.targets[order]
    known = ~np.isnan(inputs[:train])
    for column in np.flatnonzero(np.isnan(inputs).any(0)):
        if not known[:, column].any():
            where = table.layout.inputs[column]
            raise ValueError(f"{where}: got blanks in all training rows, expected some numbers")
        middle = np.median(inputs[:train, column][known[:, column]])
        inputs[np.isnan(inputs[:, column]), column] = middle
    names, binary = table.layout.inputs, table.layout.binary
    return regression_problem(name, names, inputs, targets, binary=binary)


def regression_problem(
    name: str,
    names: tuple[str, ...],
    inputs: NDArray[np.float64],
    targets: NDArray[np.float64],
    *,
    binary: bool = False,
) -> Problem:
    """Split rows of one function in their order, in the shares of `SHARES`.

    Args:
        name: of the function.
        names: of its p inputs.
        inputs: (N, p).
        targets: (N,).
        binary: whether targets are 0 or 1.
    """
    bounds = _bounds(len(targets))
    parts, deviations = _standardised(inputs[:, None], targets[:, None], bounds, binary=binary)
    return Problem((name,), names, parts, (None,), deviations, binary)


def _bounds(count: int) -> list[int]:
    """Return the first validation row and the first test row of so many rows."""
    train, validation = round(SHARES[0] * count), round(SHARES[1] * count)
    return [train, train + validation]


def _standardised(
    inputs: NDArray[np.float64], targets: NDArray[np.float64], bounds: list[int], *, binary: bool
) -> tuple[dict[str, Part], tuple[float, ...]]:
    """Split (N, M, p) inputs and (N, M) targets at rows, in units of the deviation of the first part."""
    scaled, _ = _in_deviations(inputs, bounds[0])
    if binary:
        aims, deviations = targets, np.ones(targets.shape[1])
    else:
        aims, deviations = _in_deviations(targets, bounds[0])
    pieces = zip(np.split(scaled, bounds), np.split(aims, bounds), strict=True)
    parts = [Part(*(torch.from_numpy(piece).float() for piece in pair)) for pair in pieces]
    return dict(zip(PARTS, parts, strict=True)), tuple(deviations.tolist())


def _in_deviations(values: NDArray[np.float64], train: int) -> tuple[NDArray, NDArray]:
    """Standardise by the first rows; what does not vary there is only shifted."""
    deviation = values[:train].std(0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    return (values - values[:train].mean(0)) / deviation, deviation
