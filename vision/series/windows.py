"""Windows of a series, made as they are asked for: L events of the past, and the targets at the next event.

Shapes: T events, L events of a window, I inputs of an event, D targets, B windows of a batch.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from vision.series.events import EventSeries

TRAINING_SHARE, VALIDATION_SHARE = 0.8, 0.1
"""Shares of the events, in the order of time; the rest is the test part."""
ValueInput = Literal["observed", "clean"]


@dataclass(frozen=True)
class Split:
    """The events whose targets are learnt, validated and tested on."""

    training: range
    validation: range
    test: range


@dataclass(frozen=True)
class Scaling:
    """Means and standard deviations over the training events.

    Attributes:
        centre, spread: (D,) float64 of the targets; spread 1 where a target is constant.
        feature_centre, feature_spread: (F,) float64 of the further features.
    """

    centre: np.ndarray
    spread: np.ndarray
    feature_centre: np.ndarray
    feature_spread: np.ndarray


@dataclass(frozen=True)
class ScaledSeries:
    """What networks see of a series, on one device.

    Attributes:
        inputs: (T, I) float32 scaled values, then scaled further features.
        values: (T, D) float32 scaled value inputs.
        times: (T,) float64.
        targets: (T, D) float32 scaled targets.
    """

    inputs: Tensor
    values: Tensor
    times: Tensor
    targets: Tensor


def split_events(count: int, length: int) -> Split:
    """Cut `count` events into three consecutive parts; the first `length` have no whole window before them.

    Raises:
        ValueError: if a part would be empty.
    """
    training = int(TRAINING_SHARE * count)
    validation = int((TRAINING_SHARE + VALIDATION_SHARE) * count)
    if not length < training < validation < count:
        raise ValueError(f"events: got {count}, expected more, for windows of {length} in three parts")
    return Split(range(length, training), range(training, validation), range(validation, count))


def measure_scaling(series: EventSeries, stop: int) -> Scaling:
    """Return the scaling by the first `stop` events of a series."""
    targets, features = series.targets[:stop], series.features[:stop]
    return Scaling(targets.mean(axis=0), _spread(targets), features.mean(axis=0), _spread(features))


def scale(
    series: EventSeries, scaling: Scaling, *, value_input: ValueInput, device: torch.device | str
) -> ScaledSeries:
    """Return a series in units of its scaling.

    Args:
        series: the events.
        scaling: by the training events.
        value_input: `observed` takes what is known of each target. `clean` takes the targets' true past,
            which in a noisy or asynchronous series nobody has: it is the leak in the authors' code, for
            repeating their numbers.
        device: where to put it.
    """
    values = (series.values - scaling.centre[series.quantities]) / scaling.spread[series.quantities]
    features = (series.features - scaling.feature_centre) / scaling.feature_spread
    targets = (series.targets - scaling.centre) / scaling.spread
    # Differs from the paper: its value input is the past of the targets themselves; see above.
    observed = (series.observed - scaling.centre) / scaling.spread
    tensors = (np.column_stack([values, features]), targets if value_input == "clean" else observed, targets)
    inputs, known, truth = (torch.from_numpy(part).float().to(device) for part in tensors)
    return ScaledSeries(inputs, known, torch.from_numpy(series.times).to(device), truth)


class Windows:
    """Fetches the windows that end right before the events of one part, one event apart.

    Args:
        series: scaled, on the device.
        rows: the events to forecast.
        length: events of the past in a window, L, at most `rows.start`.
    """

    def __init__(self, series: ScaledSeries, rows: range, length: int) -> None:
        if not 1 <= length <= rows.start or not rows or rows.stop > len(series.times):
            raise ValueError(
                f"rows: got {rows}, expected {length} or more events before the first, of the series"
            )
        self.series = series
        self.rows = rows
        self.length = length

    def __len__(self) -> int:
        return len(self.rows)

    def __call__(
        self, indices: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return windows and their targets.

        Args:
            indices: (B,) int64 numbers of windows.
            generator: not used.

        Returns:
            (B, L, I) inputs, (B, L, D) value inputs, (B, L) times since the window's first event, and (B, D)
            targets, all float32.
        """
        rows = indices.to(self.series.inputs.device, non_blocking=True) + self.rows.start
        past = rows[:, None] + torch.arange(-self.length, 0, device=rows.device)
        times = self.series.times[past]
        elapsed = (times - times[:, :1]).float()
        return self.series.inputs[past], self.series.values[past], elapsed, self.series.targets[rows]

    @property
    def targets(self) -> Tensor:
        """(N, D) float32 targets of all windows."""
        return self.series.targets[self.rows.start : self.rows.stop]


def _spread(columns: np.ndarray) -> np.ndarray:
    """Return the standard deviations of columns, 1 for those that are constant."""
    found = columns.std(axis=0)
    return np.where(found > 0, found, 1.0)
