"""The settings of a Digital Curling 3 game and the world we play it in, both ways."""

from collections.abc import Sequence
from dataclasses import replace

from envs.curling.conditions import build_world
from envs.curling.physics.ice import Ice, get_ice
from envs.curling.physics.noise import Noise, NoNoise, PolarNoise
from envs.curling.rules.rule_set import LAST_END, RuleSet
from envs.curling.wire.session_messages import HANDS, GameSetting, Hand
from envs.curling.world import World

ICE = "fcv1"  # that of the official server
PROTECTED_SHOTS = {True: 5, False: 4}  # of an end, with the five-rock rule and without
PLAYABLE = {
    "sheet_width": (3.0, 10.0),  # metres
    "max_speed": (2.6, 100.0),  # m/s; a draw to the tee needs 2.4
    "speed": (0.0, 1.0),  # m/s
    "angle": (0.0, 0.1),  # radians
}
"""Bounds within which our players can plan."""


def world_of(setting: GameSetting, team: int) -> tuple[World, list[str]]:
    """The world that comes nearest to a server's settings.

    Args:
        setting: what the server says.
        team: whose hands count, as a world has one kind.

    Returns:
        The world, and one line for everything that could not be taken over.

    Raises:
        ValueError: a number is beyond `PLAYABLE`.
    """
    _check_playable(setting, setting.hands[team])
    ice, notes = get_ice(ICE), []
    if setting.simulator != ICE:
        notes.append(f"simulator: {setting.simulator!r} is unknown, we plan for {ICE}")
    if setting.sheet_width != ice.sheet.width:
        ice = replace(ice, sheet=replace(ice.sheet, width=setting.sheet_width))
    hands = setting.hands[team]
    if setting.unknown_hands:
        notes.append(f"players: the type {setting.unknown_hands[0]!r} is unknown, we plan for exact hands")
    if len({*setting.hands[0], *setting.hands[1]}) > 1:
        notes.append("players: their hands differ, we plan for all to throw as our first")
    ice, noise = _thrown_by(ice, hands[0], notes)
    protected = PROTECTED_SHOTS[setting.five_rock]
    rules = RuleSet(ends=setting.ends, end_limit=LAST_END, protected_shots=protected)
    return build_world(ice, noise, rules), notes


def setting_of(world: World, thinking_seconds: float, extra_thinking_seconds: float) -> GameSetting:
    """What a server says of games in a world; inverse of `world_of`.

    It tells the official step of the simulator, as programs may imagine shots with it; ours needs none.

    Raises:
        ValueError: Digital Curling 3 has no such world.
    """
    noise, rules = world.noise, world.rules
    if world.ice.name != ICE or not isinstance(noise, (NoNoise, PolarNoise)) or rules.game != "standard":
        raise ValueError(
            f"world: {world.ice.name} ice with {type(noise).__name__}, expected {ICE} with exact hands or dc3"
        )
    if rules.protected_shots not in PROTECTED_SHOTS.values() or rules.no_tick_shots:
        raise ValueError(
            f"rules: {rules.protected_shots} protected shots, expected 4 or 5 and no no-tick rule"
        )
    exact = isinstance(noise, NoNoise)
    hand = None if exact else Hand(noise.max_speed, noise.speed, noise.angle)
    return GameSetting(
        ends=rules.ends,
        five_rock=rules.protected_shots == PROTECTED_SHOTS[True],
        sheet_width=world.ice.sheet.width,
        thinking_seconds=(thinking_seconds,) * 2,
        extra_thinking_seconds=(extra_thinking_seconds,) * 2,
        hands=((hand,) * HANDS,) * 2,
    )


def _check_playable(setting: GameSetting, hands: Sequence[Hand | None]) -> None:
    values = {"sheet_width": setting.sheet_width, **(hands[0]._asdict() if hands[0] else {})}
    for name, value in values.items():
        low, high = PLAYABLE[name]
        if not low <= value <= high:
            raise ValueError(f"{name}: {value:g}, expected {low:g} to {high:g}")


def _thrown_by(ice: Ice, hand: Hand | None, notes: list[str]) -> tuple[Ice, Noise]:
    """The ice with the strongest delivery of a hand, and its noise."""
    if hand is None:
        return ice, NoNoise()
    fastest = min(hand.max_speed, ice.max_speed)
    if hand.max_speed > ice.max_speed:
        notes.append(f"players: they throw up to {hand.max_speed:g} m/s, we up to {ice.max_speed:g}")
    ice = replace(ice, max_speed=fastest)
    if hand.speed and hand.angle:
        return ice, PolarNoise(fastest, hand.speed, hand.angle)
    if hand.speed or hand.angle:
        notes.append("players: either speed or direction is exact, we plan for exact hands")
    return ice, NoNoise()
