"""A program at the other end of a line that plays a game on our engine."""

from collections.abc import Sequence
from typing import Any

from agents.servers.lines import Broken, Lines
from agents.servers.names import clean_name
from envs.curling.physics.delivery import Shot
from envs.curling.wire.digital_curling import parse_move
from envs.curling.wire.session_messages import PROTOCOL, GameSetting, format_setting, parse_order
from envs.curling.wire.wire_values import chosen, mapping, member

GREETING_SECONDS = 10.0  # in which a guest must say its name
READY_SECONDS = 120.0  # in which it must be ready for the settings, for which it may have to load a network


class Guest:
    """A program that was greeted and knows the settings.

    Args:
        lines: to the program.
        name: what it calls itself, made fit to be shown.
    """

    def __init__(self, lines: Lines, name: str) -> None:
        self.lines, self.name = lines, name

    def move(self, seconds: float, release_spin: float, quiet: Sequence[Lines]) -> Shot | None:
        """The shot it intends; None concedes.

        Args:
            seconds: that it has.
            release_spin: rad/s that a delivered stone has on the ice in use, unsigned.
            quiet: of others, who must say nothing meanwhile.

        Raises:
            Broken: it goes away, keeps silent, or says what is no move.
            Interrupted: another one spoke, or is gone.
        """
        message = self.lines.receive(seconds, quiet)
        try:
            fields = _command(message, "move")
            return parse_move(member(fields, "move", "message"), release_spin=release_spin)
        except ValueError as error:
            raise Broken(f"sent a wrong move ({error})") from error


def greet(lines: Lines, team: int, setting: GameSetting, *, game_id: str, date_time: str) -> Guest:
    """Greets a program and tells it the settings.

    Args:
        lines: to the program.
        team: that it will play.
        setting: of the game.
        game_id: a text that no other game has.
        date_time: now, ISO 8601.

    Raises:
        Broken: it does not answer as it should.
    """
    version = dict(zip(("major", "minor"), PROTOCOL, strict=True))
    try:
        lines.send({"cmd": "dc", "version": version, "game_id": game_id, "date_time": date_time})
        hello = _command(lines.receive(GREETING_SECONDS), "dc_ok")
        name = clean_name(member(hello, "name", "dc_ok"))
        lines.send(format_setting(team, setting))
        parse_order(_command(lines.receive(READY_SECONDS), "ready_ok"))
    except ValueError as error:
        raise Broken(f"sent a wrong message ({error})") from error
    return Guest(lines, name)


def _command(message: object, expected: str) -> Any:
    """The fields of a message that must be of one command.

    Raises:
        ValueError: it is of another.
    """
    fields = mapping(message, "message")
    chosen(member(fields, "cmd", "message"), "cmd", (expected,))
    return fields
