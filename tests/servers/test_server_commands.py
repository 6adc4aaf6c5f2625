"""`run.py serve` and `run.py connect` as a user starts them: together, with other programs, stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import run
from agents.commands import connect, serve
from agents.curling.games.game_records import parse_record, replayed
from agents.servers.lobby import LOOPBACK, Lobby
from envs.curling.conditions import build_world
from envs.curling.rules.rule_set import RuleSet
from tests.servers.programs import PATIENCE, Program

ROOT = Path(__file__).parents[2]
MINIMAL = Path(__file__).parent / "minimal_client.py"
STOPPING = pytest.mark.skipif(sys.platform == "win32", reason="a process on Windows hears no SIGINT")


@pytest.fixture
def port():
    """A port that was free a moment ago."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        return taken.getsockname()[1]


def serving(port, out, *words):
    """Starts `run.py serve` in a thread; returns what waits for its exit code."""
    codes = []
    words = ["serve", *words, "--port", str(port), "--out", str(out)]
    thread = threading.Thread(target=lambda: codes.append(run.main(words)), daemon=True)
    thread.start()

    def code():
        thread.join(4 * PATIENCE)
        return codes[0] if codes else "it hangs"

    return code


def games_of(folder):
    """The records and labels of a folder."""
    return [parse_record(line) for line in (folder / "games.jsonl").read_bytes().splitlines()]


def test_our_server_and_our_client_keep_the_same_games_and_both_hammers(port, tmp_path, capsys):
    server = serving(port, tmp_path / "served", "drawer", "external", "--ends", "1", "--games", "2")
    words = ["--player", "rules", "--name", "g[/red]", "--games", "2", "--out", str(tmp_path / "played")]
    assert run.main(["connect", "--port", str(port), *words]) == 0
    assert server() == 0
    served, played = games_of(tmp_path / "served"), games_of(tmp_path / "played")
    assert [labels["players"] for _, labels in served] == [["drawer", "external"], ["external", "drawer"]]
    assert [labels["players"] for _, labels in played] == [["drawer", "g[/red]"], ["g[/red]", "drawer"]]
    world = build_world("fcv1", "dc3", RuleSet(ends=1))
    for number, ((ours, _), (theirs, _)) in enumerate(zip(served, played, strict=True)):
        assert replayed(world, ours) == ours and replayed(world, theirs) == theirs
        assert (ours.number, theirs.number) == (number, number)
        assert [turn.executed for turn in ours.turns] == [turn.executed for turn in theirs.turns]
        assert (ours.scores, ours.winner, ours.hammer) == (theirs.scores, theirs.winner, theirs.hammer)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err and f"games: {tmp_path / 'played'}" in shown.out


def test_a_client_written_from_the_description_alone_plays_both_teams(port, tmp_path, capsys):
    server = serving(port, tmp_path / "games", "external", "rules", "--ends", "1", "--games", "2")
    command = [sys.executable, str(MINIMAL), str(port), "2"]
    end = time.monotonic() + PATIENCE
    while "waiting for program 1" not in capsys.readouterr().out and time.monotonic() < end:
        time.sleep(0.05)
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    assert server() == 0
    results = [
        ("won" if record.winner == seat else "lost")
        for seat, (record, _) in enumerate(games_of(tmp_path / "games"))
    ]
    assert done.stdout.split() == results
    assert all(record.reason == "score" and record.note == "" for record, _ in games_of(tmp_path / "games"))


def test_two_programs_meet_at_neighbouring_ports(port, tmp_path, capsys):
    server = serving(port, tmp_path / "games", "external", "external", "--ends", "1", "--games", "1")
    other = threading.Thread(
        target=run.main,
        args=(["connect", "--player", "drawer", "--port", str(port + 1), "--out", str(tmp_path / "second")],),
    )
    other.start()
    words = ["--player", "drawer", "--name", "first", "--port", str(port), "--out", str(tmp_path / "first")]
    assert run.main(["connect", *words]) == 0
    other.join(PATIENCE)
    assert server() == 0
    ((record, labels),) = games_of(tmp_path / "games")
    assert labels["players"] == ["external 1", "external 2"] and labels["names"] == ["first", "drawer"]
    first, second = (games_of(tmp_path / name)[0][0] for name in ("first", "second"))
    assert [turn.executed for turn in record.turns] == [turn.executed for turn in first.turns]
    assert record.reason == "score" and len(record.turns) >= 16
    assert record.winner == first.winner == second.winner
    mine = [turn.intended for turn in record.turns][0::2]
    assert mine == [turn.intended for turn in first.turns][0::2]
    assert all(turn.intended == turn.executed for turn in first.turns[1::2])


