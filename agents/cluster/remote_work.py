"""The work of one worker of a cluster, in a thread, so that messages and heartbeats pass while it plays.

It is the body of a Ray actor, but knows nothing of Ray.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from agents.cluster.identity import Identity, identity
from agents.runs.errors import HoglineError
from agents.runs.workers import Work, WorkerEnded

MOST_TOLD = 256  # things told in one answer


class RemoteWork:
    """Does for a driver elsewhere what `agents.runs.workers` does at a pipe.

    Messages may overtake each other on their way, so they are numbered; what is told is asked for.
    """

    def __init__(self) -> None:
        self._messages: SimpleQueue[Any] = SimpleQueue()
        self._told: SimpleQueue[Any] = SimpleQueue()
        self._early: dict[int, Any] = {}
        self._next = 0
        self._lock = threading.Lock()

    def identity(self) -> Identity:
        """What this process is."""
        return identity()

    def begin(self, work: Work, arguments: tuple[Any, ...]) -> None:
        """Starts the work."""
        threading.Thread(target=self._run, args=(work, arguments), daemon=True).start()

    def hear(self, place: int, message: Any) -> None:
        """Passes message number `place`, counted from 0, to the work, after those before it."""
        with self._lock:
            self._early[place] = message
            while self._next in self._early:
                self._messages.put(self._early.pop(self._next))
                self._next += 1

    def told(self, seconds: float) -> list[Any]:
        """What the work has told since, after a wait for the first of it, at most so long."""
        told: list[Any] = []
        with suppress(Empty):
            told.append(self._told.get(timeout=seconds))
            while len(told) < MOST_TOLD:
                told.append(self._told.get_nowait())
        return told

    def _run(self, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        """Tells the error that ends the work, if one does."""
        try:
            work(*arguments, self._told.put, self._messages)
        except HoglineError as error:
            self._told.put(error)
        except Exception as error:
            line = " ".join(str(error).split())[:300]
            self._told.put(WorkerEnded(f"a worker failed: {type(error).__name__}: {line}"))
