"""Where programs come in: listening sockets, and the wait for a guest who answers a greeting properly."""

import select
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType

from agents.runs.errors import PeerError
from agents.servers.guest import Guest, greet
from agents.servers.lines import Broken, Lines, reason
from envs.curling.wire.session_messages import GameSetting

LOOPBACK = "127.0.0.1"
LONGEST_LINE = 1 << 16  # bytes that a guest may send at a time; a move has about 100
BACKLOG = 8  # programs that may wait at each port


class Lobby:
    """Ports that listen while it is open; use it in a `with` block.

    Args:
        host: name or address to listen at.
        ports: one for every guest; 0 takes a free one.

    Raises:
        PeerError: nobody can listen there.
    """

    def __init__(self, host: str, ports: Sequence[int]) -> None:
        self._doors: list[socket.socket] = []
        try:
            for port in ports:
                self._doors.append(_listening(host, port))
        except (OSError, UnicodeError) as error:
            self.close()
            raise PeerError(f"{host}:{port}: {reason(error)}, expected an address to listen at") from error

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of every door."""
        return [door.getsockname()[:2] for door in self._doors]

    def guest(
        self,
        door: int,
        team: int,
        setting: GameSetting,
        *,
        seconds: float,
        refused: Callable[[str], None],
    ) -> Guest:
        """Waits for a program; one that does not answer properly is turned away, and the wait goes on.

        Args:
            door: at which it comes in.
            team: that it will play.
            setting: of the game.
            seconds: to wait.
            refused: told in one line who was turned away and why.

        Raises:
            PeerError: nobody came in time.
        """
        end = time.monotonic() + seconds
        game_id, date_time = str(uuid.uuid4()), datetime.now(UTC).isoformat(timespec="seconds")
        while (left := end - time.monotonic()) > 0 and select.select([self._doors[door]], [], [], left)[0]:
            try:
                connection, address = self._doors[door].accept()
                lines = Lines(connection, LONGEST_LINE)
            except OSError:  # it went away before it was let in
                continue
            try:
                return greet(lines, team, setting, game_id=game_id, date_time=date_time)
            except Broken as error:
                lines.close()
                refused(f"{address[0]}:{address[1]} {error}")
        host, port = self.addresses[door]
        raise PeerError(f"{host}:{port}: nobody within {seconds:g} s, expected a program that plays")

    def close(self) -> None:
        """Stops listening."""
        for door in self._doors:
            door.close()

    def __enter__(self) -> "Lobby":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    door = socket.create_server((host, port), family=family, backlog=BACKLOG)
    door.setblocking(False)
    return door
