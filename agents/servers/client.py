"""Plays a game at a Digital Curling 3 server: the socket around `client_session.py`."""

import socket
import time
from collections.abc import Callable

from agents.runs.errors import PeerError
from agents.servers.client_session import ClientSession
from agents.servers.lines import Broken, Lines, reason

LONGEST_LINE = 1 << 23  # bytes; servers may add the trajectories of all stones to an update
RETRY_SECONDS = 0.2  # between two tries to reach a server that is not there yet
CONNECT_SECONDS = 10.0  # for one try


def reach(host: str, port: int, seconds: float) -> Lines:
    """Connects to a server, waiting for it to be there.

    Args:
        host, port: where it listens.
        seconds: to go on trying; at least one try is made.

    Raises:
        PeerError: nobody answers.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return Lines(socket.create_connection((host, port), CONNECT_SECONDS), LONGEST_LINE)
        except (OSError, UnicodeError) as error:
            if time.monotonic() + RETRY_SECONDS >= end or not isinstance(error, ConnectionError):
                raise PeerError(f"{host}:{port}: {reason(error)}, expected a server there") from error
        time.sleep(RETRY_SECONDS)


def converse(lines: Lines, session: ClientSession, heard: Callable[[str], None]) -> None:
    """Answers a server until the game is over, and closes the connection.

    Args:
        lines: to the server.
        session: what we say.
        heard: told the command of every message once it is answered.

    Raises:
        PeerError: the server goes away, keeps silent, or breaks the protocol.
    """
    try:
        while not session.over:
            message = lines.receive(session.patience)
            if (answer := session.answer(message)) is not None:
                lines.send(answer)
            heard(message["cmd"])
    except Broken as error:
        raise PeerError(f"the server {error}") from error
    except ValueError as error:
        raise PeerError(f"the server's message is wrong: {error}") from error
    finally:
        lines.close()
