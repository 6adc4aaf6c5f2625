"""Games in lockstep at several workers, each with games of its own; results depend on neither their number
nor their place."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from agents.curling.games.event import Event
from agents.curling.games.game_records import GameRecord, GameSpec
from agents.curling.player_tokens import PlayerToken
from agents.runs.task_board import TaskBoard
from agents.runs.workers import StartCrew

WAIT_SECONDS = 0.2  # how long a step waits for a game to end


class GameWorkers:
    """Workers that play; use it as `LockstepGames`, and close it.

    A game of a worker that is lost goes on elsewhere from where `unfinished` last found it.

    Args:
        event: whose games are played.
        players: the event's players in the order of its schedule, with what they need to be made elsewhere.
        device: where networks run.
        start: starts the workers.
    """

    def __init__(self, event: Event, players: Sequence[PlayerToken], device: str, start: StartCrew) -> None:
        event = replace(event)  # without the world it may have built, which would not fit through the pipe
        self._crew = start(_play, (event, players, device))
        self._board = TaskBoard(self._crew)
        self._specs: dict[int, GameSpec] = {}
        self._begun: dict[int, GameRecord] = {}
        self._finished: deque[GameRecord] = deque()
        self.thrown = 0
        """Stones thrown so far in all games together."""

    def __len__(self) -> int:
        """How many games are in progress."""
        return len(self._specs) + len(self._finished)

    @property
    def workers(self) -> int:
        """How many there should be."""
        return len(self._crew)

    def start(self, spec: GameSpec) -> None:
        """Gives a game to a worker that has the fewest.

        Raises:
            WorkerEnded: a worker is gone for good.
        """
        self._specs[spec.number] = spec
        self._board.add(spec.number, ("start", spec))

    def step(self) -> list[GameRecord]:
        """The games that ended since, after a short wait for one.

        Raises:
            HoglineError: a worker could not make its players.
            WorkerEnded: a worker is gone for good.
        """
        if not self._finished:
            for worker, told in self._board.listen(WAIT_SECONDS):
                self._take(worker, told)
        records = list(self._finished)
        self._finished.clear()
        return records

    def unfinished(self) -> list[GameRecord]:
        """The games in progress as far as is known, with those that ended but were not handed out yet.

        Raises:
            HoglineError, WorkerEnded: as for `step`.
        """
        asked = set(self._crew.members)
        for worker in asked:
            self._crew.send(worker, ("report", None))
        while asked:
            for worker, told in self._board.listen(WAIT_SECONDS):
                if self._take(worker, told) == "report":
                    asked.discard(worker)
            asked.intersection_update(self._crew.members)
        return [*self._begun.values(), *self._finished]

    def close(self) -> None:
        """Ends the workers, which have nothing to lose."""
        self._crew.close()

    def _take(self, worker: int, told: tuple[str, Any]) -> str:
        """Takes in what a worker told; returns of which kind it is."""
        kind, content = told
        if kind == "thrown":
            self.thrown += content
        elif kind == "report":
            for record in content:
                self._begun[record.number] = record
                spec = replace(self._specs[record.number], begun=record.turns)
                self._board.amend(record.number, ("start", spec))
        else:
            self._board.done(worker, content.number)
            del self._specs[content.number]
            self._begun.pop(content.number, None)
            self._finished.append(content)
        return kind


def _play(
    event: Event,
    players: Sequence[PlayerToken],
    device: str,
    tell: Callable[[tuple[str, Any]], None],
    messages: "SimpleQueue[tuple[str, GameSpec | None]]",
) -> None:
    """What a worker does: plays the games it is given, tells which ended, reports when asked."""
    hall = event.hall(device, players)
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
