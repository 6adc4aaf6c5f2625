"""A game as one self-contained HTML page: every stone's way, with playback controls and the score board.

The page needs no network and refuses any: its data, style and script are inside it.
"""

import json
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.curling.delivery import Shot
from envs.curling.ice import Ice
from envs.curling.motion import trajectory
from envs.curling.render import TEAM_COLOURS, TEAM_INK
from envs.curling.rule_set import RuleSet
from envs.curling.rules import GameState, thrown_slot
from envs.curling.sheet import Sheet
from envs.curling.world import Throw

INTERVAL = 0.05  # seconds between the positions stored on the page
LEAD = 3.0  # metres before the hog line where the picture of a delivery starts
PLACEHOLDER = "GAME_DATA"
STILL = 1e-4  # metres that a stone may move and still count as lying


def replay_page(
    ice: Ice,
    rules: RuleSet,
    throws: Sequence[Throw],
    *,
    names: Sequence[str] = ("Red", "Yellow"),
    subtitle: str = "",
    contact_quantum: float = 0.0,
) -> str:
    """The page as text.

    Args:
        ice: the ice the game was played on.
        rules: the rules it was played by.
        throws: every turn, in order.
        names: of team 0 and team 1.
        subtitle: a line below the title, as the conditions of the game.
        contact_quantum: seconds, as the game was simulated with.

    Raises:
        ValueError: when there is no throw.
    """
    if not throws:
        raise ValueError("throws: none, expected at least one")
    data = {
        "title": f"{names[0]} against {names[1]}",
        "subtitle": subtitle,
        "names": list(names),
        "colours": [_css(colour) for colour in TEAM_COLOURS],
        "inks": [_css(colour) for colour in TEAM_INK],
        "sheet": _sheet(ice.sheet),
        "ends": rules.ends,
        "shots_per_end": rules.shots_per_end,
        "interval": INTERVAL,
        "result": _result(throws[-1].after, names),
        "shots": [_shot(ice, rules, throw, contact_quantum) for throw in throws],
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    page = resources.files("envs.curling").joinpath("replay_page.html").read_text(encoding="utf-8")
    return page.replace(PLACEHOLDER, text)


def shot_tracks(
    ice: Ice, rules: RuleSet, throw: Throw, *, contact_quantum: float = 0.0, interval: float = INTERVAL
) -> NDArray[np.float64]:
    """Where the stones went: [T, 16, 2] float64 metres every `interval` seconds, NaN off the sheet.

    The track of a concession has no instants.
    """
    if throw.executed is None:
        return np.empty((0, *throw.before.stones.shape))
    shot, before = throw.executed, throw.before
    velocity = np.array([shot.velocity_x, shot.velocity_y])
    _, positions = trajectory(
        ice,
        before.stones,
        before.in_play,
        thrown_slot(rules, before),
        velocity,
        shot.spin,
        contact_quantum=contact_quantum,
        interval=interval,
    )
    return positions


def _shot(ice: Ice, rules: RuleSet, throw: Throw, contact_quantum: float) -> dict[str, Any]:
    """One turn as the page wants it; lengths in millimetres."""
    before = throw.before
    tracks = shot_tracks(ice, rules, throw, contact_quantum=contact_quantum)
    tracks = tracks[_first_seen(ice.sheet, tracks[:, thrown_slot(rules, before), 1]) :]
    return {
        "end": before.end,
        "shot": before.shot,
        "team": before.thrower,
        "hammer": before.hammer,
        "scores": before.scores,
        "scores_after": throw.after.scores,
        "foul": bool(throw.foul),
        "text": _text(throw.executed),
        "before": _lying(before.stones, before.in_play),
        "after": _lying(*throw.board),
        "samples": len(tracks),
        "tracks": _moving(tracks),
    }


def _first_seen(sheet: Sheet, along: NDArray[np.float64]) -> int:
    """Instant from which the delivered stone is worth showing; 0 when it never comes near the hog line."""
    near = np.flatnonzero(along > sheet.hog_y - LEAD)
    return int(near[0]) if near.size else 0


def _moving(tracks: NDArray[np.float64]) -> dict[str, list[int | None]]:
    """Way of every stone that moves, by slot: x, y, x, y, ... in millimetres, null off the sheet."""
    ways = {}
    for slot in range(tracks.shape[1]):
        way = tracks[:, slot]
        seen = way[np.isfinite(way).all(axis=1)]
        if len(seen) and np.ptp(seen, axis=0).max() > STILL:
            ways[str(slot)] = [_millimetres(value) for value in way.ravel()]
    return ways


def _lying(stones: NDArray[np.float64], in_play: NDArray[np.bool_]) -> dict[str, list[int]]:
    return {
        str(slot): [round(1000 * value) for value in stones[slot].tolist()]
        for slot in np.flatnonzero(in_play)
    }


def _millimetres(value: float) -> int | None:
    return round(1000 * float(value)) if np.isfinite(value) else None


def _sheet(sheet: Sheet) -> dict[str, float]:
    fields = ("width", "hog_y", "tee_y", "back_y", "hack_y", "house_radius", "stone_radius")
    return {field: getattr(sheet, field) for field in fields}


def _text(shot: Shot | None) -> str:
    """What left the hand, for people."""
    if shot is None:
        return "concedes"
    speed = float(np.hypot(shot.velocity_x, shot.velocity_y))
    degrees = float(np.degrees(np.arctan2(shot.velocity_x, shot.velocity_y)))
    side = "right" if degrees > 0 else "left"
    handle = "anticlockwise" if shot.spin > 0 else "clockwise"
    return f"{speed:.3f} m/s, {abs(degrees):.2f}° to the {side}, {handle}"


def _result(state: GameState, names: Sequence[str]) -> str:
    """How the game stands after the last turn."""
    first, second = state.totals
    score = f"{first}:{second}"
    if not state.over:
        return f"{names[0]} against {names[1]}: {score} so far"
    if state.winner is None:
        return f"Draw, {score}"
    if state.reason == "concede":
        return f"{names[state.winner]} wins by concession, {score}"
    return f"{names[state.winner]} wins {max(first, second)}:{min(first, second)}"


def _css(colour: tuple[int, int, int]) -> str:
    return f"rgb({colour[0]} {colour[1]} {colour[2]})"