@pytest.mark.parametrize("reason", ["forfeit", "concede"])
@pytest.mark.parametrize("games", [1, 2])
def test_our_client_knows_that_it_has_won_in_the_middle_of_an_end(reason, games, port, tmp_path, capsys):
    words = ("external", "external", "--ends", "1", "--games", str(games))
    server = serving(port, tmp_path / "served", *words)

    def gives_up():
        for _ in range(games):
            program = Program(port + 1, PATIENCE)
            program.play(turns=3)
            move = {"type": "concede"} if reason == "concede" else {"type": "wish"}
            program.say({"cmd": "move", "move": move})
            while program.hear()["cmd"] != "game_over":
                pass
            program.close()

    other = threading.Thread(target=gives_up, daemon=True)
    other.start()
    words = ["--player", "drawer", "--port", str(port), "--games", str(games), "--out", str(tmp_path / "won")]
    assert run.main(["connect", *words]) == 0
    other.join(PATIENCE)
    assert server() == 0
    for number, (record, _) in enumerate(games_of(tmp_path / "won")):
        assert (record.reason, record.winner) == (reason, number)
        assert len(record.turns) == 7 - number * 1 + (reason == "concede")
        assert replayed(build_world("fcv1", "dc3", RuleSet(ends=1)), record) == record


def test_nobody_listens_beyond_this_machine_unless_asked():
    assert (serve.Config(("external", "rules")).host, connect.Config().host) == (LOOPBACK, LOOPBACK)
    with Lobby(serve.Config(("external", "rules")).host, [0, 0]) as lobby:
        assert {host for host, _ in lobby.addresses} == {"127.0.0.1"}
        table = Path("/proc/net/tcp")
        if table.exists():
            rows = [line.split() for line in table.read_text().splitlines()[1:]]
            for _, port in lobby.addresses:
                local = [row[1] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"]
                assert local == [f"0100007F:{port:04X}"]


def test_a_taken_port_is_told_in_one_line(port, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server((LOOPBACK, port)):
        assert run.main(["serve", "external", "drawer", "--port", str(port)]) == 6
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == f"run.py: {LOOPBACK}:{port}: Address already in use, expected an address to listen at"
    assert list(tmp_path.iterdir()) == []


def test_a_server_to_which_nobody_comes_ends_with_one_line(port, tmp_path, capsys):
    words = ["external", "drawer", "--port", str(port), "--wait-seconds", "0.3", "--out", str(tmp_path / "g")]
    assert run.main(["serve", *words]) == 6
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(
        f"run.py: {LOOPBACK}:{port}: nobody within 0.3 s, expected a program that plays; 0 of 2"
    )


@pytest.mark.parametrize("words", [["drawer", "rules"], ["external"], ["external", "nobody"]])
def test_wrong_players_are_a_usage_error(words, capsys):
    assert run.main(["serve", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@STOPPING
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_the_server_and_what_was_played_is_kept(port, number, tmp_path):
    words = ["serve", "external", "drawer", "--port", str(port), "--ends", "1", "--out", str(tmp_path / "g")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    server = subprocess.Popen([sys.executable, str(ROOT / "run.py"), *words], **pipes)
    try:
        while "waiting" not in server.stdout.readline():
            assert server.poll() is None
        subprocess.run(
            [sys.executable, str(MINIMAL), str(port)], check=True, timeout=PATIENCE, capture_output=True
        )
        server.send_signal(number)
        _, errors = server.communicate(timeout=PATIENCE)
    finally:
        server.kill()
    assert server.returncode == 128 + number
    assert (
        re.search(r"run\.py: stopped; 1 of 2 games are kept in .*g\n$", errors) and "Traceback" not in errors
    )
    assert len(games_of(tmp_path / "g")) == 1
