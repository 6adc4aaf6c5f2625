"""A game as one self-contained HTML page: every stone's way, with playback controls and the score board.

The page needs no network and refuses any: its data, style and script are inside it.
"""

import json
from collections.abc import Sequence
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from envs.curling.physics.delivery import Shot
from envs.curling.physics.ice import Ice
from envs.curling.physics.motion import Trajectory, trajectory
from envs.curling.physics.sheet import Sheet
from envs.curling.pictures.render import SHORT_OF_HOG, TEAM_COLOURS, TEAM_INK, circles
from envs.curling.rules.game import GameState, thrown_slot
from envs.curling.rules.rule_set import RuleSet
from envs.curling.world import Throw

SAMPLE_TRAVEL = 0.04  # metres that the strongest delivery covers between two instants of a track
THINNED = 0.002  # metres by which the page's tracks may miss the sampled ones
TICK = 1e-4  # seconds in which the page counts time
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
        "below": SHORT_OF_HOG,
        "circles": [[radius, _css(colour)] for radius, colour in circles(ice.sheet)],
        "colours": [_css(colour) for colour in TEAM_COLOURS],
        "inks": [_css(colour) for colour in TEAM_INK],
        "sheet": _sheet(ice.sheet),
        "ends": rules.ends,
        "shots_per_end": rules.shots_per_end,
        "tick": TICK,
        "result": _result(throws[-1].after, names),
        "shots": [_shot(ice, rules, throw, contact_quantum) for throw in throws],
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    page = resources.files("envs.curling.pictures").joinpath("replay_page.html").read_text(encoding="utf-8")
    return page.replace(PLACEHOLDER, text)


def shot_tracks(
    ice: Ice, rules: RuleSet, throw: Throw, *, contact_quantum: float = 0.0
) -> NDArray[np.float64]:
    """Where the stones went: [T, 16, 2] float64 metres, NaN off the sheet.

    Between two instants no legal delivery covers more than `SAMPLE_TRAVEL`, on any ice, and every contact is
    an instant. The track of a concession has no instants.
    """
    return _trajectory(ice, rules, throw, contact_quantum).positions


def _trajectory(ice: Ice, rules: RuleSet, throw: Throw, contact_quantum: float) -> Trajectory:
    """The way of every stone during a throw; without instants for a concession."""
    if throw.executed is None:
        shape = throw.before.stones.shape
        return Trajectory(np.empty(0), np.empty((0, *shape)), np.empty((0, shape[0]), bool))
    shot, before = throw.executed, throw.before
    velocity = np.array([shot.velocity_x, shot.velocity_y])
    return trajectory(
        ice,
        before.stones,
        before.in_play,
        thrown_slot(rules, before),
        velocity,
        shot.spin,
        contact_quantum=contact_quantum,
        interval=_interval(ice),
    )


def _shot(ice: Ice, rules: RuleSet, throw: Throw, contact_quantum: float) -> dict[str, Any]:
    """One turn as the page wants it; lengths in millimetres."""
    before = throw.before
    ticks, tracks, turns = _seen(ice, rules, throw, contact_quantum)
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
        "ticks": int(ticks[-1]) if len(ticks) else 0,
        "tracks": _moving(ticks, tracks, turns),
    }


def _seen(ice: Ice, rules: RuleSet, throw: Throw, contact_quantum: float) -> Trajectory:
    """The trajectory since the delivered stone entered the picture, with times in whole ticks."""
    whole = _trajectory(ice, rules, throw, contact_quantum)
    start = _first_seen(ice.sheet, whole.positions[:, thrown_slot(rules, throw.before), 1])
    times, tracks, turns = (part[start:] for part in whole)
    ticks = np.rint((times - times[:1]) / TICK).astype(np.int64)
    last = np.append(np.diff(ticks) > 0, True)[: len(ticks)]  # of the instants within one tick
    return Trajectory(ticks[last], tracks[last], turns[last])


def _interval(ice: Ice) -> float:
    """Seconds between two evenly spaced instants of a track."""
    return SAMPLE_TRAVEL / ice.max_speed


def _first_seen(sheet: Sheet, along: NDArray[np.float64]) -> int:
    """Instant at which the delivered stone enters the picture; the last one when it never does."""
    near = np.flatnonzero(along > sheet.hog_y - SHORT_OF_HOG - sheet.stone_radius)
    return int(near[0]) if near.size else len(along) - 1


def _moving(
    ticks: NDArray[np.int64], tracks: NDArray[np.float64], turns: NDArray[np.bool_]
) -> dict[str, list[int]]:
    """Way of every stone that moves, by slot: tick, x, y, tick, x, y, ... in millimetres.

    Between these the stone moves evenly; after the last, unless the shot ends with it, it is off the sheet.
    """
    ways = {}
    for slot in range(tracks.shape[1]):
        there = np.isfinite(tracks[:, slot]).all(axis=1)
        seen = tracks[there, slot]
        if len(seen) and np.ptp(seen, axis=0).max() > STILL:
            knots = _knots(ticks[there], seen, np.flatnonzero(turns[there, slot]))
            rows = np.column_stack([ticks[there][knots], np.rint(1000 * seen[knots]).astype(np.int64)])
            ways[str(slot)] = rows.ravel().tolist()
    return ways


def _knots(ticks: NDArray[np.int64], way: NDArray[np.float64], turns: NDArray[np.int64]) -> list[int]:
    """Places in a way [T, 2] (metres) at `ticks` [T] between which even motion is true to within `THINNED`;
    `turns`, where the stone was struck, are among them.

    Source: Ramer 1972; Douglas and Peucker 1973, with the error at equal times instead of across the line.
    """
    kept = {0, *turns.tolist(), len(way) - 1}
    spans = list(pairwise(sorted(kept)))
    while spans:
        first, last = spans.pop()
        part = ((ticks[first : last + 1] - ticks[first]) / (ticks[last] - ticks[first]))[:, None]
        missed = np.hypot(*(way[first] + part * (way[last] - way[first]) - way[first : last + 1]).T)
        worst = first + int(np.argmax(missed))
        if missed.max() > THINNED and first < worst < last:
            kept.add(worst)
            spans += [(first, worst), (worst, last)]
    return sorted(kept)


def _lying(stones: NDArray[np.float64], in_play: NDArray[np.bool_]) -> dict[str, list[int]]:
    return {
        str(slot): [round(1000 * value) for value in stones[slot].tolist()]
        for slot in np.flatnonzero(in_play)
    }


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
