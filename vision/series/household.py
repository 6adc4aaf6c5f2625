"""Reads the electric power of one household, minute by minute, and makes it asynchronous.

UCI Machine Learning Repository, Individual Household Electric Power Consumption; thinned as in Binkowski et
al. 2018, section 4.1. M minutes of the file, T events, D = 7 quantities.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from vision.series.events import EventSeries, carried_forward, indicators

QUANTITIES = (
    *("Global_active_power", "Global_reactive_power", "Voltage", "Global_intensity"),
    *("Sub_metering_1", "Sub_metering_2", "Sub_metering_3"),
)
"""Columns of the file: kilowatts twice, volts, amperes, watt-hours a minute three times."""
MISSING = ("?", "")
KEPT = (1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1)
"""Which minutes are events, over and over: 10 of 25."""
SHARE_RATIO = 1.5
"""How much more often one quantity is seen than the next rarer one."""
TIME_FORMATS = {"datetime": "%Y-%m-%dT%H:%M:%S", "Date": "%d/%m/%Y %H:%M:%S"}
"""First column -> how it, with the column `Time` where there is one, writes the time."""
MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class Minutes:
    """The complete minutes of a file.

    Attributes:
        times: (M,) float64 minutes since midnight before the first of them.
        values: (M, 7) float64 in the units of QUANTITIES.
    """

    times: np.ndarray
    values: np.ndarray


def read_household(path: Path) -> Minutes:
    """Return the minutes of a file, without those that lack a value.

    Raises:
        ValueError: if it is no such file, with the line that is wrong.
        OSError: if it cannot be read.
    """
    moments, rows = [], []
    try:
        with path.open(encoding="utf-8") as file:
            names = file.readline().strip().split(";")
            style, clocks = _columns(path, names)
            for number, line in enumerate(file, start=2):
                fields = line.strip().split(";")
                where = f"{path.name}, line {number}"
                if len(fields) != len(names):
                    raise ValueError(f"{where}: got {len(fields)} fields, expected {len(names)}")
                if not any(field in MISSING for field in fields[clocks:]):
                    moments.append(_moment(" ".join(fields[:clocks]), style, where))
                    rows.append(_numbers(fields[clocks:], where))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name}: is no text ({error})") from error
    if not rows:
        raise ValueError(f"{path.name}: got no complete minute")
    midnight = moments[0].replace(hour=0, minute=0, second=0)
    times = np.array([(moment - midnight).total_seconds() / 60.0 for moment in moments])
    return Minutes(times, np.array(rows))


def household_series(minutes: Minutes, *, asynchronous: bool, rng: np.random.Generator) -> EventSeries:
    """Return the events of a household; the targets are all seven quantities in either case.

    Asynchronously, the minutes of the pattern `KEPT` are events, and each shows one quantity, drawn with
    shares that grow by `SHARE_RATIO` in a drawn order. The first event is the first by which all have been
    seen. Synchronously, every minute is an event and shows all seven.

    Differs from the paper: a value is scaled by its own quantity, and what is known of a quantity between its
    events is its last value; the authors' code feeds SOCNN the true values of all seven instead.

    Args:
        minutes: of the file.
        asynchronous: whether one quantity is seen at a time.
        rng: of the quantities' shares and of those that are seen.

    Raises:
        ValueError: if there are too few minutes to see every quantity.
    """
    count = len(QUANTITIES)
    if not asynchronous:
        return _complete_series(minutes)
    events = np.resize(np.array(KEPT, dtype=bool), len(minutes.times))
    times, values = minutes.times[events], minutes.values[events]
    weights = rng.permutation(SHARE_RATIO ** np.arange(count))
    number = rng.choice(count, len(times), p=weights / weights.sum())
    seen = values[np.arange(len(times)), number]
    observed, first = carried_forward(seen, number, count)
    known = slice(first, None)
    return EventSeries(
        times=times[known],
        values=seen[known, None],
        quantities=number[known, None],
        features=np.column_stack([times % MINUTES_A_DAY, indicators(number, count)])[known],
        observed=observed[known],
        targets=values[known],
        target_names=QUANTITIES,
        source_names=QUANTITIES,
        sources=number[known],
    )


def _complete_series(minutes: Minutes) -> EventSeries:
    """Return the series in which every minute shows all quantities."""
    events, count = minutes.values.shape
    return EventSeries(
        times=minutes.times,
        values=minutes.values,
        quantities=np.tile(np.arange(count), (events, 1)),
        features=minutes.times[:, None] % MINUTES_A_DAY,
        observed=minutes.values,
        targets=minutes.values,
        target_names=QUANTITIES,
        source_names=(),
        sources=np.zeros(events, np.int64),
    )


def _columns(path: Path, names: list[str]) -> tuple[str, int]:
    """Return how the file writes times, and how many columns they take."""
    clocks = 2 if names[:2] == ["Date", "Time"] else 1
    if names[0] not in TIME_FORMATS or tuple(names[clocks:]) != QUANTITIES:
        raise ValueError(f"{path.name}: got the columns {';'.join(names)[:60]!r}, expected household power")
    return TIME_FORMATS[names[0]], clocks


def _moment(text: str, style: str, where: str) -> datetime:
    try:
        return datetime.strptime(text, style)
    except ValueError as error:
        raise ValueError(f"{where}: got the time {text[:40]!r}, expected one like {style}") from error


def _numbers(fields: list[str], where: str) -> list[float]:
    try:
        found = [float(field) for field in fields]
    except ValueError as error:
        raise ValueError(f"{where}: got a field that is no number ({error})") from error
    if not np.isfinite(found).all():
        raise ValueError(f"{where}: got a value that is not finite")
    return found
