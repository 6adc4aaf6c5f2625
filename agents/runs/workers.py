"""Processes that work for this one, each at a pipe of its own, so that the end of one is seen at once.

They are started afresh, not forked, so that no thread or device is shared. They leave Ctrl-C to the process
that started them, from their first moment on, and end with it, however it ends.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from typing import Any, Protocol

from agents.runs.errors import HoglineError
from agents.runs.signals import deaf_children

MOST_ON_WINDOWS = 60  # processes; a wait takes 63 of anything there
END_SECONDS = 2.0  # from the last word of a process to its end
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

Work = Callable[..., None]
"""Called in each process with the arguments given, then `tell`, which sends something to the parent, and the
queue of what the parent sent; an error of ours that it raises is raised in the parent."""


class WorkerEnded(HoglineError):
    """A process that worked for this one is gone."""


class WorkerLost(WorkerEnded):
    """A worker is gone, but its crew goes on without it: what it had is for others to do."""


class Crew(Protocol):
    """Workers that are given messages and tell something; each has a number that no other ever has."""

    def __len__(self) -> int:
        """How many there should be."""

    @property
    def members(self) -> Sequence[int]:
        """The numbers of those that can be given something now."""

    def send(self, worker: int, message: Any) -> None:
        """Gives a member something to do; it gets its messages in order."""

    def announce(self, message: Any) -> None:
        """Sends a message to all members, and the latest one to each that joins later, before all else."""

    def ready(self, seconds: float) -> list[int]:
        """Those that have told something or are gone, after a wait for the first, at most so long."""

    def receive(self, worker: int) -> Any:
        """What a ready one told.

        Raises:
            HoglineError: it failed with this.
            WorkerEnded: it is gone.
        """

    def close(self) -> None:
        """Ends all at once, whatever they do."""


StartCrew = Callable[[Work, tuple[Any, ...]], Crew]
"""Starts workers with what each does and what it is given first."""


def worker_count(wanted: int) -> int:
    """How many processes to start; 0 wants one for each core."""
    count = wanted or os.cpu_count() or 1
    return min(count, MOST_ON_WINDOWS) if os.name == "nt" else count


class Workers:
    """Processes of this machine as a `Crew`, numbered from 0; the end of one ends the work. Close it.

    Args:
        work: what each does; a function of a module.
        arguments: what it is given first.
        count: processes, at least 1; see `worker_count`.
    """

    def __init__(self, work: Work, arguments: tuple[Any, ...], count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes: list[multiprocessing.process.BaseProcess] = []
        try:
            with _one_thread_each(), deaf_children():
                for _ in range(count):
                    ours, theirs = context.Pipe()
                    process = context.Process(target=_run, args=(work, arguments, theirs), daemon=True)
                    process.start()
                    theirs.close()
                    self._pipes.append(ours)
                    self._processes.append(process)
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self._pipes)

    @property
    def members(self) -> Sequence[int]:
        """All of them."""
        return range(len(self._pipes))

    def announce(self, message: Any) -> None:
        """Sends a message to all.

        Raises:
            WorkerEnded: one is gone.
        """
        for worker in self.members:
            self.send(worker, message)

    def send(self, worker: int, message: Any) -> None:
        """Gives a process something to do.

        Raises:
            WorkerEnded: it is gone.
        """
        try:
            self._pipes[worker].send(message)
        except OSError as error:
            raise self._ended(worker) from error

    def ready(self, seconds: float) -> list[int]:
        """The processes that have told something or are gone, after a wait for the first, at most so long."""
        return [self._pipes.index(pipe) for pipe in wait(self._pipes, seconds)]

    def receive(self, worker: int) -> Any:
        """What a process told, once it has.

        Raises:
            HoglineError: it failed with this.
            WorkerEnded: it is gone.
        """
        try:
            told = self._pipes[worker].recv()
        except (EOFError, OSError) as error:
            raise self._ended(worker) from error
        if isinstance(told, HoglineError):
            raise told
        return told

    def close(self) -> None:
        """Ends the processes at once, whatever they do."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()
        for pipe in self._pipes:
            pipe.close()

    def _ended(self, worker: int) -> WorkerEnded:
        process = self._processes[worker]
        process.join(END_SECONDS)
        return WorkerEnded(f"a worker process ended with code {process.exitcode}")


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """While open, processes that start have one thread for linear algebra, unless the user said otherwise:
    libraries read this when they load, which is before any work begins."""
    missing = [name for name in ONE_THREAD if name not in os.environ]
    os.environ.update(dict.fromkeys(missing, "1"))
    try:
        yield
    finally:
        for name in missing:
            del os.environ[name]


def _run(work: Work, arguments: tuple[Any, ...], pipe: Connection) -> None:
    """What a process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    messages: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, messages), daemon=True).start()
    with suppress(ConnectionError):  # the parent is gone
        try:
            work(*arguments, pipe.send, messages)
        except HoglineError as error:
            pipe.send(error)


def _listen(pipe: Connection, messages: SimpleQueue) -> None:
    """Passes messages on, so that the sender never waits; ends the process when the sender is gone."""
    try:
        while True:
            messages.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(0)
