"""JSON objects over a socket, one a line: no line too long, no number that is none, no wait without end.

What goes wrong is told as what the other side did, so that `the server {error}` and `NAME forfeits because it
{error}` are sentences.
"""

import json
import math
import os
import select
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

CHUNK = 1 << 16  # bytes read at a time
SEND_SECONDS = 10.0  # in which the other side must take a message
LINGER_SECONDS = 2.0  # in which the other side may close first, so that it reads what it was sent last


class Broken(Exception):
    """The other side did something that ends the conversation; the text says what, in one line."""


class Silent(Broken):
    """The other side said nothing in time."""


class Interrupted(Exception):
    """Somebody who should have kept quiet did something; the text says what, in one line."""


class Lines:
    """One end of a conversation.

    Args:
        connection: a connected socket; it belongs to this object from now on.
        longest: bytes of a line that the other side may send.
    """

    def __init__(self, connection: socket.socket, longest: int) -> None:
        self._socket, self._longest = connection, longest
        self._received = bytearray()
        self._searched = 0  # bytes known to hold no line feed
        connection.settimeout(SEND_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends a message.

        Raises:
            Broken: the other side is gone or takes nothing.
            ValueError: a number is not finite.
        """
        try:
            self._socket.sendall(json.dumps(message, allow_nan=False).encode() + b"\n")
        except OSError as error:
            raise Broken("went away") from error

    def next(self) -> Any:
        """The next message of those that arrived whole, or None.

        Raises:
            Broken: it is no JSON object, or too long.
        """
        end = self._received.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._received)
        if (len(self._received) if end < 0 else end) > self._longest:
            raise Broken(f"sent a line of more than {self._longest} bytes")
        if end < 0:
            return None
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        self._searched = 0
        return decoded(line)

    def feed(self) -> None:
        """Takes in what has arrived, waiting until something has.

        Raises:
            Broken: the other side is gone.
        """
        try:
            chunk = self._socket.recv(CHUNK)
        except OSError as error:
            raise Broken("went away") from error
        if not chunk:
            raise Broken("closed the connection")
        self._received += chunk

    def receive(self, seconds: float, quiet: Sequence["Lines"] = ()) -> Any:
        """The next message.

        Args:
            seconds: to wait for it.
            quiet: to others that must say nothing meanwhile.

        Raises:
            Broken: the other side is gone, or what it said is no JSON object.
            Silent: it said nothing in time.
            Interrupted: one of the others spoke, or is gone.
        """
        end = time.monotonic() + seconds
        while (message := self.next()) is None:
            left = end - time.monotonic()
            heard = select.select([self, *quiet], [], [], left)[0] if left > 0 else []
            if any(other in heard for other in quiet):
                _interrupt(quiet)
            if not heard:
                raise Silent(f"said nothing for {seconds:.3g} s")
            self.feed()
        return message

    def check_quiet(self) -> None:
        """Nothing was said out of turn.

        Raises:
            Broken: something was, or the other side is gone.
        """
        if not self._received and select.select([self], [], [], 0)[0]:
            self.feed()
        if self._received:
            raise Broken("spoke out of turn")

    def close(self, *, linger: bool = False) -> None:
        """Ends the conversation; lingering lets the other side read to the end and close first."""
        if linger:
            self._linger()
        self._socket.close()

    def _linger(self) -> None:
        end = time.monotonic() + LINGER_SECONDS
        try:
            self._socket.shutdown(socket.SHUT_WR)
            while (left := end - time.monotonic()) > 0:
                if not select.select([self], [], [], left)[0] or not self._socket.recv(CHUNK):
                    return
        except OSError:
            return


def _interrupt(quiet: Sequence[Lines]) -> None:
    """Says what those did who should have kept quiet."""
    try:
        for other in quiet:
            other.check_quiet()
    except Broken as error:
        raise Interrupted(str(error)) from error


def reason(error: OSError | UnicodeError) -> str:
    """What a person calls an error of an address or a socket."""
    if isinstance(error, (UnicodeError, socket.gaierror)) or error.errno is None:
        return "no such host" if not isinstance(error, TimeoutError) else "no answer"
    return os.strerror(error.errno)


def decoded(line: bytes) -> dict[str, Any]:
    """The JSON object of a line.

    Raises:
        Broken: it is none.
    """
    try:
        message = json.loads(line.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Broken(f"sent no JSON ({_shown(line)})") from error
    if not isinstance(message, dict):
        raise Broken(f"sent {_shown(line)}, expected a JSON object")
    return message


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise ValueError(digits)
    return number


def _shown(line: bytes) -> str:
    text = repr(line[:60].decode("utf-8", errors="replace"))
    return f"{text}..." if len(line) > 60 else text
