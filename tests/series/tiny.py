"""A tiny generated series and the windows of its parts."""

from pathlib import Path

import numpy as np

from agents.series.config import SeriesConfig
from vision.series.generator import generate
from vision.series.windows import Windows, measure_scaling, scale, split_events

LENGTH = 6
SMALL = {"events": 300, "sources": 4, "length": LENGTH, "layers": 2, "filters": 3, "epochs": 2.0, "batch": 16}


def small(**changes):
    """A config of seconds."""
    return SeriesConfig(**(SMALL | changes))


def series_of(events=300, sources=4, *, asynchronous=True, seed=0):
    return generate(events, sources, asynchronous=asynchronous, rng=np.random.default_rng(seed))


def scaled(series, *, value_input="observed", stop=None):
    """The series in units of its training part."""
    stop = split_events(len(series), LENGTH).training.stop if stop is None else stop
    return scale(series, measure_scaling(series, stop), value_input=value_input, device="cpu")


def windows_of(series, *, length=LENGTH, value_input="observed"):
    """Windows of the training, validation and test parts."""
    split, ready = split_events(len(series), length), scaled(series, value_input=value_input)
    return [Windows(ready, part, length) for part in (split.training, split.validation, split.test)]


def artificial_csv(path: Path, rows: int = 240) -> Path:
    """Write steps of two sources in the layout of the authors, every third an event."""
    rng = np.random.default_rng(0)
    lines = [",original,noisy,source0,source1,valid,duration"]
    for row in range(rows):
        value, source, event = np.sin(row / 9), int(rng.integers(2)), row % 3 == 2
        shown = f"{1.0 - source},{float(source)}"
        noisy = value + 0.1 * rng.standard_normal()
        lines.append(f"{row},{value},{noisy},{shown},{float(event)},{3.0 * event}")
    path.write_text("\n".join(lines) + "\n")
    return path


def household_csv(path: Path, minutes: int = 700) -> Path:
    """Write minutes of a household, the fifth and sixth of them missing."""
    rng = np.random.default_rng(0)
    names = "Global_active_power;Global_reactive_power;Voltage;Global_intensity"
    lines = [f"datetime;{names};Sub_metering_1;Sub_metering_2;Sub_metering_3"]
    for minute in range(minutes):
        day, clock = divmod(17 * 60 + 24 + minute, 24 * 60)
        time = f"2006-12-{16 + day:02d}T{clock // 60:02d}:{clock % 60:02d}:00"
        values = ["?"] * 6 + [""] if minute in (4, 5) else [f"{v:.3f}" for v in 5 + rng.standard_normal(7)]
        lines.append(";".join([time, *values]))
    path.write_text("\n".join(lines) + "\n")
    return path
