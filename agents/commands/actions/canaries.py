"""What `run.py canaries` does once its flags are parsed: tries players, prints the table."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from agents.commands.terminal.player_notes import note_players
from agents.commands.terminal.tables import print_table
from agents.curling.judging.canaries import CANARIES
from agents.curling.judging.canary_trial import (
    EXECUTIONS,
    SAMPLED,
    SHARE_OF_BEST,
    Trial,
    canary_world,
    find_references,
    read_references,
    references_json,
    try_player,
)
from agents.curling.player_tokens import check_token
from agents.curling.players import make_player
from agents.runs.device import resolve_device
from agents.runs.json_file import write_json
from agents.runs.origin import origin

if TYPE_CHECKING:
    from agents.commands.canaries import Config


def try_players(config: "Config") -> int:
    """Tries every player, prints and writes the rates; returns the exit code."""
    world, references, device = canary_world(), read_references(), resolve_device(config.device)
    note_players([check_token(name) for name in config.players], world)
    found: dict[str, list[Trial]] = {}
    for name in config.players:
        player = make_player(name, world, simulations=config.simulations, device=device)
        found[name] = try_player(player, references, config.seed)
    if config.json:
        write_json(Path(config.json), _report(config, found))
    notes = [f"{name}: {_right(trials)} of {len(trials)} right" for name, trials in found.items()]
    rule = (
        f"Share of {EXECUTIONS} noisy throws of the player's shot that reach the outcome, here and mirrored; "
        f"✗ is less than {SHARE_OF_BEST:.0%} of what the best of {SAMPLED:,} sampled shots reaches."
    )
    print_table(_table(found), *notes, rule)
    return 0


def find_anew(config: "Config") -> int:
    """Finds the best shots and writes them; returns the exit code."""
    references = find_references(config.seed)
    write_json(Path(config.find), references_json(references, config.seed))
    for name, reference in references.items():
        sys.stdout.write(f"{reference.rate:6.1%}  {name}\n")
    return 0


def _table(found: dict[str, list[Trial]]) -> Table:
    table = Table("what to do", "best", *found)
    for canary in CANARIES:
        rows = [[trial for trial in trials if trial.canary == canary.name] for trials in found.values()]
        best = rows[0][0].best
        table.add_row(canary.name, f"{best:.0%}", *("  ".join(map(_cell, pair)) for pair in rows))
    return table


def _cell(trial: Trial) -> str:
    return f"{trial.rate:.0%}{'' if trial.right else ' ✗'}"


def _right(trials: list[Trial]) -> int:
    return sum(trial.right for trial in trials)


def _report(config: "Config", found: dict[str, list[Trial]]) -> dict[str, Any]:
    return {
        **origin(),
        "executions": EXECUTIONS,
        "share_of_best": SHARE_OF_BEST,
        "simulations": config.simulations,
        "seed": config.seed,
        "players": {
            name: {
                "right": _right(trials),
                "of": len(trials),
                "canaries": [
                    {
                        "canary": trial.canary,
                        "mirrored": trial.mirrored,
                        "rate": trial.rate,
                        "best": trial.best,
                        "right": trial.right,
                    }
                    for trial in trials
                ],
            }
            for name, trials in found.items()
        },
    }
