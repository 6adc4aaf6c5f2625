"""Who a process is among those that torchrun starts, and what is said where it cannot be."""

import signal

import pytest

import run
from agents.runs import processes
from agents.runs.errors import ConfigError
from agents.runs.processes import ALONE, Team, deaf, joined, team_of


def environment(rank="1", count="4", place="0"):
    return {"RANK": rank, "WORLD_SIZE": count, "LOCAL_RANK": place, "HOME": "/"}


def test_a_process_reads_who_it_is_and_is_alone_where_nothing_says_so():
    assert team_of(environment()) == Team(1, 4, 0)
    assert team_of({"HOME": "/"}) == ALONE and ALONE.leads and not Team(1, 4).leads


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"rank": "one"}, "RANK: got 'one', expected a whole number, as torchrun sets it"),
        ({"place": ""}, "LOCAL_RANK: got '', expected a whole number, as torchrun sets it"),
        ({"count": "-1"}, "WORLD_SIZE: got '-1', expected a whole number, as torchrun sets it"),
        ({"rank": "4"}, "RANK: got 4, expected a number below WORLD_SIZE, 4"),
    ],
)
def test_numbers_that_are_none_are_refused(changes, line):
    with pytest.raises(ConfigError) as caught:
        team_of(environment(**changes))
    assert str(caught.value) == line


def test_processes_that_nobody_brought_together_are_told(monkeypatch):
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="expected to be started by torchrun"), joined(Team(0, 2), "cpu"):
        pass


def test_a_kind_that_trains_in_one_process_says_so(monkeypatch, tmp_path, capsys):
    for name, value in environment(rank="0", count="2").items():
        monkeypatch.setenv(name, value)
    out = tmp_path / "run"
    assert run.main(["train", "rig", "--device", "cpu", "--out", str(out)]) == 2
    line = "run.py: kind: got rig in 2 processes, expected one, or a kind of vision, kr_dl,"
    assert capsys.readouterr().err.startswith(line)
    assert not out.exists()


def test_a_process_that_follows_hears_no_stop_while_it_trains():
    before = signal.getsignal(signal.SIGINT)
    with deaf():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


def test_one_process_alone_says_and_opens_nothing(monkeypatch):
    monkeypatch.setattr(processes, "_broadcast", lambda word: pytest.fail("nobody is there"))
    with joined(ALONE, "cuda"):
        ALONE.tell("anything")
