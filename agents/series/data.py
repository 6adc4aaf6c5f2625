"""From a config of kind `series` to its windows: read or generate, split, scale.

Shapes: D targets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.series.config import SeriesConfig
from vision.series.artificial_file import read_artificial
from vision.series.events import EventSeries
from vision.series.generator import generate
from vision.series.household import household_series, read_household
from vision.series.windows import Scaling, Windows, measure_scaling, scale, split_events

PATTERNS = {"artificial": "*artificial*.csv", "household": "*household_power*"}
"""Data set -> the files that are of it, by their names."""


@dataclass(frozen=True)
class Prepared:
    """A series with its windows.

    Attributes:
        series: the events.
        scaling: by the training events.
        seed: from which the series was made.
        training, validation, test: windows of the consecutive parts.
    """

    series: EventSeries
    scaling: Scaling
    seed: int
    training: Windows
    validation: Windows
    test: Windows

    @property
    def record(self) -> dict[str, Any]:
        """What a checkpoint keeps, to know the series again."""
        return {
            "seed": self.seed,
            "events": len(self.series),
            "centre": self.scaling.centre.tolist(),
            "spread": self.scaling.spread.tolist(),
        }

    def check_record(self, found: Any) -> None:
        """Refuse the record of another series; the last digits may differ between machines.

        Raises:
            ValueError: if it is of another series.
        """
        own = self.record
        same = isinstance(found, Mapping) and found.keys() == own.keys()
        same = same and (found["seed"], found["events"]) == (own["seed"], own["events"])
        for name in ("centre", "spread"):
            same = (
                same and len(found[name]) == len(own[name]) and np.allclose(found[name], own[name], rtol=1e-6)
            )
        if not same:
            raise ValueError("data: got another series than that of the run")


def prepare(config: SeriesConfig, folder: str, *, seed: int, device: str) -> Prepared:
    """Return the windows of a config.

    Args:
        config: of a run.
        folder: of the data set's file.
        seed: of the series, where something is drawn.
        device: where the windows are.

    Raises:
        ValueError: if a file is malformed or missing in the config, or the series is too short.
        OSError: if a file cannot be read.
    """
    series = _read(config, folder, seed)
    split = split_events(len(series), config.length)
    scaling = measure_scaling(series, split.training.stop)
    scaled = scale(series, scaling, value_input=config.value_input, device=device)
    parts = (split.training, split.validation, split.test)
    return Prepared(series, scaling, seed, *(Windows(scaled, part, config.length) for part in parts))


def _read(config: SeriesConfig, folder: str, seed: int) -> EventSeries:
    rng = np.random.default_rng(seed)
    if config.dataset == "generated":
        return generate(config.events, config.sources, asynchronous=config.asynchronous, rng=rng)
    path = _file(config, folder)
    if config.dataset == "artificial":
        return read_artificial(path)
    return household_series(read_household(path), asynchronous=config.asynchronous, rng=rng)


def _file(config: SeriesConfig, folder: str) -> Path:
    """Return the data set's file."""
    if not folder:
        raise ValueError(f"data: got nothing, expected the folder of the {config.dataset} series")
    if config.file:
        return Path(folder, config.file)
    found = sorted(Path(folder).glob(PATTERNS[config.dataset]))
    if not found:
        raise FileNotFoundError(f"{folder} holds no file {PATTERNS[config.dataset]}")
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:3])
        raise ValueError(f"file: got none, expected which of {names}")
    return found[0]
