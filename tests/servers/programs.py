"""Programs at the other end of a line, written on plain sockets, and the games they are let into."""

import json
import socket
import threading
import time
from contextlib import contextmanager

from agents.curling.games.game_records import GameSpec
from agents.curling.games.referee import Referee
from agents.curling.players import make_player
from agents.servers.conditions import setting_of
from agents.servers.hosted_game import HostedGame
from agents.servers.lobby import LOOPBACK, Lobby
from envs.curling.conditions import build_world
from envs.curling.rules.rule_set import RuleSet

DRAW = {"type": "shot", "velocity": {"x": 0.131728, "y": 2.399831}, "rotation": "ccw"}
PATIENCE = 20.0  # seconds after which a test gives up


class Program:
    """A client that does what it is told.

    Args:
        port: of the server.
        seconds: to wait for it to be there.
    """

    def __init__(self, port, seconds=0.0):
        end = time.monotonic() + seconds
        while True:
            try:
                self.socket = socket.create_connection((LOOPBACK, port), PATIENCE)
                break
            except ConnectionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.file = self.socket.makefile("rb")
        self.heard = []

    def hear(self):
        """The next message; an error once the server is gone."""
        line = self.file.readline()
        if not line:
            raise EOFError
        self.heard.append(json.loads(line))
        return self.heard[-1]

    def say(self, message):
        self.shout(json.dumps(message).encode() + b"\n")

    def shout(self, raw):
        self.socket.sendall(raw)

    def enter(self, name="program"):
        """Says what is to be said before the game; returns the team."""
        assert self.hear()["cmd"] == "dc"
        self.say({"cmd": "dc_ok", "name": name})
        ready = self.hear()
        self.say({"cmd": "ready_ok", "player_order": [0, 1, 2, 3]})
        assert self.hear()["cmd"] == "new_game"
        return ready["team"]

    def play(self, move=lambda update: DRAW, turns=1_000):
        """Plays that many turns of its own, or to the end; returns the last message it heard."""
        team = self.enter()
        while True:
            message = self.hear()
            if message["cmd"] == "game_over":
                return message
            if message["next_team"] == team:
                if not turns:
                    return message
                turns -= 1
                self.say({"cmd": "move", "move": move(message)})

    def close(self):
        self.file.close()
        self.socket.close()


@contextmanager
def programs(*deeds):
    """While open, programs that each do their deed with a `Program`, in threads; yields what lets them in.

    Errors that a program meets because the server hung up are its own business.
    """
    threads, doors = [], []

    def begin(port, deed):
        def work():
            program = Program(port)
            try:
                deed(program)
            except (EOFError, OSError):
                pass
            finally:
                program.close()

        threads.append(threading.Thread(target=work, daemon=True))
        threads[-1].start()

    with Lobby(LOOPBACK, [0] * len(deeds)) as lobby:
        doors = [port for _, port in lobby.addresses]
        for port, deed in zip(doors, deeds, strict=True):
            begin(port, deed)
        yield lobby
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a program hangs"


def hosted(*deeds, team=1, ends=1, limit=255, thinking=10.0, extra=10.0, noise="none", seed=1):
    """One game of programs with these deeds, against the drawer if it is one; returns its record.

    `team` is that of the first program; `limit` is of the ends, extra ones included.
    """
    world = build_world("fcv1", noise, RuleSet(ends=ends, end_limit=limit))
    setting = setting_of(world, thinking, extra)
    with programs(*deeds) as lobby:
        guests = [
            lobby.guest(door, abs(door - team), setting, seconds=PATIENCE, refused=print)
            for door in range(len(deeds))
        ]
        others = [] if len(guests) == 2 else [Referee(make_player("drawer", world), world)]
        seats = [*guests, *others]
        if team == 1:
            seats.reverse()
        names = [getattr(seat, "name", "drawer") for seat in seats]
        record = HostedGame(world, setting, GameSpec(seed), seats, names).play()
        for guest in guests:
            guest.lines.close(linger=True)
    return record
