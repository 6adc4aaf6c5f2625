"""What `run.py evaluate language` does once the flags are parsed: load, read the text, table and JSON."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from agents.commands.actions.evaluate_vision import short_names
from agents.commands.terminal.tables import print_table
from agents.language.evaluation import Evaluation, evaluate, restore
from agents.runs import origin
from agents.runs.atomic import write_file
from agents.runs.checkpoint import load_checkpoint
from agents.runs.checkpoint_paths import checkpoint_files
from agents.runs.device import resolve_device
from vision.evaluate import CONFIDENCE

if TYPE_CHECKING:
    from agents.commands.evaluate_language import Config


def write_evaluation(config: "Config") -> None:
    """Evaluate the checkpoints of a config and show the result.

    Raises:
        ConfigError: if checkpoints and text do not fit together.
        CorruptFileError, StorageError: if a file is malformed or cannot be read or written.
    """
    device = resolve_device(config.device)
    found = {
        str(file): evaluate(
            restore(load_checkpoint(file), device=device),
            Path(config.data),
            config.part,
            device=device,
            seed=config.seed,
        )
        for given in config.checkpoints
        for file in checkpoint_files(Path(given))
    }
    if config.json:
        document = {
            "part": config.part,
            "confidence": CONFIDENCE,
            **origin.origin(),
            "checkpoints": [
                {"name": name, "perplexity": evaluation.perplexity, **asdict(evaluation)}
                for name, evaluation in found.items()
            ],
        }
        write_file(Path(config.json), (json.dumps(document, indent=2, allow_nan=False) + "\n").encode())
    print_table(_table(found))


def _table(found: dict[str, Evaluation]) -> Table:
    """Return one row a checkpoint."""
    percent = f"{CONFIDENCE:.0%}"
    table = Table(
        "checkpoint", "step", "perplexity", f"{percent} bootstrap over windows", "words", "unknown %"
    )
    for name, evaluation in zip(short_names(list(found)), found.values(), strict=True):
        mean, low, high = evaluation.perplexity
        table.add_row(
            name,
            str(evaluation.step),
            f"{mean:.1f}",
            f"[{low:.1f}, {high:.1f}]",
            f"{evaluation.words:,}",
            f"{100 * evaluation.unknown:.1f}",
        )
    return table
