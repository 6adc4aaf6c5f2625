"""Tasks for a crew of workers: each goes to a worker that has the fewest, and to another if that one is lost.

A task has a number, and must have the same result wherever and however often it is done.
"""

from collections import Counter, deque
from typing import Any

from agents.runs.workers import Crew, WorkerEnded, WorkerLost

MOST_LOSSES = 10
"""Workers that may be lost with one and the same task before it is blamed for their end."""


class TaskBoard:
    """Tasks that are waiting or in work.

    Args:
        crew: who does them.
        slots: tasks that a worker has at most at once; 0 is any number.
    """

    def __init__(self, crew: Crew, *, slots: int = 0) -> None:
        self._crew, self._slots = crew, slots
        self._messages: dict[int, Any] = {}
        self._waiting: deque[int] = deque()
        self._held: dict[int, set[int]] = {}
        self._losses: Counter[int] = Counter()

    def __len__(self) -> int:
        """How many tasks are not done."""
        return len(self._messages)

    def add(self, task: int, message: Any) -> None:
        """Puts up a task, which is given to a worker as this message.

        Raises:
            WorkerEnded: the worker is gone for good.
        """
        self._messages[task] = message
        self._waiting.append(task)
        self._hand_out()

    def amend(self, task: int, message: Any) -> None:
        """Notes how far a task has come: what the next worker is given, should the present one be lost."""
        self._messages[task] = message
        self._losses.pop(task, None)

    def done(self, worker: int, task: int) -> None:
        """Takes down a task that a worker has done; it may get the next."""
        self._held[worker].remove(task)
        del self._messages[task]
        self._losses.pop(task, None)
        self._hand_out()

    def listen(self, seconds: float) -> list[tuple[int, Any]]:
        """What workers told, each with its number, after a wait for the first, at most so long.

        Raises:
            HoglineError: a worker failed with this.
            WorkerEnded: a worker is gone for good, or one task has cost too many.
        """
        told = []
        for worker in self._crew.ready(seconds):
            try:
                told.append((worker, self._crew.receive(worker)))
            except WorkerLost as loss:
                self._take_back(worker, loss)
        self._hand_out()
        return told

    def _hand_out(self) -> None:
        """Gives waiting tasks to those that have the fewest."""
        while self._waiting and (members := self._crew.members):
            worker = min(members, key=lambda member: len(self._held.get(member, ())))
            held = self._held.setdefault(worker, set())
            if self._slots and len(held) >= self._slots:
                return
            task = self._waiting.popleft()
            held.add(task)
            self._crew.send(worker, self._messages[task])

    def _take_back(self, worker: int, loss: WorkerLost) -> None:
        """Puts up again what a lost worker had, before all that waits."""
        tasks = self._held.pop(worker, set())
        self._losses.update(tasks)
        self._waiting.extendleft(sorted(tasks, reverse=True))
        for task in tasks:
            if self._losses[task] >= MOST_LOSSES:
                raise WorkerEnded(f"{MOST_LOSSES} workers ended with one task, {task}; the last: {loss}")
