"""What `run.py explain` does once the flags are parsed: distil, rank, table, plot and JSON."""

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from agents.commands.terminal.tables import print_table
from agents.curling.networks.models import load_network
from agents.curling.player_tokens import network_file
from agents.explain import Boards, Explanation, explain
from agents.interactions.config import InteractionsConfig
from agents.plots.curves import save_figure
from agents.plots.pair_strengths import PairPanel, draw_pairs
from agents.runs import origin
from agents.runs.atomic import write_file
from agents.runs.device import resolve_device
from agents.runs.errors import ConfigError

if TYPE_CHECKING:
    from agents.commands.explain import Config


def write_explanation(config: "Config") -> None:
    """Explain the network of a config and show the result.

    Raises:
        ConfigError: if the file holds no curling network, or there cannot be such boards.
        CorruptFileError, StorageError: if a file is malformed or cannot be read or written.
    """
    try:
        boards = Boards(config.own, config.other, config.shots_left)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    device, name = resolve_device(config.device), config.network
    loaded = load_network(network_file(name, "network"), device)
    sys.stderr.write(f"{name}: learning the value of {config.boards:,} boards\n")
    sys.stderr.flush()
    distilled = InteractionsConfig(network="mlp_m", epochs=config.epochs, l1=config.l1)
    found = explain(loaded.network, boards, distilled, count=config.boards, seed=config.seed, device=device)
    agreement = "" if found.agreement is None else f"; rank correlation over all pairs {found.agreement:.2f}"
    print_table(
        _table(found),
        f"{100 * found.explained:.1f} % of the value's variance learnt{agreement}",
    )
    if config.plot:
        titles = ("distilled network", "mixed differences of the value")
        tables = (found.findings.pairs, found.differences)
        panels = [
            PairPanel(title, boards.inputs, table, None) for title, table in zip(titles, tables, strict=True)
        ]
        image = io.BytesIO()
        save_figure(draw_pairs(panels), image)
        write_file(Path(config.plot), image.getvalue())
    if config.json:
        document = _json(found, boards, config)
        write_file(Path(config.json), (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())


def _table(found: Explanation) -> Table:
    table = Table("kind of pair", "pairs", "strength", "mixed difference, points")
    for kind in found.kinds:
        table.add_row(kind.name, str(kind.pairs), f"{kind.strength:.3f}", f"{kind.difference:.3f}")
    return table


def _json(found: Explanation, boards: Boards, config: "Config") -> dict[str, Any]:
    given = {"own": config.own, "other": config.other, "shots_left": config.shots_left}
    ranked = [
        {"inputs": [boards.inputs[place] for place in one.inputs], "strength": one.strength}
        for one in found.findings.any_order
    ]
    return {
        "network": config.network,
        **given,
        "boards": config.boards,
        "epochs": config.epochs,
        "l1": config.l1,
        "seed": config.seed,
        **origin.origin(),
        "explained": found.explained,
        "deviation": found.deviation,
        "agreement": found.agreement,
        "kinds": [kind._asdict() for kind in found.kinds],
        "inputs": list(boards.inputs),
        "strengths": found.findings.pairs.tolist(),
        "differences": found.differences.tolist(),
        "any_order": ranked,
    }
