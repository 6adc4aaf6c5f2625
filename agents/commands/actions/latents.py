"""What `run.py latents` does once its flags are parsed: train, measure, table, JSON and pictures."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.table import Table

from agents.commands.terminal.progress import progress
from agents.commands.terminal.tables import print_table
from agents.plots.curves import save_figure
from agents.plots.latent_study import MEASURES, draw_study
from agents.plots.picture_grid import draw_grid, png_bytes
from agents.rig.latent_study import NEARLY, REFERENCE, SHOWN, Row, Scenes, study
from agents.rig.worlds import build_task
from agents.runs.atomic import write_file
from agents.runs.origin import origin

if TYPE_CHECKING:
    from agents.commands.latents import Config


def write_study(config: "Config") -> None:
    """Makes the study of a config, shows its table and writes its files.

    Raises:
        StorageError: A file cannot be written.
    """
    base, rows = config.run_config(config.latents[0]), []
    with progress("autoencoders") as bar:
        bar.start(0, len(config.latents) * config.repeats)
        for row in study(base, config.latents, repeats=config.repeats, seed=config.seed):
            rows.append(row)
            bar.interval(len(rows), {"latent": row.values["latent"], "order": row.values["order"]})
    values = [row.values for row in rows]
    curves, scenes = Path(config.out), Path(config.out).with_name(f"{Path(config.out).stem}-scenes.png")
    image = io.BytesIO()
    save_figure(draw_study(values), image)
    write_file(curves, image.getvalue())
    write_file(scenes, png_bytes(_scenes(config, rows)))
    if config.json:
        report = {"config": asdict(config), "run_config": asdict(base), **origin(), "rows": values}
        write_file(Path(config.json), (json.dumps(report, indent=1, allow_nan=False) + "\n").encode())
    note = f"jitter: shares of the codes' distance at {100 * REFERENCE:g} cm; ideal shift jitter"
    print_table(_table(values), f"{note} {NEARLY / REFERENCE:g}", f"curves: {curves}, scenes: {scenes}")


def _scenes(config: "Config", rows: list[Row]) -> Any:
    """Scenes above what the first autoencoder of each size decodes."""
    task = build_task(config.run_config(config.latents[0]))
    asked = np.random.SeedSequence(config.seed).spawn(1)[0]
    shown = [Scenes(task, np.random.default_rng(asked), SHOWN).images]
    task.close()
    firsts = [row for row in rows if row.values["repeat"] == 0]
    labels = ["scene", *(f"code of {row.values['latent']}" for row in firsts)]
    return draw_grid(np.stack([*shown, *(row.decoded for row in firsts)]), rows=labels, scale=2)


def _table(values: list[dict[str, Any]]) -> Table:
    """One line for each size and object, means over the repeats."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("code", "object", *(name.replace("_", " ") for name in MEASURES), "order of pairs"):
        table.add_column(heading, justify="left" if heading == "object" else "right")
    for latent in dict.fromkeys(row["latent"] for row in values):
        same = [row for row in values if row["latent"] == latent]
        for place, name in enumerate(same[0]["objects"]):
            means = [np.mean([row["objects"][name][measure] for row in same]) for measure in MEASURES]
            first = (str(latent), f"{np.mean([row['order'] for row in same]):.2f}") if not place else ("", "")
            shown = [f"{mean:.3f}" if mean < 0.1 else f"{mean:.2f}" for mean in means]
            table.add_row(first[0], name.replace("_", " "), *shown, first[1])
        table.add_section()
    return table
