"""Thousands of messages that are a little wrong: each is taken or refused in one line, on both sides."""

import copy
import json
import random

import pytest

from agents.servers.client_session import ClientSession
from agents.servers.conditions import world_of
from agents.servers.lines import Broken, decoded
from envs.curling.physics.delivery import Shot
from envs.curling.wire.digital_curling import parse_move
from envs.curling.wire.session_messages import parse_order, parse_setting, parse_update

JUNK = (
    None,
    True,
    -1,
    0,
    3,
    255,
    1e308,
    -1e-308,
    10**400,
    "",
    "team1",
    "\ud800\x1b[31m",
    [],
    [None] * 8,
    {},
    {"x": 1},
)
READERS = (parse_setting, parse_update, parse_order, parse_move)


def places(value, path=()):
    """Every place in a message."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from places(below, (*path, key))


def spoilt(message, draw):
    """A copy with junk in one place, or without it."""
    copied = copy.deepcopy(message)
    *path, last = draw.choice([place for place in places(copied) if place])
    holder = copied
    for key in path:
        holder = holder[key]
    if draw.random() < 0.2:
        del holder[last]
    else:
        holder[last] = draw.choice(JUNK)
    return copied


class Still:
    """Throws the same draw always."""

    def shot(self, state, turn, seconds_left):
        return Shot(0.13, 2.4, 1.57)


def session_after(messages):
    session = ClientSession("a", lambda t, s: (world_of(s, t)[0], Still()), opponent_seconds=1.0)
    for message in messages:
        session.answer(message)
    return session


def twin(session):
    """A session in the same state, which goes its own way."""
    other = copy.copy(session)
    other.turns, other.shots = list(session.turns), list(session.shots)
    other.agreement = None if not hasattr(session, "agreement") else copy.copy(session.agreement)
    other._answers = {command: getattr(other, step.__name__) for command, step in session._answers.items()}
    return other


@pytest.mark.parametrize("count", [2_000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_spoilt_messages_of_the_server_are_taken_or_refused_in_one_line(official, count):
    draw, refused = random.Random(4), 0
    messages = [message for who, message in official if who == "server"][:20]
    for place in range(len(messages)):
        ready = session_after(messages[:place])
        for _ in range(count // len(messages)):
            session = twin(ready)
            try:
                answer = session.answer(spoilt(messages[place], draw))
            except ValueError as error:
                assert "\n" not in str(error) and str(error).isprintable() and len(str(error)) < 300
                refused += 1
            else:
                json.dumps(answer, allow_nan=False)
    assert refused > count / 3


def test_spoilt_messages_of_a_program_are_read_or_refused_in_one_line(official):
    draw = random.Random(5)
    messages = [message for who, message in official if who == "client"]
    for _ in range(1_000):
        message = spoilt(draw.choice(messages), draw)
        for reader in READERS:
            try:
                reader(message.get("move", message))
            except ValueError as error:
                assert "\n" not in str(error) and str(error).isprintable() and len(str(error)) < 300


def test_random_bytes_are_no_message():
    draw = random.Random(6)
    for _ in range(2_000):
        line = draw.randbytes(draw.randrange(40))
        try:
            assert isinstance(decoded(line), dict)
        except Broken as error:
            assert "\n" not in str(error) and len(str(error)) < 300
