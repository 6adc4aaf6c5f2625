"""The comparison of runs on terminal and disk, for `run.py compare` and after `run.py train --seeds`."""

import io
import json
from pathlib import Path

from rich.table import Table

from agents.commands.tables import print_table
from agents.plots.curves import draw_curves, save_figure
from agents.plots.progress_curves import draw_progress
from agents.runs.atomic import write_file
from agents.runs.comparison import Final, Group, finals, load_groups, metric_names
from agents.runs.errors import ConfigError
from agents.runs.intervals import CONFIDENCE, Interval


def write_comparison(
    runs: list[Path],
    *,
    curves: Path,
    report: Path | None,
    metrics: tuple[str, ...],
    against_costs: bool = False,
) -> None:
    """Prints the table of final values, and writes the curves and (if asked) the JSON report.

    Raises:
        ConfigError: A path is no run, or a measurement is unknown.
        CorruptFileError, StorageError: A file is malformed or cannot be read or written.
    """
    groups = load_groups(runs)
    known = metric_names(groups)
    for name in metrics:
        if name not in known:
            raise ConfigError(f"metric: got {name}, expected one of {', '.join(known)}")
    chosen = list(metrics) or known
    table = [(group, finals(group, chosen)) for group in groups]
    image = io.BytesIO()
    figure = draw_progress(groups, chosen) if against_costs else draw_curves(groups, chosen)
    save_figure(figure, image)
    write_file(curves, image.getvalue())
    if report:
        write_file(report, (json.dumps(_report(table), indent=2) + "\n").encode())
    print_table(_table(table), f"curves: {curves}")


def _table(table: list[tuple[Group, list[Final]]]) -> Table:
    percent = f"{CONFIDENCE:.0%}"
    shown = Table(
        "run", "seeds", "measurement", f"mean ({percent} t)", f"interquartile mean ({percent} bootstrap)"
    )
    for group, rows in table:
        for final in rows:
            middle = _text(final.middle) if final.middle else ""
            shown.add_row(group.label, str(len(group.seeds)), final.metric, _text(final.mean), middle)
    return shown


def _text(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return f"{interval.estimate:.5g}"
    return f"{interval.estimate:.5g} [{interval.low:.5g}, {interval.high:.5g}]"


def _report(table: list[tuple[Group, list[Final]]]) -> list[dict[str, object]]:
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
                for final in finals_of_group
            },
        }
        for group, finals_of_group in table
    ]
