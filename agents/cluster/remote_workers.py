"""Workers of a cluster as a `Crew`: those that are lost are replaced while there is room.

What becomes of the work of a lost worker is for the user of the crew (`agents.runs.task_board`). Nothing here
knows Ray: `Actors` says what is needed of it.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agents.cluster.identity import Identity, difference
from agents.runs.errors import ConfigError, HoglineError
from agents.runs.workers import Work, WorkerEnded, WorkerLost

HEARTBEAT_SECONDS = 5.0  # after which a worker answers even if it has nothing to tell
SILENT_SECONDS = 60.0  # after which a worker that does not answer counts as lost
START_SECONDS = 90.0  # that a worker may take to start
RECRUIT_SECONDS = 2.0  # between two looks for room for more workers
LONELY_SECONDS = 120.0  # that the work may wait without any worker
MOST_BARREN = 8  # workers lost in a row that had told nothing


class ActorGone(Exception):
    """An actor does not answer any more; the text says why."""


class Actors(Protocol):
    """Processes of a cluster, each with a `RemoteWork`; all calls but `wait` and `take` return at once."""

    def room(self) -> int:
        """How many more could start now."""

    def start(self) -> Any:
        """Starts an actor."""

    def share(self, value: Any) -> Any:
        """Puts a value where all machines can fetch it, each once; it can stand for an argument of `call`."""

    def call(self, actor: Any, method: str, *arguments: Any) -> Any:
        """Calls a method of an actor's `RemoteWork`; returns a ticket for the answer."""

    def wait(self, tickets: Sequence[Any], seconds: float) -> list[Any]:
        """The tickets whose answers are there, after a wait for the first, at most so long."""

    def take(self, ticket: Any) -> Any:
        """The answer of a ticket that is ready.

        Raises:
            ActorGone: there will be none.
            ConfigError: the actor's machine lacks our program.
        """

    def end(self, actor: Any) -> None:
        """Ends an actor at once, whatever it does; one that is gone already is left alone."""


@dataclass
class _Seat:
    """One actor: the ticket of its pending call, since when, what comes of the answer, and how far it is."""

    actor: Any
    ticket: Any
    asked: float
    answered: Callable[[int, "_Seat", Any], None]
    patience: float
    host: str = ""
    member: bool = False
    sent: int = 0
    fruitful: bool = False
    told: deque[Any] = field(default_factory=deque)


