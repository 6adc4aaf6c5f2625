"""What `run.py strategy` does once its flags are parsed: ends are counted, the table is printed and drawn."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from agents.commands.terminal.progress import progress
from agents.commands.terminal.tables import print_table
from agents.curling.games.game_ledger import GAMES_NAME
from agents.curling.games.game_records import parse_record
from agents.curling.networks.models import load_network
from agents.curling.winning import POINTS, RULES_ENDS, WinningTable, one_end_distribution, played_ends
from agents.plots.curves import save_figure
from agents.plots.winning import draw_winning
from agents.runs.atomic import write_file
from agents.runs.checkpoint_paths import LAST_FIRST, resolve
from agents.runs.errors import ConfigError, CorruptFileError, StorageError
from agents.runs.json_file import write_json
from envs.curling.conditions import build_world
from envs.curling.games import play_game
from envs.curling.players.opponents import get_player

if TYPE_CHECKING:
    from agents.commands.strategy import Config


class Ends(NamedTuple):
    """The points of one end: scores [K] float64 of the team with the hammer, from how many ends, of whom."""

    scores: NDArray[np.float64]
    count: int
    origin: str


def show_strategy(config: "Config") -> int:
    """Prints the table, writes picture and JSON; returns the exit code."""
    ends = _counted(config)
    table = WinningTable(config.ends, ends.scores)
    leads, left = np.arange(-config.lead, config.lead + 1), np.arange(1, config.ends + 1)
    with_hammer = table.chance(left[:, None], leads, 0)
    shown = Table("ends left", *(f"{lead:+d}" if lead else "0" for lead in leads))
    for number, row in zip(left, with_hammer, strict=True):
        shown.add_row(str(number), *(f"{100 * chance:.0f}" for chance in row))
    origin = f"{ends.count:,} ends of {ends.origin}"
    points = "  ".join(
        f"{point:+d} {share:.1%}" for point, share in zip(POINTS, ends.scores, strict=True) if share
    )
    print_table(shown, "Games won in % by the lead of the team with the hammer.", f"{origin}: {points}")
    image = io.BytesIO()
    save_figure(draw_winning(table, most_lead=config.lead, title=origin), image)
    write_file(Path(config.out), image.getvalue())
    sys.stdout.write(f"plot: {config.out}\n")
    if config.json:
        write_json(Path(config.json), _report(ends, leads, left, with_hammer))
    return 0


def _counted(config: "Config") -> Ends:
    if config.source:
        path, games = Path(config.source), Path(config.source, GAMES_NAME)
        if path.is_dir() and not games.exists():
            return _self_played(config.source)
        return _ends_of(list(_read_games(games if games.exists() else path)), config.source)
    if config.games:
        return _ends_of(list(_play_games(config)), "rules against rules")
    counts = np.array(RULES_ENDS, np.float64)
    return Ends(counts / counts.sum(), int(counts.sum()), "rules against rules, measured earlier")


def _self_played(run: str) -> Ends:
    """The ends that a run of self-play counted."""
    file = resolve(Path(run), LAST_FIRST)
    if file is None:
        raise ConfigError(f"source: got {run}, expected game records or a run with checkpoints")
    counts = load_network(file).hammer_points
    if counts is None or not counts.any():
        raise ConfigError(f"source: got {run}, which has played no ends, expected a run of self-play")
    return Ends(counts / counts.sum(), int(counts.sum()), f"self-play, {run}")


def _ends_of(games: list[tuple[list[int], list[int]]], origin: str) -> Ends:
    points = [point for game, _ in games for point in game]
    hammers = [hammer for _, game in games for hammer in game]
    if not points:
        raise CorruptFileError(f"{origin}: got no finished end, expected at least one")
    return Ends(one_end_distribution(points, hammers), len(points), origin)


def _read_games(path: Path) -> Iterator[tuple[list[int], list[int]]]:
    """Points and hammers of the finished ends of each game in a file of game records."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    for number, line in enumerate(lines, start=1):
        try:
            record, _ = parse_record(line)
        except ValueError as error:
            raise CorruptFileError(f"{path}: line {number}: {error}") from error
        yield played_ends(record.scores, record.hammer)


def _play_games(config: "Config") -> Iterator[tuple[list[int], list[int]]]:
    """Whole games between two rules players; an end in which somebody concedes does not count."""
    world = build_world(config.ice, config.noise, "eight_ends")
    players = [get_player("rules")] * 2
    with progress("strategy") as bar:
        bar.start(0, config.games)
        for game in range(config.games):
            last = play_game(world, players, np.random.default_rng((config.seed, game)))[-1]
            scores = last.after.scores if last.executed is not None else last.before.scores
            yield played_ends(scores, world.rules.first_hammer)
            bar.interval(game + 1, {})


def _report(ends: Ends, leads: np.ndarray, left: np.ndarray, chance: np.ndarray) -> dict[str, Any]:
    return {
        "origin": ends.origin,
        "ends": ends.count,
        "points_of_hammer": POINTS.tolist(),
        "share_of_ends": ends.scores.tolist(),
        "leads_of_hammer": leads.tolist(),
        "ends_left": left.tolist(),
        "chance_with_hammer": chance.tolist(),
    }
