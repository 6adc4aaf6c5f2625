"""Digital Curling 3 wire messages: states and moves to and from ours, one shot line played.

Only JSON values come in and go out; sockets belong to others. Positions are in shot coordinates on both
sides, so they pass unchanged; `angle`, the orientation of a stone, is kept for stones on the sheet and is
0.0 for a new one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from envs.curling.physics.delivery import Shot
from envs.curling.physics.ice import FCV1_RELEASE_SPIN, Ice
from envs.curling.physics.positions import OVERLAP, QUANTUM_OVERLAP, check_lie
from envs.curling.physics.sheet import STONES, STONES_PER_TEAM
from envs.curling.rules.game import GameState, frozen
from envs.curling.rules.rule_set import LAST_END, STANDARD
from envs.curling.wire.wire_values import chosen, finite, listed, mapping, member, shown, whole
from envs.curling.world import World

ROTATIONS = {"ccw": 1.0, "cw": -1.0}  # sign of the spin, anticlockwise positive
TEAM_NAMES = ("team0", "team1")


class WireState(NamedTuple):
    """A Digital Curling 3 state: the game, and what the message carries beside it."""

    state: GameState
    """Its hammer means nothing once the game is over, where the message says null."""
    ends: int
    """Ends of the game before extra ends: the length of the score lists."""
    angles: tuple[float, ...]
    """Orientation of the 16 stones, radians; 0.0 where there is none."""
    thinking_time_remaining: tuple[float, float]
    """Milliseconds left to team 0 and team 1."""


def parse_state(message: object, name: str = "state") -> WireState:
    """Read a state message.

    Args:
        message: decoded JSON.
        name: how errors call it.

    Raises:
        ValueError: one line that names the field, its value and what was expected.
    """
    fields = mapping(message, name)
    end = whole(member(fields, "end", name), f"{name}.end", 0, LAST_END)
    shot = whole(member(fields, "shot", name), f"{name}.shot", 0, STANDARD.shots_per_end - 1)
    winner, reason = _parse_result(fields.get("game_result"), f"{name}.game_result")
    hammer = None
    if reason is None or fields.get("hammer") is not None:
        hammer = _team(member(fields, "hammer", name), f"{name}.hammer")
    ends, scores = _parse_scores(fields, end, reason is not None, name)
    stones, in_play, angles = _parse_stones(member(fields, "stones", name), f"{name}.stones")
    _check_thrown(in_play, shot, hammer, f"{name}.stones")
    clock = f"{name}.thinking_time_remaining"
    times = mapping(member(fields, "thinking_time_remaining", name), clock)
    left = tuple(finite(member(times, team, clock), f"{clock}.{team}") for team in TEAM_NAMES)
    holder = hammer or 0
    state = GameState(
        end, shot, holder, holder, frozen(stones), frozen(in_play), scores, winner=winner, reason=reason
    )
    return WireState(state, ends, angles, left)


def format_state(wire: WireState) -> dict[str, Any]:
    """Write a state message, ready for JSON."""
    state, ends = wire.state, wire.ends
    regular, extra = state.scores[:ends], state.scores[ends:]
    last_extra = extra[-1] if extra and any(extra[-1]) else (None, None)
    result = None
    if state.over:
        winner = None if state.winner is None else TEAM_NAMES[state.winner]
        result = {"winner": winner, "reason": state.reason}
    return {
        "end": state.end,
        "shot": state.shot,
        "hammer": None if state.over else TEAM_NAMES[state.hammer],
        "stones": {name: _format_stones(wire, team) for team, name in enumerate(TEAM_NAMES)},
        "scores": {
            name: [points[team] for points in regular] + [None] * (ends - len(regular))
            for team, name in enumerate(TEAM_NAMES)
        },
        "extra_end_score": dict(zip(TEAM_NAMES, last_extra, strict=True)),
        "thinking_time_remaining": dict(zip(TEAM_NAMES, wire.thinking_time_remaining, strict=True)),
        "game_result": result,
    }


def parse_move(message: object, name: str = "move", release_spin: float = FCV1_RELEASE_SPIN) -> Shot | None:
    """Read a move message: a shot, or None for a concession.

    Args:
        message: decoded JSON.
        name: how errors call it.
        release_spin: rad/s that a delivered stone has on the ice in use, unsigned.

    Raises:
        ValueError: one line that names the field, its value and what was expected.
    """
    fields = mapping(message, name)
    kind = chosen(member(fields, "type", name), f"{name}.type", ("shot", "concede"))
    if kind == "concede":
        return None
    velocity = mapping(member(fields, "velocity", name), f"{name}.velocity")
    x = finite(member(velocity, "x", f"{name}.velocity"), f"{name}.velocity.x")
    y = finite(member(velocity, "y", f"{name}.velocity"), f"{name}.velocity.y")
    rotation = chosen(member(fields, "rotation", name), f"{name}.rotation", tuple(ROTATIONS))
    return Shot(x, y, ROTATIONS[rotation] * release_spin)


def play_line(world: World, message: object, rng: np.random.Generator) -> dict[str, Any]:
    """Play the move of a line {"before": STATE, "move": MOVE, ...}.

    Args:
        world: ice, noise and rules of a standard game; the number of ends is taken from the state.
        message: decoded JSON; other keys pass through.
        rng: draws the execution noise.

    Returns:
        The line with "after" (STATE) and "fgz_foul" (bool).

    Raises:
        ValueError: one line that says what is wrong with the message or the position.
    """
    line = mapping(message, "line")
    before = parse_state(member(line, "before", "line"), "before")
    shot = parse_move(member(line, "move", "line"), "move", world.ice.release_spin)
    if world.rules.game != "standard":
        raise ValueError(f"rules: {world.rules.game!r}, expected 'standard' in Digital Curling 3")
    if before.state.over:
        raise ValueError(f"before.game_result: the game is over ({before.state.reason}), expected null")
    check_position(world.ice, before.state, QUANTUM_OVERLAP if world.contact_quantum else OVERLAP, "before")
    rules = replace(world.rules, ends=before.ends, end_limit=LAST_END)
    (throw,) = replace(world, rules=rules).deliver_each([before.state], [shot], [rng])
    angles = tuple(a if s else 0.0 for a, s in zip(before.angles, throw.after.in_play, strict=True))
    after = format_state(before._replace(state=throw.after, angles=angles))
    return {**line, "after": after, "fgz_foul": throw.foul}


def check_position(ice: Ice, state: GameState, overlap: float, name: str) -> None:
    """Refuse stones that lie where none in play can.

    Args:
        ice: the ice in use.
        state: the game.
        overlap: metres that stones may be pressed into each other.
        name: how errors call the state.

    Raises:
        ValueError: one line; a stone not wholly beyond the hog line, off the sheet, or on another.
    """
    short = np.flatnonzero(state.in_play & (state.stones[:, 1] <= ice.sheet.hog_limit))
    if short.size:
        team, number = divmod(int(short[0]), STONES_PER_TEAM)
        raise ValueError(
            f"{name}.stones.{TEAM_NAMES[team]}[{number}].position.y: {state.stones[short[0], 1]:g}, "
            f"expected more than {ice.sheet.hog_limit:g}, wholly beyond the hog line"
        )
    try:
        check_lie(ice, state.stones[None], state.in_play[None], overlap=overlap)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _team(value: object, name: str) -> int:
    return TEAM_NAMES.index(chosen(value, name, TEAM_NAMES))


def _parse_result(message: object, name: str) -> tuple[int | None, Any]:
    """Winner and reason; None and None while the game goes on."""
    if message is None:
        return None, None
    fields = mapping(message, name)
    reasons = ("score", "concede", "time_limit", "draw")
    reason = chosen(member(fields, "reason", name), f"{name}.reason", reasons)
    winner = member(fields, "winner", name)
    return (None if winner is None else _team(winner, f"{name}.winner")), reason


def _parse_scores(
    fields: Mapping[str, Any], end: int, over: bool, name: str
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Number of regular ends, and the points of every finished end."""
    scores = mapping(member(fields, "scores", name), f"{name}.scores")
    lists = [
        listed(member(scores, team, f"{name}.scores"), f"{name}.scores.{team}", 1, LAST_END)
        for team in TEAM_NAMES
    ]
    ends = len(lists[0])
    listed(lists[1], f"{name}.scores.team1", ends, ends)
    finished = []
    for number, pair in enumerate(zip(*lists, strict=True)):
        labels = [f"{name}.scores.{team}[{number}]" for team in TEAM_NAMES]
        if number < end:
            finished.append(_parse_points(pair, labels))
        elif pair != (None, None):
            raise ValueError(
                f"{labels[0]}: {shown(pair)} for both teams, expected null for an end not played"
            )
    blanks = [(0, 0)] * max(end - ends, 0)
    extra = _parse_extra_end(fields.get("extra_end_score"), f"{name}.extra_end_score")
    if extra is not None:
        if not over or not blanks:
            raise ValueError(f"{name}.extra_end_score: {extra!r}, expected null before an extra end decided")
        blanks[-1] = extra
    return ends, (*finished, *blanks)


