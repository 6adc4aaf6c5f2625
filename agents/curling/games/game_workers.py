"""Games in lockstep in several processes, each with games of its own; results do not depend on how many.

Processes are started afresh, not forked, so that no thread or device is shared. They leave Ctrl-C to the
process that started them, from their first moment on, and end with it, however it ends.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from typing import Any

from agents.curling.games.event import Event
from agents.curling.games.game_records import GameRecord, GameSpec
from agents.runs.errors import HoglineError
from agents.runs.signals import deaf_children

WAIT_SECONDS = 0.2  # how long a step waits for a game to end
END_SECONDS = 2.0  # from the last word of a process to its end
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class WorkerEnded(HoglineError):
    """A process that played games is gone."""


class GameWorkers:
    """Processes that play; use it as `LockstepGames`, and close it.

    Args:
        event: whose games are played.
        device: where networks run.
        workers: processes, at least 1.
    """

    def __init__(self, event: Event, device: str, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        event = replace(event)  # without the world it may have built, which would not fit through the pipe
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(event, device, theirs), daemon=True)
            with deaf_children():
                process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        self._loads = [0] * workers
        self._finished: deque[GameRecord] = deque()
        self.thrown = 0
        """Stones thrown so far in all games together."""

    def __len__(self) -> int:
        """How many games are in progress."""
        return sum(self._loads) + len(self._finished)

    def start(self, spec: GameSpec) -> None:
        """Gives a game to the process that has the fewest."""
        worker = self._loads.index(min(self._loads))
        self._send(worker, ("start", spec))
        self._loads[worker] += 1

    def step(self) -> list[GameRecord]:
        """The games that ended since, after a short wait for one.

        Raises:
            HoglineError: a process could not make its players.
            WorkerEnded: a process is gone.
        """
        if not self._finished:
            for pipe in wait(self._pipes, WAIT_SECONDS):
                self._take(self._pipes.index(pipe))
        records = list(self._finished)
        self._finished.clear()
        return records

    def unfinished(self) -> list[GameRecord]:
        """The games in progress so far, with those that ended but were not handed out yet.

        Raises:
            HoglineError, WorkerEnded: as for `step`.
        """
        for worker in range(len(self._pipes)):
            self._send(worker, ("report", None))
        records: list[GameRecord] = []
        for worker in range(len(self._pipes)):
            while (told := self._take(worker)) is None:
                pass
            records += told
        return [*records, *self._finished]

    def close(self) -> None:
        """Ends the processes, which have nothing to lose."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()

    def _send(self, worker: int, message: tuple[str, Any]) -> None:
        try:
            self._pipes[worker].send(message)
        except OSError as error:
            raise self._ended(worker) from error

    def _take(self, worker: int) -> list[GameRecord] | None:
        """Receives one message; returns the games of a report."""
        try:
            kind, content = self._pipes[worker].recv()
        except (EOFError, OSError) as error:
            raise self._ended(worker) from error
        if kind == "failed":
            raise content
        if kind == "report":
            return content
        if kind == "thrown":
            self.thrown += content
            return None
        self._loads[worker] -= 1
        self._finished.append(content)
        return None

    def _ended(self, worker: int) -> WorkerEnded:
        process = self._processes[worker]
        process.join(END_SECONDS)
        return WorkerEnded(f"a process that played games ended with code {process.exitcode}")


def _work(event: Event, device: str, pipe: Connection) -> None:
    """What a process does: plays the games it is given, tells which ended, reports when asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    messages: SimpleQueue[tuple[str, GameSpec | None]] = SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, messages), daemon=True).start()
    try:
        hall = event.hall(device)
    except HoglineError as error:
        pipe.send(("failed", error))
        return
    while True:
        while not len(hall) or not messages.empty():
            _, spec = message = messages.get()
            if message[0] == "start":
                hall.start(spec)
            else:
                pipe.send(("report", hall.unfinished()))
        before = hall.thrown
        for record in hall.step():
            pipe.send(("finished", record))
        pipe.send(("thrown", hall.thrown - before))


def _listen(pipe: Connection, messages: SimpleQueue) -> None:
    """Passes messages on, so that the sender never waits; ends the process when the sender is gone."""
    try:
        while True:
            messages.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(0)
