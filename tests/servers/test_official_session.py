"""Both sides of the protocol beside a game that was recorded at the official server."""

import numpy as np
import pytest

from agents.servers.client_session import ClientSession
from agents.servers.conditions import setting_of, world_of
from envs.curling.physics.delivery import Shot
from envs.curling.wire.session_messages import format_setting, format_update, parse_setting, parse_update
from tests.servers.programs import DRAW, hosted

SEED_OF_AN_EXTRA_END = 4


class Drawer:
    """Always throws the same draw, and remembers the time it had."""

    def __init__(self):
        self.seconds = []

    def shot(self, state, turn, seconds_left):
        self.seconds.append(seconds_left)
        return Shot(0.131728, 2.399831, 1.5707963267948966)


@pytest.fixture
def replayed(official):
    """Our session after the official server's messages: (session, thinker, [(message, our answer)])."""
    thinker = Drawer()
    session = ClientSession(
        "left", lambda team, setting: (world_of(setting, team)[0], thinker), opponent_seconds=5.0
    )
    return session, thinker, [(m, session.answer(m)) for who, m in official if who == "server"]


def kinds(value):
    """The shape of a message: fields and types, all the way down."""
    if isinstance(value, dict):
        return {key: kinds(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [kinds(inner) for inner in value]
    return type(value).__name__


def fields(message):
    """Path -> types of every value; the entries of a list share a path."""
    found = {}

    def walk(value, path):
        found.setdefault(path, set()).add(type(value).__name__)
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}")
        elif isinstance(value, list):
            for inner in value:
                walk(inner, f"{path}[]")

    walk(message, message["cmd"])
    return found


def all_fields(messages):
    """The fields of many messages together."""
    found = {}
    for message in messages:
        for path, types in fields(message).items():
            found.setdefault(path, set()).update(types)
    return found


def test_our_client_answers_when_the_official_one_did_with_messages_of_the_same_shape(official, replayed):
    answers = iter([answer for _, answer in replayed[2] if answer is not None])
    for (who, message), (_, before) in zip(official[1:], official, strict=False):
        if who == "client":
            assert before["cmd"] in ("dc", "is_ready", "update") and kinds(next(answers)) == kinds(message)
    assert next(answers, None) is None


def test_our_client_moves_on_its_own_turn_only(replayed):
    updates = [(message, answer) for message, answer in replayed[2] if message["cmd"] == "update"]
    assert len(updates) == 49
    for message, answer in updates:
        assert (answer is not None) == (message["next_team"] == "team0")
    assert replayed[1].seconds[:2] == pytest.approx([600.0, 599.99996])
    assert replayed[1].seconds[-1] == 60.0


def test_our_client_keeps_the_official_game(official, replayed):
    session = replayed[0]
    record = session.record(3, 7)
    assert session.over and session.names == ("left", "right")
    assert (record.number, record.seed, record.hammer) == (3, 7, 1)
    assert (record.scores, record.winner, record.reason) == (((1, 0), (0, 1), (0, 1)), 1, "score")
    assert len(record.turns) == len(session.shots) == 48
    moves = [m["last_move"]["actual_move"] for _, m in official if m["cmd"] == "update" and m["last_move"]]
    for move, turn in zip(moves, record.turns, strict=True):
        assert turn.executed[:2] == (move["velocity"]["x"], move["velocity"]["y"])
        assert (turn.executed.spin > 0) == (move["rotation"] == "ccw")


def test_our_engine_follows_the_official_game_shot_by_shot(replayed):
    seen = replayed[0].agreement.compared()
    assert (seen.shots, len(seen.errors), seen.other_stones) == (45, 45, 0)
    assert np.median(seen.errors) < 4e-3 and max(seen.errors) < 4e-2


def test_messages_of_the_official_server_are_read_and_written_without_loss(official):
    for _, message in official:
        if message["cmd"] == "update":
            assert format_update(parse_update(message)) == message
        if message["cmd"] == "is_ready":
            assert format_setting(*parse_setting(message)) == message


def test_settings_come_back_from_the_world_they_make(official):
    team, setting = parse_setting(next(message for _, message in official if message["cmd"] == "is_ready"))
    world, notes = world_of(setting, team)
    assert notes == [] and (world.rules.ends, world.rules.protected_shots) == (2, 5)
    assert setting_of(world, 600.0, 60.0) == setting


def test_our_server_sends_the_fields_and_types_of_the_official_one(official):
    heard = []

    def program(peer):
        peer.play(lambda update: DRAW)
        heard.extend(peer.heard)

    record = hosted(program, team=0, ends=2, noise="dc3", seed=SEED_OF_AN_EXTRA_END)
    assert len(record.scores) == 3 and len(record.turns) == sum(m["cmd"] == "update" for m in heard) - 1
    theirs = [message for who, message in official if who == "server"]
    assert {message["cmd"] for message in heard} == {message["cmd"] for message in theirs}
    assert all_fields(heard) == all_fields(theirs)
