"""Runs side by side: curves over seeds and final values with intervals."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from agents.runs.errors import ConfigError
from agents.runs.intervals import MIN_FOR_IQM, Interval, interquartile_interval, mean_interval
from agents.runs.metrics import METRICS_NAME, RUN_COLUMNS, read_metrics
from agents.runs.run_folder import RunRecord, read_record

if TYPE_CHECKING:
    import numpy as np


class Group(NamedTuple):
    """Runs that differ only in their seed.

    Args:
        label: Name for people: that of the folder, or of the first of several; its whole path where two
            have the same name.
        seeds: One per run.
        rows: For each run, its rows of measurements.
    """

    label: str
    seeds: list[int]
    rows: list[list[dict[str, float]]]


class Curve(NamedTuple):
    """One measurement of one group over the steps that all its runs have reached.

    Args:
        steps: [T] int64.
        mean: [T] float64.
        low, high: [T] float64, the interval; equal to the mean for one seed.
    """

    steps: "np.ndarray"
    mean: "np.ndarray"
    low: "np.ndarray"
    high: "np.ndarray"


class Final(NamedTuple):
    """Last values of one measurement in a group; `middle`, the interquartile mean, needs five seeds."""

    metric: str
    values: list[float]
    mean: Interval
    middle: Interval | None


def load_groups(paths: list[Path]) -> list[Group]:
    """Reads runs and puts those of equal kind and config together.

    Raises:
        ConfigError: A path is no run, or a run has no measurements yet.
        CorruptFileError: A run's files are malformed.
    """
    groups: dict[str, Group] = {}
    given: dict[str, list[Path]] = {}
    names = [path.name or path.resolve().name for path in paths]
    for path, name in zip(paths, names, strict=True):
        label = name if names.count(name) == 1 else str(path)
        for member, record in _members(path):
            rows = read_metrics(member / METRICS_NAME) if (member / METRICS_NAME).exists() else []
            if not rows:
                raise ConfigError(f"run: got {member}, expected a run with at least one finished interval")
            key = json.dumps([record.kind, record.config], sort_keys=True)
            group = groups.setdefault(key, Group(label, [], []))
            if path not in given.setdefault(key, []):
                given[key].append(path)
            if record.seeds[0] in group.seeds:
                raise ConfigError(
                    f"run: got {member}, whose config and seed are those of another run in the list"
                )
            group.seeds.append(record.seeds[0])
            group.rows.append(rows)
    return [group._replace(label=_label(group.label, given[key])) for key, group in groups.items()]


def _label(label: str, paths: list[Path]) -> str:
    """The label of the only path that was given for a group, or the name of the folder around several."""
    if len(paths) == 1:
        return label
    around = {path.resolve().parent for path in paths}
    return around.pop().name if len(around) == 1 else label


def metric_names(groups: list[Group]) -> list[str]:
    """Lists the measurements of all groups in order of appearance."""
    rows = (row for group in groups for run in group.rows for row in run)
    return list(dict.fromkeys(name for row in rows for name in row if name not in RUN_COLUMNS))


def curve(group: Group, metric: str) -> Curve | None:
    """Mean and interval of a measurement over the steps at which every run of the group has it, or None."""
    import numpy as np

    tables = [{int(row["step"]): row[metric] for row in run if metric in row} for run in group.rows]
    steps = sorted(set.intersection(*(set(table) for table in tables)))
    if not steps:
        return None
    values = np.array([[table[step] for table in tables] for step in steps], dtype=np.float64)
    intervals = [mean_interval(row) for row in values]
    mean = np.array([interval.estimate for interval in intervals])
    low = np.array([interval.estimate if interval.low is None else interval.low for interval in intervals])
    return Curve(np.array(steps), mean, low, 2 * mean - low)


def finals(group: Group, metrics: list[str]) -> list[Final]:
    """Last value of each measurement in every run, with the interval over the runs."""
    import numpy as np

    found: list[Final] = []
    for metric in metrics:
        lasts = [[row[metric] for row in run if metric in row][-1:] for run in group.rows]
        if not all(lasts):
            continue
        values = np.array([last for (last,) in lasts], dtype=np.float64)
        middle = interquartile_interval(values) if len(values) >= MIN_FOR_IQM else None
        found.append(Final(metric, values.tolist(), mean_interval(values), middle))
    return found


def _members(path: Path) -> list[tuple[Path, RunRecord]]:
    record = read_record(path)
    if not path.is_dir():
        raise ConfigError(f"run: got {path}, expected a folder")
    if len(record.seeds) == 1:
        return [(path, record)]
    members = [path / f"seed-{seed}" for seed in record.seeds]
    return [(member, read_record(member)) for member in members if member.exists()]
