"""Processes answer in any order, and whatever becomes of one of them the parent learns it at once."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from agents.runs import workers
from agents.runs.errors import ConfigError
from agents.runs.workers import WorkerEnded, Workers, worker_count
from tests.runs.chores import echo

ROOT = Path(__file__).parents[2]
LONG = 30.0  # seconds; a wait that ends earlier was ended by an answer


@pytest.fixture
def pair(monkeypatch):
    """Two processes and the ids that they told; the user said nothing of threads."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with closing(Workers(echo, ("said",), 2)) as both:
        yield both, [both.receive(0), both.receive(1)]


def test_processes_work_with_one_thread_each_and_leave_the_parents_settings(pair):
    _, told = pair
    assert len({process for process, _ in told}) == 2
    assert [threads for _, threads in told] == ["1", "1"]
    assert "OMP_NUM_THREADS" not in os.environ


def test_messages_are_answered_and_errors_are_raised_here(pair):
    both, _ = pair
    both.send(1, "one")
    assert both.ready(LONG) == [1]
    assert both.receive(1) == "said one"
    both.send(0, "fail")
    with pytest.raises(ConfigError, match=r"^said: got fail$"):
        both.receive(0)


@pytest.mark.skipif(os.name == "nt", reason="processes end otherwise there")
def test_a_process_that_is_killed_while_it_answers_is_reported_at_once(pair):
    both, told = pair
    both.send(1, 10**7)
    assert both.ready(LONG) == [1]
    os.kill(told[1][0], signal.SIGKILL)
    with pytest.raises(WorkerEnded, match=r"^a worker process ended with code -9$"):
        both.receive(1)
    os.kill(told[0][0], signal.SIGKILL)
    assert both.ready(LONG)


PARENT = """
import sys
from agents.runs.workers import Workers
from tests.runs.chores import echo
if __name__ == "__main__":
    one = Workers(echo, ("said",), 1)
    print(one.receive(0)[0], flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the process in /proc")
def test_a_process_ends_with_its_parent_however_that_ends(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, tmp_path / "parent.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    child = Path("/proc", parent.stdout.readline().decode().strip())
    assert child.exists()
    parent.kill()
    parent.communicate()
    ended = time.monotonic() + LONG
    while child.exists() and "State:\tZ" not in (child / "status").read_text():
        assert time.monotonic() < ended
        time.sleep(0.02)


def test_windows_has_no_more_processes_than_a_wait_can_take(monkeypatch):
    assert worker_count(1000) == 1000 and worker_count(0) == os.cpu_count()
    monkeypatch.setattr(workers, "os", SimpleNamespace(name="nt", cpu_count=lambda: 128))
    assert (worker_count(0), worker_count(1000), worker_count(3)) == (60, 60, 3)
