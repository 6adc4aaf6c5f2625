"""Processes that play games fail as games in one process do."""

import pytest

from agents.curling.games.event import Event
from agents.curling.games.game_workers import GameWorkers
from agents.runs.errors import CorruptFileError
from agents.tournament import Schedule


def test_a_damaged_network_is_called_so_by_whichever_process_reads_it(tmp_path):
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(b"no network")
    event = Event(Schedule(("drawer", str(path)), 2), 1, False, "fcv1", "dc3", seed=1, simulations=1)
    with pytest.raises(CorruptFileError) as alone:
        event.hall("cpu")
    workers = GameWorkers(event, "cpu", 1)
    try:
        with pytest.raises(CorruptFileError, match="damaged") as apart:
            while True:
                workers.step()
    finally:
        workers.close()
    assert str(apart.value) == str(alone.value)
