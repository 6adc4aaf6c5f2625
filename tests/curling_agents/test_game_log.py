"""The log of self-play's games holds those of the run, whole, whatever killed it."""

import os

import pytest

from agents.curling.games.game_log import GameLog
from agents.curling.games.game_records import GameRecord, parse_record
from agents.runs.errors import ConfigError

GAMES = [GameRecord(number, 1, number % 2, (), ((1, 0),), 0, "score") for number in range(4)]


def opened(path, games, *, seed=1, interval=4):
    return GameLog(path, games, seed=seed, interval=interval)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "games.jsonl"
    with opened(path, 0) as log:
        log.append(GAMES, "a")
    return path


def test_a_log_drops_what_a_killed_run_wrote_too_much(log):
    whole = log.read_bytes()
    with opened(log, 2) as again:
        again.append(GAMES[2:], "a")
    assert log.read_bytes() == whole
    assert [parse_record(line)[0] for line in whole.splitlines()] == GAMES


def test_a_torn_game_is_none(log):
    whole = log.read_bytes()
    log.write_bytes(whole[:-1])
    with pytest.raises(ConfigError, match="got 3 games"):
        opened(log, 4)
    with opened(log, 3) as again:
        again.append(GAMES[3:], "a")
    assert log.read_bytes() == whole


def test_the_log_of_another_run_is_refused_and_left_as_it_is(log):
    log.write_bytes(b"not a game")
    for games, message in ((0, "has games already"), (5, "got 0 games")):
        with pytest.raises(ConfigError, match=message):
            opened(log, games)
    assert log.read_bytes() == b"not a game"


def test_a_folder_is_no_log(tmp_path):
    with pytest.raises(ConfigError, match="which is a folder, expected a file"):
        opened(tmp_path, 0)


@pytest.mark.parametrize("end", [None, -1, -30, 20])
def test_a_run_that_was_killed_before_its_first_checkpoint_begins_its_log_again(log, end):
    whole = log.read_bytes()
    log.write_bytes(whole[:end])
    with opened(log, 0) as again:
        again.append(GAMES, "a")
    assert log.read_bytes() == whole


@pytest.mark.parametrize(
    ("seed", "interval"), [(2, 4), (1, 3)], ids=["another seed", "more than an interval"]
)
def test_a_run_that_begins_drops_no_games_that_may_be_of_another(log, seed, interval):
    whole = log.read_bytes()
    with pytest.raises(ConfigError, match="has games already"):
        opened(log, 0, seed=seed, interval=interval)
    assert log.read_bytes() == whole


def test_games_are_on_the_disk_before_they_count(log, monkeypatch):
    synced, fsync = [], os.fsync

    def watched(descriptor):
        fsync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", watched)
    with opened(log, 2) as again:
        again.append(GAMES[2:], "a")
        assert synced == [log.stat().st_size]
