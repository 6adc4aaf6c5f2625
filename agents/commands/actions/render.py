"""What `run.py render` does once its flags are parsed: reads a line, plays its shot if it has one, draws."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.commands.actions.recorded_games import chosen_line, is_game, recorded_game
from agents.commands.actions.shots import decoded
from agents.runs.atomic import write_file
from agents.runs.errors import ConfigError
from envs.curling.conditions import build_world
from envs.curling.physics.positions import QUANTUM_OVERLAP
from envs.curling.pictures.render import draw_game, png_bytes
from envs.curling.pictures.replay import replay_page
from envs.curling.pictures.throws import draw_throw
from envs.curling.rules.rule_set import LAST_END
from envs.curling.wire.digital_curling import check_position, parse_move, parse_state
from envs.curling.world import World

if TYPE_CHECKING:
    from agents.commands.render import Config


def draw_line(config: "Config") -> int:
    """Draws the chosen line, and writes the replay page that was asked for; returns the exit code.

    Raises:
        ConfigError: the line is missing or malformed, or is none of a game where one is asked for.
    """
    number, raw = chosen_line(config.file, config.line, config.game)
    try:
        message = decoded(raw)
        if is_game(message):
            _draw_game(config, raw)
        else:
            _refuse_flags_of_games(config)
            world = build_world(config.ice, "none", "standard")
            _write_picture(config, _picture(world, message, config.pixels_per_metre))
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(f"{config.file} line {number}: {error}") from error
    return 0


def _draw_game(config: "Config", raw: bytes) -> None:
    """Draws a shot of a recorded game and what it left."""
    game = recorded_game(config.file, raw, ice=config.ice, noise="none", ends=config.ends)
    shot = game.check_shot(config.shot or len(game.record.turns))
    throws, world = list(game.throws()), game.world
    shown = draw_throw(world, throws[shot - 1], names=game.players, pixels_per_metre=config.pixels_per_metre)
    _write_picture(config, shown)
    if config.replay:
        names = [f"{game.players[0]} (red)", f"{game.players[1]} (yellow)"]
        page = replay_page(world.ice, world.rules, throws, names=names, subtitle=game.conditions)
        write_file(Path(config.replay), page.encode())
        sys.stdout.write(f"replay: {config.replay}\n")


def _refuse_flags_of_games(config: "Config") -> None:
    for name in ("shot", "replay"):
        if value := getattr(config, name):
            raise ConfigError(f"{name}: got {value}, expected none, as the line is a position, no game")


def _write_picture(config: "Config", image: np.ndarray) -> None:
    write_file(Path(config.out), png_bytes(image))
    sys.stdout.write(f"picture: {config.out}\n")


def _picture(world: World, message: Any, scale: int) -> np.ndarray:
    """[H, W, 3] uint8 image of a state, or of what the shot of a shot line leaves."""
    is_shot = isinstance(message, dict) and "before" in message
    name = "before" if is_shot else "state"
    wire = parse_state(message["before"] if is_shot else message, name)
    check_position(world.ice, wire.state, QUANTUM_OVERLAP, name)
    rules = replace(world.rules, ends=wire.ends, end_limit=LAST_END)
    if not is_shot or "move" not in message:
        return draw_game(world.ice.sheet, rules, wire.state, pixels_per_metre=scale)
    world = replace(world, rules=rules)
    shot = parse_move(message["move"], "move", world.ice.release_spin)
    _, throw = world.deliver(wire.state, shot, np.random.default_rng(0))
    return draw_throw(world, throw, pixels_per_metre=scale)
