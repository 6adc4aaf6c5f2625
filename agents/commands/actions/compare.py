"""The comparison of runs on terminal and disk, for `run.py compare` and after `run.py train --seeds`."""

import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from agents.commands.terminal.tables import print_table
from agents.plots.curves import draw_curves, save_figure
from agents.plots.progress_curves import draw_progress
from agents.runs.atomic import write_file
from agents.runs.comparison import Final, Group, finals, load_groups, metric_names
from agents.runs.errors import ConfigError
from agents.runs.intervals import CONFIDENCE, Interval
from agents.runs.paired import EQUAL, Difference, differences, verdict

SECONDS = "seconds"  # of training, which every run records beside its measurements
# Measurement -> the difference up to which it counts as equal; 0 for those that are not named.
Margins = Mapping[str, float]


def write_comparison(
    runs: list[Path],
    *,
    curves: Path,
    report: Path | None,
    metrics: tuple[str, ...],
    margin: float = 0.0,
    against_costs: bool = False,
) -> None:
    """Prints the tables of final values and of paired differences, and writes the curves and (if asked) the
    JSON report.

    Raises:
        ConfigError: A path is no run, or a measurement is unknown.
        CorruptFileError, StorageError: A file is malformed or cannot be read or written.
    """
    groups = load_groups(runs)
    compared = compare(groups, metrics)
    names = list(metrics) or metric_names(groups)
    margins = dict.fromkeys(names, margin)
    image = io.BytesIO()
    figure = draw_progress(groups, names) if against_costs else draw_curves(groups, names)
    save_figure(figure, image)
    write_file(curves, image.getvalue())
    if report:
        write_file(report, (json.dumps(comparison_json(compared, margins), indent=2) + "\n").encode())
    print_comparison(compared, margins)
    sys.stdout.write(f"curves: {curves}\n")


class Compared(NamedTuple):
    """A group of runs with its final values, and its differences to the baseline (none for that one)."""

    group: Group
    finals: list[Final]
    differences: list[Difference]


def compare(groups: list[Group], metrics: tuple[str, ...] = ()) -> list[Compared]:
    """Returns final values and differences to the first group, of the measurements named (or of all).

    Raises:
        ConfigError: A measurement is unknown.
    """
    known = metric_names(groups)
    for name in metrics:
        if name not in known and name != SECONDS:
            raise ConfigError(f"metric: got {name}, expected one of {', '.join(known)}")
    chosen = list(metrics) or known
    baseline = groups[0]
    return [
        Compared(
            group, finals(group, chosen), [] if group is baseline else differences(group, baseline, chosen)
        )
        for group in groups
    ]


def print_comparison(compared: list[Compared], margins: Margins) -> None:
    """Prints the final values and, for several groups with common seeds, their differences to the first."""
    print_table(_finals_table(compared))
    if any(one.differences for one in compared):
        print_table(_differences_table(compared, margins))


def comparison_json(compared: list[Compared], margins: Margins) -> list[dict[str, object]]:
    """Returns a comparison as plain JSON values, one object per group."""
    return [
        {
            "run": group.label,
            "seeds": group.seeds,
            "intervals": [len(rows) for rows in group.rows],
            "confidence": CONFIDENCE,
            "final": {
                final.metric: {
                    "values": final.values,
                    "mean": final.mean._asdict(),
                    "interquartile_mean": final.middle._asdict() if final.middle else None,
                }
                for final in group_finals
            },
            "difference_to_first": {
                one.metric: {
                    "seeds": one.seeds,
                    "values": one.values,
                    "mean": one.mean._asdict(),
                    "within": margins.get(one.metric, 0.0),
                    "shown": verdict(one.mean, margins.get(one.metric, 0.0)),
                }
                for one in group_differences
            },
        }
        for group, group_finals, group_differences in compared
    ]


def interval_text(interval: Interval) -> str:
    """Returns an estimate with its bounds, such as `0.93 [0.91, 0.95]`."""
    estimate, low, high = (None if value is None else _number(value) for value in interval)
    return f"{estimate}" if low is None or low == high else f"{estimate} [{low}, {high}]"


def verdict_text(difference: Difference, margins: Margins) -> str:
    """Returns what a difference shows, such as `equal (within 0.01)`."""
    margin = margins.get(difference.metric, 0.0)
    shown = verdict(difference.mean, margin)
    return f"{shown} (within {margin:g})" if shown == EQUAL else shown


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _finals_table(compared: list[Compared]) -> Table:
    percent = f"{CONFIDENCE:.0%}"
    table = Table("run", "seeds", "measurement", f"mean ({percent} t)")
    with_middle = any(final.middle for one in compared for final in one.finals)
    if with_middle:
        table.add_column(f"interquartile mean ({percent} bootstrap)")
    for group, rows, _ in compared:
        for final in rows:
            middle = [interval_text(final.middle) if final.middle else ""] if with_middle else []
            table.add_row(
                group.label, str(len(group.seeds)), final.metric, interval_text(final.mean), *middle
            )
    return table


def _differences_table(compared: list[Compared], margins: Margins) -> Table:
    table = Table(
        f"minus {compared[0].group.label}",
        "seeds of both",
        "measurement",
        f"difference ({CONFIDENCE:.0%} t)",
        "shown",
    )
    for group, _, rows in compared:
        for one in rows:
            shown = verdict_text(one, margins)
            table.add_row(group.label, str(len(one.seeds)), one.metric, interval_text(one.mean), shown)
    return table
