"""Stopping politely: the first SIGINT or SIGTERM asks and is told, a second one or too long a wait ends the
process at once; children do not hear a Ctrl-C, and no callback swallows one."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from types import FrameType, TracebackType

from agents.runs.errors import Stopped

GRACE_SECONDS = (
    8.0  # how long the present interval may still take; saving comes on top, within ten seconds in all
)
START_SECONDS = (
    3.0  # how long compiled code, or what closes files, may keep a stop waiting that saves nothing
)
NOTICE_SECONDS = 0.3  # after which a stop that did not take yet is told
ECHO_SECONDS = 2.0  # in which a launcher passes on a stop that this process may have heard itself
AGAIN_SECONDS = 0.05  # after which a swallowed stop is tried again


class _Listener:
    """A thread that hears of signals at once, even while compiled code keeps Python's own handlers waiting.

    Args:
        heard: Called in that thread with each signal's number.
    """

    def __init__(self, heard: Callable[[int], None]) -> None:
        self._heard = heard
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        self._before = signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._listen, name="signal-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; an earlier listener hears again."""
        signal.set_wakeup_fd(self._before)
        self._sender.close()
        self._thread.join()
        self._receiver.close()

    def _listen(self) -> None:
        while received := self._receiver.recv(1):
            if received[0] in (signal.SIGINT, signal.SIGTERM):
                self._heard(received[0])


class StopRequest:
    """While open, remembers a stop signal; the training loop looks at `signal_number` between intervals.

    The signals are heard by a thread of its own, so that a long call into compiled code delays neither the
    second Ctrl-C nor the end of the grace time. Ending at once is safe: checkpoints are replaced in one step.
    Outside the main thread it does nothing.

    Args:
        kept: What is left after an end at once, for its message.
        echoed: Whether a launcher passes signals on, so that one stop may be heard twice.
    """

    def __init__(self, *, kept: str = "the last checkpoint, if any, stays", echoed: bool = False) -> None:
        self.signal_number = 0
        self._kept, self._echoed, self._heard_at = kept, echoed, 0.0
        self._armed = threading.current_thread() is threading.main_thread()
        self._saving = threading.Event()

    def accept(self) -> None:
        """Tells that the interval ended in time: from here on only a second signal cuts the saving short."""
        self._saving.set()

    def __enter__(self) -> "StopRequest":
        if not self._armed:
            return self
        self._listener = _Listener(self._hear)
        self._before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._saving.set()
        if not self._armed:
            return
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._listener.close()

    def _hear(self, number: int) -> None:
        if self.signal_number:
            if not self._echoed or time.monotonic() - self._heard_at > ECHO_SECONDS:
                _end_now(number, f"stopped at once; {self._kept}")
            return
        self.signal_number, self._heard_at = number, time.monotonic()
        threading.Thread(target=self._limit_grace, args=(number,), daemon=True).start()

    def _limit_grace(self, number: int) -> None:
        if self._saving.wait(NOTICE_SECONDS):
            return
        _tell(
            f"stopping as soon as the present interval ends, in {GRACE_SECONDS:g} s at most; again stops now"
        )
        if not self._saving.wait(GRACE_SECONDS - NOTICE_SECONDS):
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
    comes again until it takes, and whatever goes wrong in the meantime counts as the stop. A long call into
    compiled code holds it up: that is told, and after `START_SECONDS` the process ends at once.

    Outside the main thread it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hook, handler = sys.unraisablehook, signal.signal(signal.SIGTERM, _terminate)
    lost: dict[int, threading.Timer] = {}  # by signal, the next attempt
    over = threading.Event()
    listener = _Listener(
        lambda number: threading.Thread(target=_hurry, args=(number, over), daemon=True).start()
    )

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
        over.set()
        listener.close()
        sys.unraisablehook = hook
        signal.signal(signal.SIGTERM, handler)
        for attempt in lost.values():
            attempt.cancel()


def _hurry(number: int, over: threading.Event) -> None:
    """Tells of a stop that does not take soon, and ends the process where it does not take at all."""
    if not over.wait(NOTICE_SECONDS):
        _tell("stopping")
    if not over.wait(START_SECONDS - NOTICE_SECONDS):
        _end_now(number, "stopped")


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
    _tell(message)
    os._exit(128 + signal_number)


def _tell(message: str) -> None:
    with suppress(OSError, ValueError):  # nobody reads it, or it is closed
        sys.stderr.write(f"run.py: {message}\n")
        sys.stderr.flush()
