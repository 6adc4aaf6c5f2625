"""What `run.py evaluate interactions` does once the flags are parsed: rank, measure, tables, plots, JSON."""

import io
import json
import re
import sys
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from agents.commands.actions.evaluate_vision import short_names
from agents.commands.terminal.tables import print_table
from agents.interactions.cutoff import Cutoff, find_cutoff, fit_additive
from agents.interactions.evaluation import Measured, Trained, evaluate, evaluation_json, restore
from agents.interactions.learner import part_errors
from agents.plots.curves import save_figure
from agents.plots.pair_strengths import PairPanel, draw_pairs
from agents.runs import origin
from agents.runs.atomic import write_file
from agents.runs.checkpoint import load_checkpoint
from agents.runs.checkpoint_paths import checkpoint_files
from agents.runs.device import resolve_device
from agents.runs.errors import ConfigError, StorageError
from vision.evaluate import CONFIDENCE
from vision.interactions.ranking import Interaction, rank_pairs
from vision.interactions.scores import Truth, true_pairs

if TYPE_CHECKING:
    from agents.commands.evaluate_interactions import Config


def write_evaluation(config: "Config") -> None:
    """Evaluate the checkpoints of a config and show the result.

    Raises:
        ConfigError: if checkpoints, data and flags do not fit together.
        CorruptFileError, StorageError, OSError: if a file is malformed or cannot be read or written.
    """
    device = resolve_device(config.device)
    files = [str(file) for given in config.checkpoints for file in checkpoint_files(Path(given))]
    runs = {file: restore(load_checkpoint(Path(file)), data=config.data, device=device) for file in files}
    if config.cutoff and any(len(trained.problem.functions) > 1 for trained in runs.values()):
        raise ConfigError("cutoff: got a run of several functions, expected runs of one function each")
    measured = {
        file: evaluate(trained, mean=config.mean, device=device, seed=config.seed)
        for file, trained in runs.items()
    }
    names = dict(zip(files, short_names(files), strict=True))
    print_table(_scores_table({names[file]: found for file, found in measured.items()}))
    for file, trained in runs.items():
        for one in measured[file]:
            print_table(
                _ranking_table(one, trained.problem.inputs, config.shown),
                f"{names[file]}: {one.findings.function}",
            )
    if config.plots:
        _write_plots(Path(config.plots), runs, measured, names)
    cutoffs: dict[str, Cutoff] = {}
    if config.cutoff:
        for file, trained in runs.items():
            cutoffs[file] = _find_cutoff(names[file], trained, measured[file][0], config, device)
    if config.json:
        rows = [
            {"name": file, **evaluation_json(trained, measured[file], cutoffs.get(file))}
            for file, trained in runs.items()
        ]
        head = {"mean": config.mean, "confidence": CONFIDENCE, "seed": config.seed, **origin.origin()}
        document = {**head, "checkpoints": rows}
        write_file(Path(config.json), (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())


def _find_cutoff(name: str, trained: Trained, one: Measured, config: "Config", device: str) -> Cutoff:
    """Fit MLP-Cutoff, a line for each number of interactions."""
    problem = trained.problem
    target = float(part_errors(trained.network, problem.parts["validation"].to(device), problem).mean())
    sys.stdout.write(f"{name}: validation loss {target:.5f} of the full network\n")
    fitted = partial(fit_additive, problem, trained.config, device=device, seed=config.seed)

    def loss_with(sets: list[tuple[int, ...]]) -> float:
        loss = fitted(sets)
        last = f", the last {_set_text(sets[-1], problem.inputs)}" if sets else ""
        sys.stdout.write(f"  {loss:.5f} with {len(sets)} interactions{last}\n")
        sys.stdout.flush()
        return loss

    return find_cutoff(one.findings.any_order, loss_with, target=target, most=config.cutoff)


def _scores_table(found: dict[str, list[Measured]]) -> Table:
    """Return one row per function of each checkpoint."""
    columns = ["checkpoint", "function", "test error", f"{CONFIDENCE:.0%} bootstrap over rows"]
    is_known = any(one.truth is not None for functions in found.values() for one in functions)
    table = Table(*columns, *(("pair AUC", "R-precision", "top-rank recall") if is_known else ()))
    for name, functions in found.items():
        for one in functions:
            scores = [f"{value:.3f}" for value in one.findings.scores or ()]
            table.add_row(name, one.findings.function, *_error_texts(one), *scores)
        table.add_section()
    return table


def _error_texts(one: Measured) -> tuple[str, str]:
    """Return the error with its unit, and its interval."""
    if one.rmse is None:
        return (
            f"{one.error.mean:.4f} nats, AUC {one.test_auc:.4f}",
            f"[{one.error.low:.4f}, {one.error.high:.4f}] nats",
        )
    mean, low, high = one.rmse
    return f"RMSE {mean:.4f} deviations ({mean * one.deviation:.4g})", f"[{low:.4f}, {high:.4f}]"


def _ranking_table(one: Measured, inputs: tuple[str, ...], shown: int) -> Table:
    """Return the first interactions of any order beside the first pairs."""
    known = [] if one.truth is None else ["true?"]
    table = Table("rank", "any order", "strength", *known, "pair", "strength", *known)
    ranked = one.findings.any_order[:shown], rank_pairs(one.findings.pairs)[:shown]
    for place, rows in enumerate(zip_longest(*ranked), start=1):
        cells = [str(place)]
        for row, part in zip(rows, ("part", "yes"), strict=True):
            texts = [_set_text(row.inputs, inputs), f"{row.strength:.3g}"] if row else ["", ""]
            marks = [] if one.truth is None else [_truth_text(row, one.truth, part) if row else ""]
            cells += [*texts, *marks]
        table.add_row(*cells)
    return table


def _set_text(columns: tuple[int, ...], inputs: tuple[str, ...]) -> str:
    return " ".join(inputs[column] for column in columns)


def _truth_text(ranked: Interaction, truth: Truth, part: str) -> str:
    """Return yes, no, or `part` for a strict subset of a true interaction."""
    found = frozenset(ranked.inputs)
    return "yes" if found in truth else part if any(found < real for real in truth) else "no"


def _write_plots(
    folder: Path, runs: dict[str, Trained], measured: dict[str, list[Measured]], names: dict[str, str]
) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {error.strerror or error}") from error
    for number, (file, trained) in enumerate(runs.items(), start=1):
        inputs = trained.problem.inputs
        panels = [
            PairPanel(
                one.findings.function,
                inputs,
                one.findings.pairs,
                None if one.truth is None else true_pairs(one.truth, len(inputs)),
            )
            for one in measured[file]
        ]
        image = io.BytesIO()
        save_figure(draw_pairs(panels), image)
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", names[file]).strip("-")[-80:]
        write_file(folder / f"{number:02d}-{stem}-pairs.png", image.getvalue())
