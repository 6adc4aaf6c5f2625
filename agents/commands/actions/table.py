"""What `run.py table` does once the flags are parsed: train the rows, compare them, write the table."""

import io
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.commands.actions.compare import (
    SECONDS,
    Compared,
    compare,
    comparison_json,
    interval_text,
    print_comparison,
    verdict_text,
)
from agents.commands.actions.train import train_rows
from agents.commands.train import Options
from agents.plots.curves import save_figure
from agents.plots.differences import draw_differences
from agents.plots.progress_curves import draw_progress
from agents.runs.atomic import write_file
from agents.runs.comparison import Group, load_groups, metric_names
from agents.runs.intervals import CONFIDENCE
from agents.runs.kinds import preset
from agents.runs.run_folder import RunRecord, read_record
from agents.runs.tables import ResultTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agents.commands.table import Config


def make_table(config: "Config", table: ResultTable) -> None:
    """Trains the rows that are missing or unfinished, prints the comparison and writes it.

    Raises:
        ConfigError: A folder holds runs of another config or other seeds.
        HoglineError: As `run.py train` does.
    """
    options = Options(seeds=config.seeds, device=config.device)
    rows = {name: _row_config(preset(table.kind, name), config) for name in table.presets}
    train_rows(config.folder, table.kind, rows, options)
    paths = {name: config.folder / name for name in rows}
    blocks = [load_groups([paths[name] for name in block]) for block in table.blocks]
    table = _recorded(table, blocks)
    compared = [compare(block, table.metrics) for block in blocks]
    for block in compared:
        print_comparison(block, table.margins)
    _write(config, table, compared, read_record(paths[table.presets[0]]))


def _row_config(ready: Any, config: "Config") -> Any:
    """Returns a row's ready config with the folder and the length that the command was given."""
    changes = {"epochs": config.epochs} if config.epochs else {}
    if config.data and getattr(ready, "reads_files", True):
        changes["data"] = config.data
    return replace(ready, **changes)


def _recorded(table: ResultTable, blocks: list[list[Group]]) -> ResultTable:
    """Returns the table without measurements that no run has, such as a GPU's memory."""
    known = {SECONDS, *(name for block in blocks for name in metric_names(block))}
    return table._replace(metrics=tuple(name for name in table.metrics if name in known))


def markdown(table: ResultTable, blocks: list[list[Compared]]) -> str:
    """Returns the table as Markdown: a row per config, its means, and its difference in the first metric."""
    head, percent = table.metrics[0], f"{CONFIDENCE:.0%}"
    columns = ["run", "n", *(f"{metric} [{percent}]" for metric in table.metrics)]
    columns += [f"{head} minus the baseline's [{percent}]", "shown"]
    lines = [_row(columns), _row(["---"] * len(columns))]
    for block in blocks:
        for one in block:
            means = {final.metric: interval_text(final.mean) for final in one.finals}
            difference = next((found for found in one.differences if found.metric == head), None)
            shown = ["baseline", ""]
            if difference:
                shown = [interval_text(difference.mean), verdict_text(difference, table.margins)]
            cells = [means.get(metric, "") for metric in table.metrics]
            lines.append(_row([f"`{one.group.label}`", str(len(one.group.seeds)), *cells, *shown]))
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _write(config: "Config", table: ResultTable, compared: list[list[Compared]], record: RunRecord) -> None:
    origin = _origin(config, record)
    document = {
        "table": config.name,
        "summary": table.summary,
        **origin,
        "blocks": [comparison_json(block, table.margins) for block in compared],
    }
    write_file(config.folder / "table.json", (json.dumps(document, indent=1) + "\n").encode())
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    text = (
        f"# {config.name}: {table.summary}\n\n{markdown(table, compared)}\n"
        f"`{origin['command']}`; {versions}; {', '.join(_machine(record))}.\n"
    )
    write_file(config.folder / "table.md", text.encode())
    groups = [one.group for block in compared for one in block]
    _save(draw_progress(groups, list(table.metrics)), config.folder / "curves.png")
    found = {
        one.group.label: difference
        for block in compared
        for one in block
        for difference in one.differences
        if difference.metric == table.metrics[0]
    }
    if found:
        _save(draw_differences(found, table.margin), config.folder / "differences.png")


def _machine(record: RunRecord) -> list[str]:
    """The first row's machine in words."""
    found = [record.machine["system"], f"{record.machine['cores']} cores"]
    return [*found, record.machine["gpu"]] if "gpu" in record.machine else found


def _save(figure: "Figure", path: Path) -> None:
    image = io.BytesIO()
    save_figure(figure, image)
    write_file(path, image.getvalue())


def _origin(config: "Config", record: RunRecord) -> dict[str, Any]:
    """Returns what makes the figures repeatable, as of the first row's runs."""
    return {
        "command": f"run.py table {config.name} {config.flags}",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": record.machine,
        "versions": record.versions,
        "revision": record.revision,
    }
