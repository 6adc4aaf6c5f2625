"""`run.py connect` at servers that misbehave: one line, exit code 6, and what was played is kept."""

import json
import signal
import socket
import sys
import threading
import time

import pytest

import run
from agents.curling.games.game_records import parse_record
from agents.servers import client_session
from agents.servers.lobby import LOOPBACK
from tests.servers.programs import PATIENCE

STAGES = ("dc", "is_ready", "new_game", "update", "second update")


def at_server(official, tmp_path, stage, raw, *, then=lambda connection: None):
    """What `run.py connect` returns at a server that is official until `stage` and then sends this instead.

    `raw` None goes away instead.
    """
    messages = [message for who, message in official if who == "server"]
    good = messages[: STAGES.index(stage)]
    door = socket.create_server((LOOPBACK, 0))

    def serve():
        connection, _ = door.accept()
        with connection, connection.makefile("rb") as heard:
            for message in good:
                connection.sendall(json.dumps(message).encode() + b"\n")
                if message["cmd"] in ("dc", "is_ready", "update"):
                    heard.readline()
            if raw is not None:
                try:
                    connection.sendall(raw)
                    then(connection)
                    heard.readline()
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    words = ["--player", "drawer", "--port", str(door.getsockname()[1]), "--out", str(tmp_path / "games")]
    with door:
        code = run.main(["connect", *words])
        thread.join(PATIENCE)
    assert not thread.is_alive()
    return code


def message_of(official, stage, **changes):
    """The message of a stage as a line, with other fields."""
    messages = [message for who, message in official if who == "server"]
    return json.dumps({**messages[STAGES.index(stage)], **changes}).encode() + b"\n"


def complaint(capsys):
    """The one line of the error."""
    shown = capsys.readouterr()
    lines = [line for line in shown.err.splitlines() if not line.startswith("note: ")]
    assert "Traceback" not in shown.err and len(lines) == 1, shown.err
    return lines[0]


ANYWHERE = {
    "text": (b"welcome\n", "the server sent no JSON ('welcome')"),
    "a list": (b"[]\n", "the server sent '[]', expected a JSON object"),
    "an unknown command": (
        b'{"cmd":"dance"}\n',
        "the server's message is wrong: cmd: 'dance', expected one of",
    ),
    "nothing more": (None, "the server closed the connection"),
    "silence": (b"", "the server said nothing for 0.3 s"),
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", ANYWHERE)
def test_a_server_that_breaks_off_is_told_in_one_line(official, stage, name, tmp_path, monkeypatch, capsys):
    raw, reason = ANYWHERE[name]
    if name == "silence":
        make_impatient(monkeypatch)
    assert at_server(official, tmp_path, stage, raw) == 6
    line = complaint(capsys)
    assert line.startswith(f"run.py: {reason}") and "; 0 of 1 games are kept in " in line


def make_impatient(monkeypatch):
    """Makes a client wait no longer than 0.3 s for any message."""
    answer = client_session.ClientSession.answer

    def hurried(self, message):
        said = answer(self, message)
        self.patience = 0.3
        return said

    monkeypatch.setattr(client_session, "READY_SECONDS", 0.3)
    monkeypatch.setattr(client_session.ClientSession, "answer", hurried)


@pytest.mark.skipif(sys.platform == "win32", reason="threads on Windows cannot be signalled")
@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_ends_every_wait_and_keeps_what_was_played(official, stage, tmp_path, capsys):
    def interrupt(connection):
        time.sleep(0.3)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    assert at_server(official, tmp_path, stage, b"", then=interrupt) == 130
    assert complaint(capsys).startswith("run.py: stopped; 0 of 1 games are kept in ")


def state_of(official, **changes):
    first = next(message for who, message in official if message["cmd"] == "update")
    return {**first["state"], **changes}


def test_wrong_settings_are_refused_by_name(official, tmp_path, capsys):
    ready = next(message for _, message in official if message["cmd"] == "is_ready")["game"]
    for number, (part, changes, reason) in enumerate(
        [
            ("setting", {"max_end": 0}, "setting.max_end: 0, expected a whole number from 1 to 255"),
            ("setting", {"five_rock_rule": "yes"}, "setting.five_rock_rule: 'yes', expected true or false"),
            ("setting", {"sheet_width": 1e9}, "sheet_width: 1e+09, expected 3 to 10"),
            ("setting", {"sheet_width": -1.0}, "setting.sheet_width: -1, expected a number above 0"),
            ("players", {"team0": []}, "players.team0: [], expected a list of 1 to 4 entries"),
            ("players", {"team0": [{"type": "normal_dist"}]}, "players.team0[0].stddev_speed: missing"),
        ]
    ):
        game = {**ready, part: {**ready[part], **changes}}
        raw = message_of(official, "is_ready", game=game)
        assert at_server(official, tmp_path / str(number), "is_ready", raw) == 6
        assert complaint(capsys).startswith(f"run.py: the server's message is wrong: {reason}")


def test_wrong_updates_are_refused_by_name(official, tmp_path, capsys):
    far = {"angle": 0.0, "position": {"x": 1e300, "y": 38.0}}
    stones = {"team0": [None] * 8, "team1": [None] * 8}
    for number, (changes, reason) in enumerate(
        [
            ({"next_team": "team1"}, "update.next_team: 'team1', expected team0 by hammer and shot"),
            ({"state": state_of(official, shot=4)}, "state: end 0 and shot 4, expected one shot more"),
            ({"state": state_of(official, hammer=None)}, "state.hammer: None, expected one of team0, team1"),
            ({"state": None}, "state: None, expected an object"),
            (
                {"state": state_of(official, scores={"team0": [None], "team1": [None]})},
                "state.scores: 1 ends",
            ),
            (
                {"state": state_of(official, stones={**stones, "team0": [far, *[None] * 7]})},
                "state.stones.team0[0]: a stone, expected null before it was thrown",
            ),
        ]
    ):
        raw = message_of(official, "update", **changes)
        assert at_server(official, tmp_path / str(number), "update", raw) == 6
        assert complaint(capsys).startswith(f"run.py: the server's message is wrong: {reason}")


def test_a_game_that_breaks_off_is_kept_as_far_as_it_went(official, tmp_path, capsys):
    second = message_of(official, "second update")
    assert (
        at_server(
            official,
            tmp_path,
            "second update",
            second,
            then=lambda connection: connection.shutdown(socket.SHUT_RDWR),
        )
        == 6
    )
    (line,) = (tmp_path / "games" / "unfinished.jsonl").read_bytes().splitlines()
    record, labels = parse_record(line)
    assert (len(record.turns), record.reason, labels["players"]) == (1, None, ["left", "right"])
    (shot,) = map(json.loads, (tmp_path / "games" / "shots.jsonl").read_text().splitlines())
    assert shot["before"]["shot"] == 0 and shot["after"]["shot"] == 1
    assert (
        run.main(
            ["shots", "--input", str(tmp_path / "games" / "shots.jsonl"), "--output", str(tmp_path / "o")]
        )
        == 0
    )


def test_a_server_that_is_not_there_is_waited_for_and_then_told(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
    words = ["connect", "--player", "drawer", "--port", str(port), "--wait-seconds", "0.5"]
    assert run.main(words) == 6
    assert complaint(capsys) == f"run.py: {LOOPBACK}:{port}: Connection refused, expected a server there"
    assert run.main([*words, "--host", "no.such.host.invalid"]) == 6
    assert "no.such.host.invalid" in complaint(capsys)
    assert list(tmp_path.iterdir()) == []
