"""What `run.py match` does once its flags are parsed: game, score sheet, replay and picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from envs.curling.conditions import build_world
from envs.curling.games import turns
from envs.curling.opponents import get_player
from envs.curling.render import draw_game, write_png
from envs.curling.replay import replay_page, shot_tracks
from envs.curling.rule_set import RuleSet
from envs.curling.rules import TEAMS, GameState
from envs.curling.world import Throw, World

if TYPE_CHECKING:
    from agents.commands.match import Config


def play_match(config: "Config") -> int:
    """Plays the game, prints its score sheet, writes the files that were asked for; returns the exit code."""
    world = build_world(config.ice, config.noise, RuleSet(ends=config.ends))
    players = [get_player(name) for name in (config.first, config.second)]
    played = turns(world, players, np.random.default_rng(config.seed))
    shots = config.ends * world.rules.shots_per_end
    console = Console()
    throws = list(track(played, total=shots, description="playing", console=console, transient=True))
    names = [f"{config.first} (red)", f"{config.second} (yellow)"]
    print_score_sheet(console, world.rules, throws[-1].after, names)
    if config.replay:
        conditions = f"{config.ice} ice, {config.noise} noise, seed {config.seed}"
        page = replay_page(world.ice, world.rules, throws, names=names, subtitle=conditions)
        Path(config.replay).write_text(page, encoding="utf-8")
        console.print(f"replay: {config.replay}", markup=False, highlight=False, soft_wrap=True)
    if config.picture:
        write_png(final_house(world, throws), Path(config.picture))
        console.print(f"picture: {config.picture}", markup=False, highlight=False, soft_wrap=True)
    return 0


def print_score_sheet(console: Console, rules: RuleSet, state: GameState, names: Sequence[str]) -> None:
    """Prints the points of every end, the totals, and who won why."""
    ends = [
        str(end + 1) if end < rules.ends else f"+{end + 1 - rules.ends}" for end in range(len(state.scores))
    ]
    table = Table("", *ends, "total")
    for team in TEAMS:
        points = [str(pair[team]) for pair in state.scores]
        table.add_row(names[team], *points, str(state.totals[team]))
    console.print(table)
    if state.winner is None:
        outcome = "draw"
    else:
        outcome = f"{names[state.winner]} wins" + (" by concession" if state.reason == "concede" else "")
    console.print(outcome, markup=False, highlight=False)


def final_house(world: World, throws: Sequence[Throw]) -> np.ndarray:
    """Picture [H, W, 3] uint8 of what the last shot left, with its track."""
    last = throws[-1]
    tracks = shot_tracks(world.ice, world.rules, last)
    return draw_game(
        world.ice.sheet, world.rules, last.after, board=last.board, tracks=tracks if len(tracks) else None
    )
