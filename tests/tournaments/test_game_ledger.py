"""The finished games of a tournament stay whole, also where the system is stricter than this one."""

import os

import pytest

from agents.curling.games.game_ledger import GAMES_NAME, GameLedger
from agents.curling.games.game_records import GameRecord, GameSpec, parse_record
from agents.runs.errors import StorageError

SPECS = {number: GameSpec(seed=number + 7, hammer=number % 2, number=number) for number in range(3)}


def game(number):
    return GameRecord(number, SPECS[number].seed, SPECS[number].hammer, (), ((1, 0),), 0, "score")


@pytest.fixture
def ledger(tmp_path):
    """Games 2 and 0, in this order."""
    ledger = GameLedger(tmp_path, SPECS, lambda spec: {}, pytest.fail)
    for number in (2, 0):
        ledger.append(game(number))
    yield ledger
    ledger.close()


def numbers(folder):
    return [parse_record(line)[0].number for line in (folder / GAMES_NAME).read_bytes().splitlines()]


def test_games_are_sorted_where_no_open_file_can_be_replaced(ledger, tmp_path, monkeypatch):
    replace = os.replace

    def strict(source, target):
        if not ledger._handle.closed:
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", strict)
    ledger.sort()
    ledger.append(game(1))
    assert numbers(tmp_path) == [0, 2, 1]


def test_where_sorting_fails_the_ledger_goes_on_as_it_was(ledger, tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(StorageError, match="No space left"):
            ledger.sort()
    ledger.append(game(1))
    assert numbers(tmp_path) == [2, 0, 1]