class RemoteWorkers:
    """A crew at actors; close it.

    Args:
        actors: where they run.
        work: what each does; a function of a module.
        arguments: what it is given first; sent once to each machine.
        count: workers wanted, at least 1.
        identity: of this process; workers that differ are an error.
        notice: told in one line who was lost.
    """

    def __init__(
        self,
        actors: Actors,
        work: Work,
        arguments: tuple[Any, ...],
        *,
        count: int,
        identity: Identity,
        notice: Callable[[str], None],
    ) -> None:
        self._actors, self._work, self._count = actors, work, count
        self._arguments = actors.share(arguments)
        self._identity, self._notice = identity, notice
        self._announced: Any = None
        self._seats: dict[int, _Seat] = {}
        self._gone: dict[int, tuple[deque[Any], WorkerLost]] = {}
        self._numbers = 0
        self._recruited = -RECRUIT_SECONDS
        self._lonely_since = time.monotonic()
        self._barren = 0
        self._odd: set[str] = set()

    def __len__(self) -> int:
        """How many there should be."""
        return self._count

    @property
    def members(self) -> list[int]:
        """The numbers of those that have started and are not known to be gone."""
        return [number for number, seat in self._seats.items() if seat.member]

    def send(self, worker: int, message: Any) -> None:
        """Gives a member something to do; if it is gone, `receive` will say so."""
        if seat := self._seats.get(worker):
            self._actors.call(seat.actor, "hear", seat.sent, message)
            seat.sent += 1

    def announce(self, message: Any) -> None:
        """Sends a message to all members, once to each machine, and to each that joins later."""
        self._announced = self._actors.share(message)
        for worker in self.members:
            self.send(worker, self._announced)

    def ready(self, seconds: float) -> list[int]:
        """Those that have told something or are gone, after a wait for the first, at most so long.

        Raises:
            ConfigError: a machine has other versions than this one.
            WorkerEnded: there has been no worker for `LONELY_SECONDS`, or they end as soon as they start.
        """
        if not (waiting := self._heard()):
            self._recruit()
            self._listen(seconds)
            self._check_alive()
            waiting = self._heard()
        return waiting

    def receive(self, worker: int) -> Any:
        """What a ready one told.

        Raises:
            HoglineError: it failed with this.
            WorkerLost: it is gone.
        """
        told = self._gone[worker][0] if worker in self._gone else self._seats[worker].told
        if not told:
            raise self._gone.pop(worker)[1]
        if isinstance(found := told.popleft(), HoglineError):
            raise found
        return found

    def close(self) -> None:
        """Ends all at once, whatever they do."""
        for seat in self._seats.values():
            self._actors.end(seat.actor)
        self._seats.clear()

    def _heard(self) -> list[int]:
        return [*self._gone, *(number for number, seat in self._seats.items() if seat.told)]

    def _recruit(self) -> None:
        """Starts workers while too few are there and the cluster has room."""
        now = time.monotonic()
        missing = self._count - len(self._seats)
        if missing <= 0 or now - self._recruited < RECRUIT_SECONDS:
            return
        self._recruited = now
        starting = sum(not seat.member for seat in self._seats.values())
        for _ in range(min(missing, self._actors.room() - starting)):
            actor = self._actors.start()
            ticket = self._actors.call(actor, "identity")
            self._seats[self._numbers] = _Seat(actor, ticket, now, self._check_identity, START_SECONDS)
            self._numbers += 1

    def _listen(self, seconds: float) -> None:
        """Takes in the answers that are there; asks each worker for more."""
        seats = {seat.ticket: number for number, seat in self._seats.items()}
        if not seats:
            time.sleep(seconds)
        for ticket in self._actors.wait(list(seats), seconds) if seats else ():
            number, seat = seats[ticket], self._seats[seats[ticket]]
            try:
                seat.answered(number, seat, self._actors.take(ticket))
            except ActorGone as error:
                self._lose(number, str(error))
        now = time.monotonic()
        for number, seat in list(self._seats.items()):
            if now - seat.asked > seat.patience:
                self._lose(number, f"no answer for {seat.patience:g} s")

    def _ask(self, seat: _Seat, method: str, *arguments: Any) -> None:
        seat.ticket, seat.asked = self._actors.call(seat.actor, method, *arguments), time.monotonic()

    def _check_identity(self, number: int, seat: _Seat, found: Identity) -> None:
        """Lets a worker begin if its games will be ours."""
        if other := difference(self._identity, found):
            raise ConfigError(f"cluster: {found.host} has {other}")
        if found.processor != self._identity.processor and found.host not in self._odd:
            self._odd.add(found.host)
            kinds = f"{found.processor}, here it is {self._identity.processor}"
            self._notice(f"the processor of {found.host} is {kinds}: last bits may differ")
        seat.host, seat.answered = found.host, self._join
        self._ask(seat, "begin", self._work, self._arguments)

    def _join(self, number: int, seat: _Seat, _: None) -> None:
        """Makes a worker that has begun a member."""
        seat.member, seat.answered, seat.patience = True, self._told, SILENT_SECONDS
        if self._announced is not None:
            self.send(number, self._announced)
        self._ask(seat, "told", HEARTBEAT_SECONDS)

    def _told(self, number: int, seat: _Seat, told: list[Any]) -> None:
        """Keeps what a worker told until it is received."""
        if told:
            seat.fruitful, self._barren = True, 0
            seat.told.extend(told)
        self._ask(seat, "told", HEARTBEAT_SECONDS)

    def _lose(self, number: int, reason: str) -> None:
        """Ends a worker that is gone or might be."""
        seat = self._seats.pop(number)
        self._actors.end(seat.actor)
        where = f"on {seat.host}" if seat.host else "that was starting"
        loss = f"the worker {where} is lost ({reason})"
        if not seat.fruitful:
            self._barren += 1
            if self._barren >= MOST_BARREN:
                raise WorkerEnded(f"cluster: {MOST_BARREN} workers ended before they told anything; {loss}")
        self._notice(f"{loss}; what it had is done elsewhere")
        if seat.member:
            self._gone[number] = seat.told, WorkerLost(f"cluster: {loss}")

    def _check_alive(self) -> None:
        """Gives up if there has been nobody for long."""
        now = time.monotonic()
        if self.members:
            self._lonely_since = now
        elif now - self._lonely_since > LONELY_SECONDS:
            raise WorkerEnded(
                f"cluster: no worker for {LONELY_SECONDS:g} s, expected a machine with a free CPU; "
                "what was finished is kept"
            )
