"""A Ctrl-C ends the program and nothing else: no child hears it, and no callback swallows it."""

import ctypes
import signal
import subprocess
import sys
import threading
import time

import pytest

from agents.runs.errors import Stopped
from agents.runs.signals import deaf_children, stops_raise

INTERRUPTS_ITSELF = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('alive')"
needs_masks = pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks here")


def lost_in_a_callback(number):
    """Raises the signal where its exception cannot get out."""
    ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(number))()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_that_a_callback_swallows_comes_again_until_it_takes(number):
    with pytest.raises(Stopped) as stopped, stops_raise():
        lost_in_a_callback(number)
        for _ in range(500):
            time.sleep(0.01)
    assert stopped.value.exit_code == 128 + number


def test_what_goes_wrong_after_a_swallowed_stop_counts_as_the_stop():
    with pytest.raises(Stopped) as stopped, stops_raise():
        lost_in_a_callback(signal.SIGINT)
        raise RuntimeError("no compiled object yet")
    assert stopped.value.exit_code == 130


def test_what_goes_wrong_without_a_stop_stays_what_it_is():
    with pytest.raises(RuntimeError, match="a defect"), stops_raise():
        raise RuntimeError("a defect")


def test_a_stop_passes_those_who_catch_every_exception():
    with pytest.raises(Stopped) as stopped, stops_raise():
        try:
            signal.raise_signal(signal.SIGTERM)
        except Exception:
            pytest.fail("it was caught")
    assert stopped.value.exit_code == 143


def test_handlers_are_as_before_afterwards():
    before = signal.getsignal(signal.SIGTERM), sys.unraisablehook
    with stops_raise():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert (signal.getsignal(signal.SIGTERM), sys.unraisablehook) == before


BUSY = """
import hashlib, threading
from agents.runs import signals
signals.START_SECONDS = 0.6
with signals.stops_raise():
    threading.Timer(0.5, print, ["ready"], {"flush": True}).start()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent where systems have them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_that_compiled_code_holds_up_is_told_and_ends_the_process(number):
    child = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        _, told = child.communicate(timeout=30)
    finally:
        child.kill()
    assert (child.returncode, told) == (128 + number, b"run.py: stopping\nrun.py: stopped\n")


@needs_masks
def test_a_deaf_child_does_not_hear_a_ctrl_c_and_others_do():
    command = [sys.executable, "-c", INTERRUPTS_ITSELF]
    hearing = subprocess.run(command, capture_output=True, text=True, timeout=60)
    with deaf_children():
        deaf = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert hearing.returncode != 0 and "alive" not in hearing.stdout
    assert (deaf.returncode, deaf.stdout, deaf.stderr) == (0, "alive\n", "")


@needs_masks
def test_a_ctrl_c_while_children_are_started_is_heard_afterwards():
    with pytest.raises(KeyboardInterrupt), deaf_children():
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)  # another thread would hear os.kill at once
        started = True
    assert started