def _parse_extra_end(message: object, name: str) -> tuple[int, int] | None:
    if message is None:
        return None
    fields = mapping(message, name)
    points = [member(fields, team, name) for team in TEAM_NAMES]
    if points == [None, None]:
        return None
    return _parse_points(points, [f"{name}.{team}" for team in TEAM_NAMES])


def _parse_points(points: Sequence[object], labels: Sequence[str]) -> tuple[int, int]:
    """What both teams scored in one end, in which only one of them can."""
    first, second = (
        whole(value, label, 0, STONES_PER_TEAM) for value, label in zip(points, labels, strict=True)
    )
    if first and second:
        raise ValueError(f"{labels[0]}: {first} and {second} in {labels[1]}, expected 0 for one of the teams")
    return first, second


def _parse_stones(message: object, name: str) -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
    """Stones [16, 2] float64 metres, in_play [16] bool, and the 16 angles in radians."""
    fields = mapping(message, name)
    stones, in_play, angles = np.zeros((STONES, 2)), np.zeros(STONES, dtype=bool), [0.0] * STONES
    for team, team_name in enumerate(TEAM_NAMES):
        entries = listed(
            member(fields, team_name, name), f"{name}.{team_name}", STONES_PER_TEAM, STONES_PER_TEAM
        )
        for number, entry in enumerate(entries):
            if entry is None:
                continue
            label, slot = f"{name}.{team_name}[{number}]", STONES_PER_TEAM * team + number
            position = mapping(member(mapping(entry, label), "position", label), f"{label}.position")
            axes = [member(position, axis, f"{label}.position") for axis in "xy"]
            stones[slot] = [finite(v, f"{label}.position.{a}") for v, a in zip(axes, "xy", strict=True)]
            angles[slot] = finite(entry.get("angle", 0.0), f"{label}.angle")
            in_play[slot] = True
    return stones, in_play, tuple(angles)


def _check_thrown(in_play: np.ndarray, shot: int, hammer: int | None, name: str) -> None:
    """Refuse a stone in a slot that is still to be thrown, whoever has the hammer where it is not told."""
    for team, team_name in enumerate(TEAM_NAMES):
        thrown = shot // 2 if team == hammer else (shot + 1) // 2
        early = np.flatnonzero(in_play[STONES_PER_TEAM * team + thrown : STONES_PER_TEAM * (team + 1)])
        if early.size:
            slot = thrown + int(early[0])
            raise ValueError(f"{name}.{team_name}[{slot}]: a stone, expected null before it was thrown")


def _format_stones(wire: WireState, team: int) -> list[dict[str, Any] | None]:
    """The 8 entries of one team."""
    entries: list[dict[str, Any] | None] = []
    for slot in range(STONES_PER_TEAM * team, STONES_PER_TEAM * (team + 1)):
        x, y = wire.state.stones[slot]
        stone = {"angle": wire.angles[slot], "position": {"x": float(x), "y": float(y)}}
        entries.append(stone if wire.state.in_play[slot] else None)
    return entries
