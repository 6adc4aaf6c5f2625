"""What `run.py analyse` does once its flags are parsed: position, judged shots, table and picture."""

import io
import math
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from agents.commands.actions.recorded_games import chosen_line, is_game, recorded_game
from agents.commands.actions.shots import decoded
from agents.commands.terminal.player_notes import note_players
from agents.commands.terminal.tables import print_table
from agents.curling.games.house_text import house_text
from agents.curling.games.spoken_shots import describe_aim
from agents.curling.judging.analysis import Analysis, Analyst, Candidate, Prospect, best_first
from agents.curling.player_tokens import check_token
from agents.curling.players import SINGLE_LEAVES, make_player
from agents.curling.winning import POINTS
from agents.plots.curves import save_figure
from agents.plots.heat_map import draw_heat_map
from agents.runs.atomic import write_file
from agents.runs.device import resolve_device
from agents.runs.errors import ConfigError
from agents.runs.json_file import write_json
from envs.curling.conditions import build_world
from envs.curling.physics.positions import QUANTUM_OVERLAP
from envs.curling.pictures.render import draw_game
from envs.curling.rules.game import GameState
from envs.curling.rules.rule_set import RuleSet
from envs.curling.wire.digital_curling import check_position, parse_state
from envs.curling.world import World

if TYPE_CHECKING:
    from agents.commands.analyse import Config

SHOWN_SHARE = 0.03  # of a score distribution from which a score is shown
NAMES = ("Red", "Yellow")


def analyse_position(config: "Config") -> int:
    """Prints the table, writes heat map and JSON; returns the exit code.

    Raises:
        ConfigError: the file has no such position.
    """
    world, state = _position(config)
    token = check_token(config.player)
    note_players([token], world)
    device = "cpu" if token.network is None else resolve_device(config.device)
    player = make_player(token, world, simulations=config.simulations, leaves=SINGLE_LEAVES, device=device)
    analyst = Analyst(world, player, config.seed)
    found = analyst.analyse(state, shots=config.shots, throws=config.throws, grid_throws=config.grid_throws)
    sys.stdout.write(f"{house_text(world.ice.sheet, state.stones, state.in_play)}\n")
    mover = NAMES[state.thrower]
    title = f"end {state.end + 1} of {world.rules.ends}, stone {state.shot + 1}, {mover} to throw"
    first, second = state.totals
    note = f"{title}; {NAMES[0]} {first}, {NAMES[1]} {second}, {NAMES[state.hammer]} has the hammer"
    order = "chance to win" if found.goal == "winning" else "points"
    about = (
        f"> is {config.player}'s shot, x the best target of the heat map; each thrown {config.throws} times; "
        f"the best by {order} first; ± is the 95 % error of the mean of what is then expected"
    )
    print_table(_table(world, found), note, about)
    picture = draw_game(world.ice.sheet, world.rules, state, names=NAMES)
    figure = draw_heat_map(picture, world.ice.sheet, state, analyst.grid, found, title=title)
    image = io.BytesIO()
    save_figure(figure, image)
    write_file(Path(config.out), image.getvalue())
    sys.stdout.write(f"heat map: {config.out}\n")
    if config.json:
        write_json(Path(config.json), _report(config, world, found))
    return 0


def _position(config: "Config") -> tuple[World, GameState]:
    """What is played in, and the position."""
    number, raw = chosen_line(config.position, config.line, config.game)
    try:
        message = decoded(raw)
        return _of_game(config, raw) if is_game(message) else _of_state(config, message)
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(f"{config.position} line {number}: {error}") from error


def _of_state(config: "Config", message: Any) -> tuple[World, GameState]:
    """The position of a state, or before the shot of a shot line."""
    if config.shot:
        raise ConfigError(f"shot: got {config.shot}, expected none, as the line is a position, no game")
    is_shot = isinstance(message, dict) and "before" in message
    name = "before" if is_shot else "state"
    wire = parse_state(message["before"] if is_shot else message, name)
    world = build_world(config.ice, config.noise, RuleSet(ends=wire.ends))
    check_position(world.ice, wire.state, QUANTUM_OVERLAP, name)
    if wire.state.over:
        raise ValueError(f"{name}: the game is over, expected one in progress")
    return world, wire.state


def _of_game(config: "Config", raw: bytes) -> tuple[World, GameState]:
    """The position before a shot of a recorded game."""
    game = recorded_game(config.position, raw, ice=config.ice, noise=config.noise, ends=config.ends)
    throws = islice(game.throws(), game.check_shot(config.shot) - 1, None)
    return game.world, next(throws).before


def _table(world: World, found: Analysis) -> Table:
    table = Table("", "shot", "visits", "search", "points", "wins", "scores of the end")
    rows, best = found.candidates, found.mapped
    if all(one.thought.shot != best.thought.shot for one in rows):
        rows = best_first([*rows, best], found.goal)
    for thought, prospect in rows:
        mark = ">" * thought.chosen + "x" * (thought.shot == best.thought.shot)
        searched = "" if thought.value is None else _value(thought.value, found.goal)
        points = f"{prospect.points:+.2f} ± {1.96 * prospect.error:.2f}"
        aim = describe_aim(world, thought.shot)
        wins = f"{100 * prospect.winning:.0f} %"
        visits = str(thought.visits) if thought.visits else ""
        table.add_row(mark, aim, visits, searched, points, wins, _scores(prospect))
    return table


def _value(value: float, goal: str) -> str:
    """What a search believes, in points or as a chance to win."""
    return f"{100 * value:.0f} %" if goal == "winning" else f"{value:+.2f}"


def _scores(prospect: Prospect) -> str:
    """The likelier scores, the best first."""
    shown = [k for k in range(len(POINTS))[::-1] if prospect.scores[k] >= SHOWN_SHARE]
    return "  ".join(f"{POINTS[k]:+.0f}:{100 * prospect.scores[k]:.0f}%" for k in shown)


def _report(config: "Config", world: World, found: Analysis) -> dict[str, Any]:
    return {
        "player": config.player,
        "throws": config.throws,
        "ranked_by": "winning" if found.goal == "winning" else "points",
        "shots": [_candidate(world, one) for one in found.candidates],
        "map_best": _candidate(world, found.mapped),
        "grid": [round(value, 6) for value in found.grid.tolist()],
    }


def _candidate(world: World, one: Candidate) -> dict[str, Any]:
    thought, error = one.thought, one.prospect.error
    return {
        "velocity": list(thought.shot[:2]),
        "spin": thought.shot.spin,
        "aim": describe_aim(world, thought.shot),
        "chosen": thought.chosen,
        "visits": thought.visits,
        "search_value": thought.value,
        "points": one.prospect.points,
        "points_error": None if math.isnan(error) else error,
        "winning": one.prospect.winning,
        "scores": one.prospect.scores.tolist(),
    }
