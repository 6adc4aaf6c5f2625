"""Shots as people say them: a draw to a point, or a hit on a stone with a weight, and a handle."""

from typing import NamedTuple

import numpy as np

from agents.curling.games.house_text import stone_name, stone_slot
from envs.curling.crossing import crossing
from envs.curling.physics.delivery import Shot, stop_point, velocity_through, velocity_to_stop
from envs.curling.players.opponents import legal_shot
from envs.curling.players.rules_player import WEIGHTS
from envs.curling.rules.game import GameState, thrown_slot
from envs.curling.world import Throw, World

HANDLES = {"left": 1.0, "right": -1.0}  # where the stone curls to: sign of the spin, anticlockwise positive
WEIGHT_NAMES = ("control", "normal", "peel")
THICKEST = 2.0  # stone radii beside a stone's centre at which it is still touched
MOVED = 0.03  # metres from which a stone's move is worth a word
SPOKEN = "draw X Y left|right, hit STONE control|normal|peel left|right [BESIDE]"


class SpokenShot(NamedTuple):
    """A shot and what was understood."""

    shot: Shot
    meaning: str


def parse_shot(world: World, state: GameState, words: list[str]) -> SpokenShot:
    """The shot that words ask for.

    Args:
        world: ice and sheet.
        state: the game, for the stones that can be hit.
        words: `draw X Y HANDLE` (metres right of the centre line and beyond the tee) or `hit STONE WEIGHT
            HANDLE [BESIDE]` (stone radii right of the stone's centre).

    Raises:
        ValueError: one line that says what was wrong and what was expected.
    """
    if words[0] == "draw" and len(words) == 4:
        return _draw(world, *words[1:])
    if words[0] == "hit" and len(words) in (4, 5):
        return _hit(world, state, *words[1:])
    raise ValueError(f"shot: got {' '.join(words)[:60]!r}, expected {SPOKEN}, or help")


def describe_aim(world: World, shot: Shot | None) -> str:
    """What a shot was meant to be, as far as its weight tells."""
    if shot is None:
        return "concedes"
    sheet = world.ice.sheet
    x, y = stop_point(world.ice, np.array(shot[:2]), np.array(shot.spin))
    handle = "left" if shot.spin > 0 else "right"
    if y < sheet.back_limit:
        return f"draws to {x:+.2f} {y - sheet.tee_y:+.2f}, curling {handle}"
    across, speed = crossing(world.ice, np.array([shot[:2]]), np.array([shot.spin]), sheet.tee_y)
    return f"hits over {across[0]:+.2f} at {speed[0]:.1f} m/s, curling {handle}"


def describe_throw(world: World, throw: Throw) -> list[str]:
    """What a throw did, a sentence for each thing."""
    if throw.executed is None:
        return []
    before, (stones, in_play), tee = throw.before, throw.board, world.ice.sheet.tee_y
    thrown = thrown_slot(world.rules, before)
    told = []
    if throw.foul:
        told.append("a protected guard was knocked out: the stones go back, the thrown one is gone")
    elif in_play[thrown]:
        told.append(f"{stone_name(thrown)} rests at {stones[thrown, 0]:+.2f} {stones[thrown, 1] - tee:+.2f}")
    else:
        told.append(f"{stone_name(thrown)} goes out of play")
    for slot in np.flatnonzero(before.in_play):
        if not in_play[slot]:
            told.append(f"{stone_name(int(slot))} is knocked out")
        elif np.hypot(*(stones[slot] - before.stones[slot])) > MOVED:
            told.append(
                f"{stone_name(int(slot))} moves to {stones[slot, 0]:+.2f} {stones[slot, 1] - tee:+.2f}"
            )
    return told


def _draw(world: World, x: str, beyond: str, handle: str) -> SpokenShot:
    sheet = world.ice.sheet
    across = _number("x", x, -sheet.width / 2, sheet.width / 2)
    depth = _number("y", beyond, sheet.hog_y - sheet.tee_y, sheet.backboard_y - sheet.tee_y)
    spin = _spin(world, handle)
    velocity = velocity_to_stop(world.ice, np.array([across, sheet.tee_y + depth]), np.array(spin))
    return SpokenShot(_shot(world, velocity, spin), f"a draw to {across:+.2f} {depth:+.2f}, curling {handle}")


def _hit(
    world: World, state: GameState, stone: str, weight: str, handle: str, beside: str = "0"
) -> SpokenShot:
    slot = stone_slot(stone)
    if not state.in_play[slot]:
        lying = ", ".join(stone_name(int(one)) for one in np.flatnonzero(state.in_play)) or "none"
        raise ValueError(f"stone: got {stone}, expected one in play: {lying}")
    if weight not in WEIGHT_NAMES:
        raise ValueError(f"weight: got {weight[:20]!r}, expected {', '.join(WEIGHT_NAMES)}")
    offset = _number("beside", beside, -THICKEST, THICKEST)
    spin, ice = _spin(world, handle), world.ice
    tee = velocity_to_stop(ice, ice.sheet.tee, np.array(spin))
    speed = WEIGHTS[WEIGHT_NAMES.index(weight)] * float(np.hypot(*tee))
    point = state.stones[slot] + [offset * ice.sheet.stone_radius, 0.0]
    velocity = velocity_through(ice, point, np.array(speed), np.array(spin))
    side = "" if offset == 0 else f", {abs(offset):g} radii {'right' if offset > 0 else 'left'} of its centre"
    meaning = f"a hit on {stone.upper()}{side}, {weight} weight, curling {handle}"
    return SpokenShot(_shot(world, velocity, spin), meaning)


def _shot(world: World, velocity: np.ndarray, spin: float) -> Shot:
    shot = legal_shot(world, Shot(float(velocity[0]), float(velocity[1]), spin))
    if shot is None:
        raise ValueError("shot: got a concession, expected a shot")
    return shot


def _spin(world: World, handle: str) -> float:
    if handle not in HANDLES:
        raise ValueError(f"handle: got {handle[:20]!r}, expected left or right, where the stone curls to")
    return HANDLES[handle] * world.ice.release_spin


def _number(name: str, text: str, low: float, high: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise ValueError(f"{name}: got {text[:20]!r}, expected a number from {low:.2f} to {high:.2f}")
    return number
