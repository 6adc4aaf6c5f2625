"""Games in lockstep in several processes, each with games of its own; results do not depend on how many."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from agents.curling.games.event import Event
from agents.curling.games.game_records import GameRecord, GameSpec
from agents.runs.workers import Workers

WAIT_SECONDS = 0.2  # how long a step waits for a game to end


class GameWorkers:
    """Processes that play; use it as `LockstepGames`, and close it.

    Args:
        event: whose games are played.
        device: where networks run.
        workers: processes, at least 1.
    """

    def __init__(self, event: Event, device: str, workers: int) -> None:
        event = replace(event)  # without the world it may have built, which would not fit through the pipe
        self._workers = Workers(_play, (event, device), workers)
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
        self._workers.send(worker, ("start", spec))
        self._loads[worker] += 1

    def step(self) -> list[GameRecord]:
        """The games that ended since, after a short wait for one.

        Raises:
            HoglineError: a process could not make its players.
            WorkerEnded: a process is gone.
        """
        if not self._finished:
            for worker in self._workers.ready(WAIT_SECONDS):
                self._take(worker)
        records = list(self._finished)
        self._finished.clear()
        return records

    def unfinished(self) -> list[GameRecord]:
        """The games in progress so far, with those that ended but were not handed out yet.

        Raises:
            HoglineError, WorkerEnded: as for `step`.
        """
        for worker in range(len(self._workers)):
            self._workers.send(worker, ("report", None))
        records: list[GameRecord] = []
        for worker in range(len(self._workers)):
            while (told := self._take(worker)) is None:
                pass
            records += told
        return [*records, *self._finished]

    def close(self) -> None:
        """Ends the processes, which have nothing to lose."""
        self._workers.close()

    def _take(self, worker: int) -> list[GameRecord] | None:
        """Receives one message; returns the games of a report."""
        kind, content = self._workers.receive(worker)
        if kind == "report":
            return content
        if kind == "thrown":
            self.thrown += content
            return None
        self._loads[worker] -= 1
        self._finished.append(content)
        return None


def _play(
    event: Event,
    device: str,
    tell: Callable[[tuple[str, Any]], None],
    messages: "SimpleQueue[tuple[str, GameSpec | None]]",
) -> None:
    """What a process does: plays the games it is given, tells which ended, reports when asked."""
    hall = event.hall(device)
    while True:
        while not len(hall) or not messages.empty():
            _, spec = message = messages.get()
            if message[0] == "start":
                hall.start(spec)
            else:
                tell(("report", hall.unfinished()))
        before = hall.thrown
        for record in hall.step():
            tell(("finished", record))
        tell(("thrown", hall.thrown - before))
