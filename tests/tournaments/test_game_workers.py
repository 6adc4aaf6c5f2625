"""Processes that play games fail as games in one process do, and hear no Ctrl-C."""

import multiprocessing
import os
import signal
from functools import partial

import pytest

from agents.curling.games.event import Event
from agents.curling.games.game_workers import GameWorkers
from agents.curling.player_tokens import check_token
from agents.runs.errors import CorruptFileError
from agents.runs.workers import Workers
from agents.tournament import Schedule


def interrupt_children():
    """What a Ctrl-C at the terminal does to the processes, where they can be made deaf to it."""
    if hasattr(signal, "pthread_sigmask"):
        for process in multiprocessing.active_children():
            os.kill(process.pid, signal.SIGINT)


def test_a_damaged_network_is_called_so_by_whichever_process_reads_it_even_if_interrupted(tmp_path):
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(b"no network")
    event = Event(Schedule(("drawer", str(path)), 2), 1, False, "fcv1", "dc3", seed=1, simulations=1)
    with pytest.raises(CorruptFileError) as alone:
        event.hall("cpu")
    players = [check_token(player) for player in event.schedule.names]
    workers = GameWorkers(event, players, "cpu", partial(Workers, count=1))
    interrupt_children()
    try:
        with pytest.raises(CorruptFileError, match="damaged") as apart:
            while True:
                workers.step()
    finally:
        workers.close()
    assert str(apart.value) == str(alone.value)
