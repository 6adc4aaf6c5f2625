"""What `run.py evaluate vision` does once the flags are parsed: load, evaluate, table, JSON and plots."""

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from agents.commands.terminal.tables import print_table
from agents.plots.confusion import draw_confusion
from agents.plots.curves import save_figure
from agents.plots.reliability import draw_reliability
from agents.runs.atomic import write_file
from agents.runs.checkpoint import load_checkpoint
from agents.runs.checkpoint_paths import checkpoint_files
from agents.runs.device import resolve_device
from agents.runs.errors import ConfigError, StorageError
from agents.runs.run_folder import CHECKPOINTS_NAME
from agents.vision.evaluation import (
    Classifier,
    Evaluation,
    evaluate_all,
    evaluation_json,
    read_test_images,
    restore_classifier,
)
from vision.evaluate import CONFIDENCE, Estimate
from vision.images.data import stratified_subset

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from agents.commands.evaluate_vision import Config


def write_evaluation(config: "Config") -> None:
    """Evaluate the checkpoints of a config and show the result.

    Raises:
        ConfigError: if checkpoints and data do not fit together.
        CorruptFileError, StorageError: if a file is malformed or cannot be read or written.
    """
    import numpy as np

    device = resolve_device(config.device)
    classifiers = _load(config, device)
    images = read_test_images(next(iter(classifiers.values())), Path(config.data), device)
    _refuse_mixed_data(classifiers)
    if config.images > len(images):
        raise ConfigError(f"images: got {config.images}, expected at most the {len(images)} test images")
    if config.images:
        rng = np.random.default_rng(config.seed)
        images = images.select(stratified_subset(images, config.images, rng))
    found = evaluate_all(classifiers, images, corruptions=config.corruptions, seed=config.seed)
    if config.json:
        document = {
            "dataset": next(iter(classifiers.values())).config.dataset,
            "images": len(images),
            "confidence": CONFIDENCE,
            "seed": config.seed,
            "checkpoints": [evaluation_json(evaluation) for evaluation in found],
        }
        write_file(Path(config.json), (json.dumps(document, indent=2, allow_nan=False) + "\n").encode())
    if config.plots:
        _write_plots(Path(config.plots), found, images.classes)
    print_table(_table(found), f"{len(images)} test images")


def _load(config: "Config", device: str) -> dict[str, Classifier]:
    classifiers: dict[str, Classifier] = {}
    for given in config.checkpoints:
        for file in checkpoint_files(Path(given)):
            classifiers[str(file)] = restore_classifier(
                load_checkpoint(file), weights=config.weights, device=device
            )
    return classifiers


def _refuse_mixed_data(classifiers: dict[str, Classifier]) -> None:
    first, *others = classifiers.items()
    for name, classifier in others:
        if (classifier.config.dataset, classifier.classes) != (first[1].config.dataset, first[1].classes):
            raise ConfigError(f"checkpoints: got {name} of other data, expected the data of {first[0]}")


def short_names(files: list[str]) -> list[str]:
    """Return names for people: paths below the folder that all share, such as `learned/seed-1 last`."""
    paths = [Path(file).resolve() for file in files]
    plain = [(*path.parts[1:-1], path.stem) for path in paths]
    parts = [tuple(part for part in path if part != CHECKPOINTS_NAME) for path in plain]
    shared = 0
    while all(len(path) > shared + 3 and path[shared] == parts[0][shared] for path in parts):
        shared += 1
    return [f"{'/'.join(path[shared:-1])} {path[-1]}" for path in parts]


def _write_plots(folder: Path, found: list[Evaluation], classes: tuple[str, ...]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {error.strerror or error}") from error
    names = short_names([evaluation.name for evaluation in found])
    for number, (name, evaluation) in enumerate(zip(names, found, strict=True), start=1):
        stem = f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-')[-80:]}"
        _save(draw_reliability(evaluation.report), folder / f"{stem}-reliability.png")
        _save(draw_confusion(evaluation.report.confusion, classes), folder / f"{stem}-confusion.png")


def _save(figure: "Figure", path: Path) -> None:
    image = io.BytesIO()
    save_figure(figure, image)
    write_file(path, image.getvalue())


def _table(found: list[Evaluation]) -> Table:
    """Return one row per measurement of each checkpoint, with its interval."""
    percent = f"{CONFIDENCE:.0%}"
    table = Table("checkpoint", "step", "measurement", "value", f"{percent} bootstrap over images")
    for name, evaluation in zip(short_names([one.name for one in found]), found, strict=True):
        who = (name, str(evaluation.step))
        for measured, estimate, scale, digits in _measurements(evaluation):
            mean, low, high = (scale * value for value in (estimate.mean, estimate.low, estimate.high))
            interval = f"[{low:.{digits}f}, {high:.{digits}f}]"
            table.add_row(*who, measured, f"{mean:.{digits}f}", interval)
            who = ("", "")
        for kind, row in evaluation.corrupted.items():
            by_severity = " ".join(f"{100 * one.mean:.1f}" for one in row)
            table.add_row("", "", f"top-1 % under {kind}, severities 1-{len(row)}", by_severity, "")
        table.add_section()
    return table


def _measurements(evaluation: Evaluation) -> list[tuple[str, Estimate, float, int]]:
    """Return (name, estimate, factor for display, digits) of what was measured on clean images."""
    report = evaluation.report
    rows = [
        ("top-1 %", report.top1, 100.0, 2),
        ("top-5 %", report.top5, 100.0, 2),
        ("loss, nats", report.loss, 1.0, 4),
        ("calibration error %", report.calibration_error, 100.0, 2),
        ("top-1 minus the first's, points", evaluation.difference, 100.0, 2),
    ]
    return [row for row in rows if row[1] is not None]
