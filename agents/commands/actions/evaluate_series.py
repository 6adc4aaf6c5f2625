"""What `run.py evaluate series` does once the flags are parsed: load, forecast, table, JSON and pictures."""

import io
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.table import Table

from agents.commands.actions.evaluate_vision import short_names
from agents.commands.terminal.tables import print_table
from agents.plots.curves import save_figure
from agents.plots.forecasts import Stretch, draw_forecasts
from agents.runs import origin
from agents.runs.atomic import write_file
from agents.runs.checkpoint import load_checkpoint
from agents.runs.checkpoint_paths import checkpoint_files
from agents.runs.device import resolve_device
from agents.runs.errors import ConfigError, StorageError
from agents.series.evaluation import (
    Evaluation,
    Trained,
    evaluate_network,
    evaluate_simple,
    restore,
    series_key,
    significance,
)
from vision.evaluate import CONFIDENCE, Estimate
from vision.series.evaluate import BLOCK

if TYPE_CHECKING:
    from agents.commands.evaluate_series import Config

UNITS = "standardised targets (mean 0 and standard deviation 1 over the training part)"


class Group(NamedTuple):
    """Checkpoints of one series, by name, and the simple forecasts of it."""

    trained: dict[str, Trained]
    found: dict[str, Evaluation]
    simple: dict[str, Evaluation]


def write_evaluation(config: "Config") -> None:
    """Evaluate the checkpoints of a config and show the result.

    Raises:
        ConfigError: if checkpoints and series do not fit together.
        CorruptFileError, StorageError: if a file is malformed or cannot be read or written.
    """
    groups = _evaluate(config)
    if config.json:
        document = {
            "units": UNITS,
            "confidence": CONFIDENCE,
            "bootstrap_block": BLOCK,
            **origin.origin(),
            "series": [_group_json(group) for group in groups],
        }
        write_file(Path(config.json), (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())
    if config.plots:
        _write_plots(config, groups)
    bootstrap = f"intervals of {CONFIDENCE:.0%} by bootstrap in blocks of at most {BLOCK} events"
    print_table(_table(groups), f"errors in units of the {UNITS}", bootstrap)


def _evaluate(config: "Config") -> list[Group]:
    """Return the checkpoints, those of one series together, in the order of the command line."""
    device = resolve_device(config.device)
    groups: dict[Any, Group] = {}
    for given in config.checkpoints:
        for file in checkpoint_files(Path(given)):
            trained = restore(load_checkpoint(file), config.data, device=device)
            key = series_key(trained)
            if key not in groups:
                groups[key] = Group({}, {}, evaluate_simple(trained.data, seed=config.seed))
            group = groups[key]
            group.trained[str(file)] = trained
            group.found[str(file)] = evaluate_network(trained, group.simple["var"], seed=config.seed)
    return list(groups.values())


def _group_json(group: Group) -> dict[str, Any]:
    first = next(iter(group.trained.values()))
    checkpoints = [
        {
            "name": name,
            "model": group.trained[name].config.model,
            "value_input": group.trained[name].config.value_input,
            "step": group.trained[name].step,
            **_evaluation_json(found),
        }
        for name, found in group.found.items()
    ]
    return {
        "dataset": first.config.dataset,
        "seed": first.data.seed,
        "test_events": len(first.data.test),
        "targets": list(first.data.series.target_names),
        "checkpoints": checkpoints,
        "simple": {name: _evaluation_json(found) for name, found in group.simple.items()},
    }


def _evaluation_json(found: Evaluation) -> dict[str, Any]:
    difference = None if found.difference is None else asdict(found.difference)
    return {**asdict(found.report), "mse_minus_var": difference}


def _table(groups: list[Group]) -> Table:
    """Return a row a forecaster: the checkpoints of a series, then the simple forecasts of it."""
    percent = f"{CONFIDENCE:.0%}"
    table = Table()
    table.add_column("forecaster", overflow="fold")  # a name that is cut would hide its seed
    for heading in ("step", f"test MSE [{percent}]", f"test MAE [{percent}]", "MSE minus VAR's"):
        table.add_column(heading)
    names = iter(short_names([name for group in groups for name in group.found]))
    for group in groups:
        for name, found in group.found.items():
            trained = group.trained[name]
            leak = " (clean)" if trained.config.value_input == "clean" else ""
            table.add_row(f"{next(names)}: {trained.config.model}{leak}", str(trained.step), *_cells(found))
        for name, found in group.simple.items():
            table.add_row(name, "", *_cells(found))
        table.add_section()
    return table


def _cells(found: Evaluation) -> list[str]:
    difference = "" if found.difference is None else _text(found.difference, sign="+")
    return [_text(found.report.mse), _text(found.report.mae), difference]


def _text(estimate: Estimate, sign: str = "") -> str:
    mean, low, high = (f"{value:{sign}.4f}" for value in (estimate.mean, estimate.low, estimate.high))
    return f"{mean} [{low}, {high}]"


def _write_plots(config: "Config", groups: list[Group]) -> None:
    folder = Path(config.plots)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {error.strerror or error}") from error
    names = iter(short_names([name for group in groups for name in group.found]))
    evaluated = [(group, name) for group in groups for name in group.found]
    for number, (group, name) in enumerate(evaluated, start=1):
        stem = f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]+', '-', next(names)).strip('-')[-80:]}"
        image = io.BytesIO()
        trained = group.trained[name]
        figure = draw_forecasts(_stretch(config, group, name), significance(trained))
        save_figure(figure, image)
        write_file(folder / f"{stem}-forecasts.png", image.getvalue())


def _stretch(config: "Config", group: Group, name: str) -> Stretch:
    """Return the events of the picture, of all targets."""
    data = group.trained[name].data
    last = len(data.test) - 2
    if config.start > last:
        raise ConfigError(f"start: got {config.start}, expected at most {last}, with two events to draw")
    part = slice(config.start, config.start + config.stretch)
    rows = slice(data.test.rows.start, data.test.rows.stop)
    scaling = data.scaling
    known = (data.series.observed[rows] - scaling.centre) / scaling.spread
    return Stretch(
        times=data.series.times[rows][part],
        truth=data.test.targets.cpu().numpy()[part],
        observed=known[part],
        forecasts={
            group.trained[name].config.model: group.found[name].forecasts[part],
            "var": group.simple["var"].forecasts[part],
        },
        names=data.series.target_names,
    )
