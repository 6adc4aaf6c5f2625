"""An asynchronous series: one row an event, with what it shows of quantities that are to be forecast.

Binkowski et al. 2018, Autoregressive Convolutional Neural Networks for Asynchronous Time Series, section 3.
Shapes: T events, V values that one event shows, F further features, D targets.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class EventSeries:
    """Events in the order of time.

    Attributes:
        times: (T,) float64, rising; in the unit of the series' clock.
        values: (T, V) float64 what each event shows, in the units of the targets.
        quantities: (T, V) int64 the target, in [0, D), in whose unit each value is.
        features: (T, F) float64 what else is known of an event: its source, its duration, the time of day.
        observed: (T, D) float64 what is known of each target once the event has been seen.
        targets: (T, D) float64 the true quantities at the event, which a forecast made before it should hit.
        target_names: of the D targets.
        source_names: of the sources; empty where every event shows all.
        sources: (T,) int64 the source of each event, in [0, len(source_names)); zeros where there is none.
    """

    times: np.ndarray
    values: np.ndarray
    quantities: np.ndarray
    features: np.ndarray
    observed: np.ndarray
    targets: np.ndarray
    target_names: tuple[str, ...]
    source_names: tuple[str, ...]
    sources: np.ndarray

    def __post_init__(self) -> None:
        """Refuse columns that do not fit each other.

        Raises:
            ValueError: naming the column.
        """
        events, targets = len(self.times), len(self.target_names)
        shapes = {
            "times": (events,),
            "values": (events, self.values.shape[-1]),
            "quantities": self.values.shape,
            "features": (events, self.features.shape[-1]),
            "observed": (events, targets),
            "targets": (events, targets),
            "sources": (events,),
        }
        for name, shape in shapes.items():
            column = getattr(self, name)
            if column.shape != shape:
                raise ValueError(f"{name}: got the shape {column.shape}, expected {shape}")
            if not np.isfinite(column).all():
                raise ValueError(f"{name}: got a value that is not finite")
        if not (np.diff(self.times) > 0).all():
            raise ValueError("times: got two events at once or out of order, expected rising times")

    def __len__(self) -> int:
        return len(self.times)


def indicators(numbers: np.ndarray, count: int) -> np.ndarray:
    """Return (T, count) float64, 1 in the column of each of the (T,) numbers and 0 elsewhere."""
    return (numbers[:, None] == np.arange(count)).astype(np.float64)


def carried_forward(seen: np.ndarray, numbers: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Return the last value seen of each quantity, and the first event from which all have been seen.

    Args:
        seen: (T,) float64 the one value of each event.
        numbers: (T,) int64 the quantity of which it is, in [0, count).
        count: of the quantities, D.

    Returns:
        (T, D) float64 values, of which only those from the returned event on are known.

    Raises:
        ValueError: if a quantity is never seen.
    """
    rows = np.where(indicators(numbers, count) > 0, np.arange(len(seen))[:, None], -1)
    latest = np.maximum.accumulate(rows, axis=0)
    complete = (latest >= 0).all(axis=1)
    if not complete.any():
        raise ValueError(f"events: got {len(seen)}, in which not all {count} quantities are seen")
    return seen[latest], int(complete.argmax())
