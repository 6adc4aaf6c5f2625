"""Digital Curling 3 messages around the states: settings of a game, updates, moves. No sockets.

A session is `dc`, `dc_ok`, `is_ready`, `ready_ok`, `new_game`, then an `update` before the first shot and
after every one, answered by a `move` on one's own turn, and `game_over`. Protocol 1.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from envs.curling.physics.delivery import Shot
from envs.curling.physics.ice import FCV1_RELEASE_SPIN
from envs.curling.rules.rule_set import LAST_END
from envs.curling.wire.digital_curling import TEAM_NAMES, WireState, format_state, parse_move, parse_state
from envs.curling.wire.wire_values import chosen, finite, listed, mapping, member, shown, whole

PROTOCOL = (1, 0)  # major, minor
HANDS = 4  # players of a team, who throw two stones each
MILLISECONDS = 1000.0  # in a second
DEVIATIONS = ("stddev_speed", "stddev_angle")  # of a hand


class Hand(NamedTuple):
    """A thrower of the type `normal_dist`."""

    max_speed: float
    """m/s to which intended speeds are cut."""
    speed: float
    """Standard deviation of the speed, m/s."""
    angle: float
    """Standard deviation of the direction, radians."""


@dataclass(frozen=True)
class GameSetting:
    """What a server says of a game before it begins.

    Args:
        ends: before extra ends.
        five_rock: whether guards are protected for five shots; otherwise for four.
        sheet_width: metres.
        thinking_seconds: of team 0 and team 1, for all their shots of the regular ends.
        extra_thinking_seconds: the same, for each extra end.
        hands: of team 0 and team 1, in the order in which they are listed; None for an exact one
            (`identical`), and for a type that is unknown.
        simulator: its type.
        seconds_per_frame: its step; 0.0 if it tells none.
        unknown_hands: types of the hands that are unknown.
    """

    ends: int
    five_rock: bool
    sheet_width: float
    thinking_seconds: tuple[float, float]
    extra_thinking_seconds: tuple[float, float]
    hands: tuple[tuple[Hand | None, ...], tuple[Hand | None, ...]]
    simulator: str = "fcv1"
    seconds_per_frame: float = 0.001
    unknown_hands: tuple[str, ...] = ()


class Update(NamedTuple):
    """What a server says before the first shot and after every one."""

    wire: WireState
    moved: bool
    """Whether a move came before."""
    executed: Shot | None = None
    """What left the hand in that move; None without one and for a concession."""
    foul: bool = False
    """Whether that shot broke the free guard zone rule."""


def parse_setting(message: object) -> tuple[int, GameSetting]:
    """Read an `is_ready` message: the team that the reader plays, and the setting.

    Raises:
        ValueError: one line that names the field, its value and what was expected.
    """
    fields = mapping(message, "is_ready")
    team = TEAM_NAMES.index(chosen(member(fields, "team", "is_ready"), "is_ready.team", TEAM_NAMES))
    game = mapping(member(fields, "game", "is_ready"), "game")
    chosen(member(game, "rule", "game"), "game.rule", ("normal",))
    setting = mapping(member(game, "setting", "game"), "setting")
    simulator = mapping(member(game, "simulator", "game"), "simulator")
    players = mapping(member(game, "players", "game"), "players")
    hands, unknown = zip(*(_parse_hands(players, team) for team in TEAM_NAMES), strict=True)
    return team, GameSetting(
        ends=whole(member(setting, "max_end", "setting"), "setting.max_end", 1, LAST_END),
        five_rock=_truth(member(setting, "five_rock_rule", "setting"), "setting.five_rock_rule"),
        sheet_width=_positive(setting, "sheet_width", "setting"),
        thinking_seconds=_seconds(setting, "thinking_time"),
        extra_thinking_seconds=_seconds(setting, "extra_end_thinking_time"),
        hands=hands,
        simulator=str(member(simulator, "type", "simulator"))[:60],
        seconds_per_frame=finite(simulator.get("seconds_per_frame", 0.0), "simulator.seconds_per_frame"),
        unknown_hands=(*unknown[0], *unknown[1]),
    )


def format_setting(team: int, setting: GameSetting) -> dict[str, Any]:
    """Write an `is_ready` message for a team, ready for JSON."""
    thinking = (setting.thinking_seconds, setting.extra_thinking_seconds)
    regular, extra = (dict(zip(TEAM_NAMES, map(_milliseconds, pair), strict=True)) for pair in thinking)
    return {
        "cmd": "is_ready",
        "team": TEAM_NAMES[team],
        "game": {
            "rule": "normal",
            "setting": {
                "max_end": setting.ends,
                "five_rock_rule": setting.five_rock,
                "sheet_width": setting.sheet_width,
                "thinking_time": regular,
                "extra_end_thinking_time": extra,
            },
            "simulator": {"type": setting.simulator, "seconds_per_frame": setting.seconds_per_frame},
            "players": {
                name: [_format_hand(hand) for hand in hands]
                for name, hands in zip(TEAM_NAMES, setting.hands, strict=True)
            },
        },
    }


def parse_update(message: object, release_spin: float = FCV1_RELEASE_SPIN) -> Update:
    """Read an `update` message.

    Args:
        message: decoded JSON.
        release_spin: rad/s that a delivered stone has on the ice in use, unsigned.

    Raises:
        ValueError: one line that names the field, its value and what was expected.
    """
    fields = mapping(message, "update")
    wire = parse_state(member(fields, "state", "update"))
    thrower = None if wire.state.over else TEAM_NAMES[wire.state.thrower]
    if (named := member(fields, "next_team", "update")) != thrower:
        expected = "null after the game" if thrower is None else f"{thrower} by hammer and shot"
        raise ValueError(f"update.next_team: {shown(named)}, expected {expected}")
    last = fields.get("last_move")
    if last is None:
        return Update(wire, False)
    last = mapping(last, "last_move")
    foul = _truth(last.get("free_guard_zone_foul", False), "last_move.free_guard_zone_foul")
    actual = member(last, "actual_move", "last_move")
    return Update(wire, True, parse_move(actual, "last_move.actual_move", release_spin), foul)


def format_update(update: Update) -> dict[str, Any]:
    """Write an `update` message, ready for JSON."""
    state = update.wire.state
    last = None
    if update.moved:
        last = {"actual_move": format_move(update.executed), "free_guard_zone_foul": update.foul}
    return {
        "cmd": "update",
        "next_team": None if state.over else TEAM_NAMES[state.thrower],
        "state": format_state(update.wire),
        "last_move": last,
    }


def format_move(shot: Shot | None) -> dict[str, Any]:
    """Write a move, ready for JSON: a shot, or a concession for None."""
    if shot is None:
        return {"type": "concede"}
    velocity = {"x": float(shot.velocity_x), "y": float(shot.velocity_y)}
    return {"type": "shot", "velocity": velocity, "rotation": "cw" if shot.spin < 0 else "ccw"}


def parse_order(message: object) -> tuple[int, ...]:
    """Read a `ready_ok` message: in which order the hands throw.

    Raises:
        ValueError: it does not name every hand once.
    """
    fields = mapping(message, "ready_ok")
    name = "ready_ok.player_order"
    order = listed(member(fields, "player_order", "ready_ok"), name, HANDS, HANDS)
    places = tuple(whole(place, f"{name}[{n}]", 0, HANDS - 1) for n, place in enumerate(order))
    if len(set(places)) < HANDS:
        raise ValueError(f"{name}: {list(places)}, expected every one of 0 to {HANDS - 1} once")
    return places


def _parse_hands(players: Mapping[str, Any], team: str) -> tuple[tuple[Hand | None, ...], tuple[str, ...]]:
    """The hands of a team, and the types among them that are unknown."""
    name = f"players.{team}"
    hands, unknown = [], []
    for place, entry in enumerate(listed(member(players, team, "players"), name, 1, HANDS)):
        label = f"{name}[{place}]"
        fields = mapping(entry, label)
        kind = member(fields, "type", label)
        if kind != "normal_dist":
            unknown += [] if kind == "identical" else [str(kind)[:60]]
            hands.append(None)
            continue
        deviations = [finite(member(fields, key, label), f"{label}.{key}") for key in DEVIATIONS]
        if min(deviations) < 0:
            raise ValueError(f"{label}: deviations {deviations}, expected none below 0")
        hands.append(Hand(_positive(fields, "max_speed", label), *deviations))
    return tuple(hands), tuple(unknown)


def _format_hand(hand: Hand | None) -> dict[str, Any]:
    if hand is None:
        return {"type": "identical"}
    deviations = dict(zip(DEVIATIONS, hand[1:], strict=True))
    return {"type": "normal_dist", "max_speed": hand.max_speed, **deviations, "seed": None}


def _seconds(setting: Mapping[str, Any], key: str) -> tuple[float, float]:
    """Seconds of both teams, told in milliseconds."""
    times = mapping(member(setting, key, "setting"), f"setting.{key}")
    first, second = (_positive(times, team, f"setting.{key}") / MILLISECONDS for team in TEAM_NAMES)
    return first, second


def _milliseconds(seconds: float) -> int:
    return round(seconds * MILLISECONDS)


def _positive(fields: Mapping[str, Any], key: str, name: str) -> float:
    value = finite(member(fields, key, name), f"{name}.{key}")
    if value <= 0:
        raise ValueError(f"{name}.{key}: {value:g}, expected a number above 0")
    return value


def _truth(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name}: {shown(value)}, expected true or false")
    return value
