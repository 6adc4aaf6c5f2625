"""The log of self-play's games holds those of the run, whole, whatever killed it."""

import pytest

from agents.curling.games.game_log import GameLog
from agents.curling.games.game_records import GameRecord, parse_record
from agents.runs.errors import ConfigError

GAMES = [GameRecord(number, 1, number % 2, (), ((1, 0),), 0, "score") for number in range(4)]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "games.jsonl"
    with GameLog(path, 0) as log:
        log.append(GAMES, "a")
    return path


def test_a_log_drops_what_a_killed_run_wrote_too_much(log):
    whole = log.read_bytes()
    with GameLog(log, 2) as again:
        again.append(GAMES[2:], "a")
    assert log.read_bytes() == whole
    assert [parse_record(line)[0] for line in whole.splitlines()] == GAMES


def test_a_torn_game_is_none(log):
    whole = log.read_bytes()
    log.write_bytes(whole[:-1])
    with pytest.raises(ConfigError, match="got 3 games"):
        GameLog(log, 4)
    with GameLog(log, 3) as again:
        again.append(GAMES[3:], "a")
    assert log.read_bytes() == whole


def test_the_log_of_another_run_is_refused_and_left_as_it_is(log):
    log.write_bytes(b"not a game")
    for games, message in ((0, "has games already"), (5, "got 0 games")):
        with pytest.raises(ConfigError, match=message):
            GameLog(log, games)
    assert log.read_bytes() == b"not a game"


def test_a_folder_is_no_log(tmp_path):
    with pytest.raises(ConfigError, match="which is a folder, expected a file"):
        GameLog(tmp_path, 0)
