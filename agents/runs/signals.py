"""Stopping politely: the first SIGINT or SIGTERM asks, a second one or too long a wait ends the process at
once; children do not hear a Ctrl-C, and no callback swallows one."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType, TracebackType

from agents.runs.errors import Stopped

GRACE_SECONDS = (
    8.0  # how long the present interval may still take; saving comes on top, within ten seconds in all
)
AGAIN_SECONDS = 0.05  # after which a swallowed stop is tried again


class StopRequest:
    """While open, remembers a stop signal; the training loop looks at `signal_number` between intervals.

    The signals are watched by a thread of its own, so that a long call into compiled code delays neither the
    second Ctrl-C nor the end of the grace time. Ending at once is safe: checkpoints are replaced in one step.
    Outside the main thread it does nothing.

    Args:
        kept: What is left after an end at once, for its message.
    """

    def __init__(self, *, kept: str = "the last checkpoint, if any, stays") -> None:
        self.signal_number = 0
        self._kept = kept
        self._armed = threading.current_thread() is threading.main_thread()
        self._saving = threading.Event()

    def accept(self) -> None:
        """Tells that the interval ended in time: from here on only a second signal cuts the saving short."""
        self._saving.set()

    def __enter__(self) -> "StopRequest":
        if not self._armed:
            return self
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        self._before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
        self._wakeup_before = signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        self._watcher = threading.Thread(target=self._watch, name="stop-request", daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._saving.set()
        if not self._armed:
            return
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._sender.close()
        self._watcher.join()
        self._receiver.close()

    def _watch(self) -> None:
        while received := self._receiver.recv(1):
            number = received[0]
            if number not in self._before:
                continue
            if self.signal_number:
                _end_now(number, f"stopped at once; {self._kept}")
            self.signal_number = number
            threading.Thread(target=self._limit_grace, args=(number,), daemon=True).start()

    def _limit_grace(self, number: int) -> None:
        if not self._saving.wait(GRACE_SECONDS):
            _end_now(number, f"the interval did not end within {GRACE_SECONDS:g} s; {self._kept}")


@contextmanager
def deaf_children() -> Iterator[None]:
    """While open, processes that this thread starts never hear a Ctrl-C, not even while they import.

    A Ctrl-C at the terminal reaches every process, and their parent alone should react. Where processes have
    no signal masks (Windows) this does nothing.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would lift the mask if it began below
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Terminated(KeyboardInterrupt):
    """SIGTERM came; like Ctrl-C it passes every `except Exception`."""


@contextmanager
def stops_raise() -> Iterator[None]:
    """While open, SIGTERM raises as Ctrl-C does, so that files close, and either leaves as `Stopped`.

    An exception cannot leave a callback of compiled code, such as a compiler's; it is lost there. Such a stop
    comes again until it takes, and whatever goes wrong in the meantime counts as the stop.

    Outside the main thread it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hook, handler = sys.unraisablehook, signal.signal(signal.SIGTERM, _terminate)
    lost: dict[int, threading.Timer] = {}  # by signal, the next attempt

    def insist(unraisable: "sys.UnraisableHookArgs") -> None:
        if not isinstance(unraisable.exc_value, KeyboardInterrupt):
            hook(unraisable)
            return
        number = signal_of(unraisable.exc_value)
        lost[number] = threading.Timer(AGAIN_SECONDS, _signal_main_thread, (number,))
        lost[number].daemon = True
        lost[number].start()

    sys.unraisablehook = insist
    try:
        yield
    except KeyboardInterrupt as error:
        raise Stopped(signal_of(error), "stopped") from error
    except Exception as error:
        if not lost or isinstance(error, Stopped):
            raise
        raise Stopped(next(iter(lost)), "stopped") from error
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGTERM, handler)
        for attempt in lost.values():
            attempt.cancel()


def _terminate(signal_number: int, frame: FrameType | None) -> None:
    raise Terminated


def _signal_main_thread(number: int) -> None:
    """Sends a signal where it ends a sleep, if the system can aim."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, number)
    else:
        signal.raise_signal(number)


def signal_of(error: KeyboardInterrupt) -> int:
    """The signal that an interrupt stands for: SIGINT, or SIGTERM while `stops_raise` is open."""
    return signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT


def _ignore(signal_number: int, frame: FrameType | None) -> None:
    """Lets the wake-up socket carry the signal to the watching thread."""


def _end_now(signal_number: int, message: str) -> None:
    sys.stderr.write(f"run.py: {message}\n")
    sys.stderr.flush()
    os._exit(128 + signal_number)
