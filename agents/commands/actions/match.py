"""What `run.py match` does once its flags are parsed: game, score sheet, replay and picture."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from agents.commands.terminal.player_notes import note_players
from agents.commands.terminal.tables import print_table
from agents.curling.player_tokens import check_token
from agents.curling.players import single_player
from agents.runs.atomic import write_file
from agents.runs.device import resolve_device
from envs.curling.conditions import build_world, get_rules
from envs.curling.games import turns
from envs.curling.pictures.render import png_bytes
from envs.curling.pictures.replay import replay_page
from envs.curling.pictures.throws import draw_throw
from envs.curling.rules.game import TEAMS, GameState
from envs.curling.rules.rule_set import RuleSet

if TYPE_CHECKING:
    from agents.commands.match import Config

HAMMER = "*"
"""Beside the points of the team that had the last stone of an end."""


def play_match(config: "Config") -> int:
    """Plays the game, prints its score sheet, writes the files that were asked for; returns the exit code."""
    world = build_world(config.ice, config.noise, event_rules(config.rules, config.ends))
    tokens = [check_token(name) for name in (config.first, config.second)]
    note_players(tokens, world)
    device = "cpu" if all(token.network is None for token in tokens) else resolve_device(config.device)
    players = [single_player(token, world, config.simulations, device) for token in tokens]
    played = turns(world, players, np.random.default_rng(config.seed))
    shots = world.rules.ends * world.rules.shots_per_end
    console = Console(stderr=True)
    bar = {"console": console, "transient": True, "disable": not console.is_terminal}
    throws = list(track(played, total=shots, description="playing", **bar))
    names = [f"{config.first} (red)", f"{config.second} (yellow)"]
    hammers = {throw.before.end: throw.before.hammer for throw in throws}
    print_score_sheet(world.rules, throws[-1].after, names, list(hammers.values()))
    if config.replay:
        conditions = f"{world.rules.ends} ends, {config.ice} ice, {config.noise} noise, seed {config.seed}"
        page = replay_page(world.ice, world.rules, throws, names=names, subtitle=conditions)
        write_file(Path(config.replay), page.encode())
        sys.stdout.write(f"replay: {config.replay}\n")
    if config.picture:
        house = draw_throw(world, throws[-1], names=(config.first, config.second))
        write_file(Path(config.picture), png_bytes(house))
        sys.stdout.write(f"picture: {config.picture}\n")
    return 0


def event_rules(name: str, ends: int | None) -> RuleSet:
    """The rules of this name, with another number of ends if one is given; extra ends stay if it has any."""
    rules = get_rules(name)
    if ends is None:
        return rules
    return replace(rules, ends=ends, end_limit=rules.end_limit if rules.end_limit > rules.ends else ends)


def print_score_sheet(rules: RuleSet, state: GameState, names: Sequence[str], hammers: Sequence[int]) -> None:
    """Prints the points of every end, the totals, and once the game is over who won why.

    Args:
        rules: of the game.
        state: the game.
        names: of both teams.
        hammers: who had the last stone, 0 or 1, of each end from the first.
    """
    headings = [str(end + 1) for end in range(rules.ends)]
    headings += [f"+{extra}" for extra in range(1, len(state.scores) - rules.ends + 1)]
    # A column has a rule and a blank on both sides; the names' and the totals' stand in every table.
    beside = max(map(len, names)) + len("total") + 7
    column = max(len(headings[len(state.scores) - 1]), 1 + len(HAMMER)) + 3
    abreast = max((Console().width - beside) // column, 1)
    for first in range(0, max(len(state.scores), 1), abreast):
        shown = slice(first, min(first + abreast, len(state.scores)))
        last = shown.stop == len(state.scores)
        table = Table("", *headings[shown], *(["total"] if last else []))
        for team in TEAMS:
            ends = zip(state.scores[shown], hammers[shown], strict=True)
            points = [f"{pair[team]}{HAMMER if hammer == team else ''}" for pair, hammer in ends]
            table.add_row(escape(names[team]), *points, *([str(state.totals[team])] if last else []))
        print_table(table, *([f"{HAMMER} had the hammer, the last stone of the end"] if last else []))
    if not state.over:
        return
    if state.winner is None:
        outcome = "draw"
    else:
        outcome = f"{names[state.winner]} wins" + (" by concession" if state.reason == "concede" else "")
    sys.stdout.write(f"{outcome}\n")
