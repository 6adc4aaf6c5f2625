"""What `run.py render` does once its flags are parsed: reads a line, plays its shot if it has one, draws."""

import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.commands.actions.shots import decoded
from agents.runs.atomic import write_file
from agents.runs.errors import ConfigError
from envs.curling.conditions import build_world
from envs.curling.physics.positions import QUANTUM_OVERLAP
from envs.curling.pictures.render import draw_game, png_bytes
from envs.curling.pictures.replay import shot_tracks
from envs.curling.rules.rule_set import LAST_END
from envs.curling.wire.digital_curling import check_position, parse_move, parse_state
from envs.curling.world import World

if TYPE_CHECKING:
    from agents.commands.render import Config


def draw_line(config: "Config") -> int:
    """Draws the chosen line; returns the exit code.

    Raises:
        ConfigError: the line is missing or malformed.
    """
    with open(config.file, "rb") as file:
        raw = next(islice(file, config.line - 1, None), None)
    if raw is None:
        raise ConfigError(f"line: got {config.line}, expected one that {config.file} has")
    try:
        image = _picture(build_world(config.ice, "none", "standard"), decoded(raw), config.pixels_per_metre)
    except ValueError as error:
        raise ConfigError(f"{config.file} line {config.line}: {error}") from error
    write_file(Path(config.out), png_bytes(image))
    sys.stdout.write(f"picture: {config.out}\n")
    return 0


def _picture(world: World, message: Any, scale: int) -> np.ndarray:
    """[H, W, 3] uint8 image of a state, or of what the shot of a shot line leaves."""
    is_shot = isinstance(message, dict) and "before" in message
    name = "before" if is_shot else "state"
    wire = parse_state(message["before"] if is_shot else message, name)
    check_position(world.ice, wire.state, QUANTUM_OVERLAP, name)
    rules = replace(world.rules, ends=wire.ends, end_limit=LAST_END)
    sheet = world.ice.sheet
    if not is_shot or "move" not in message:
        return draw_game(sheet, rules, wire.state, pixels_per_metre=scale)
    shot = parse_move(message["move"], "move", world.ice.release_spin)
    after, throw = replace(world, rules=rules).deliver(wire.state, shot, np.random.default_rng(0))
    tracks = shot_tracks(world.ice, rules, throw) if shot else None
    return draw_game(sheet, rules, after, board=throw.board, tracks=tracks, pixels_per_metre=scale)
