"""A run survives being killed, stopped and opened twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs.tiny_config import TinyConfig
from tests.runs.tiny_learner import TinyLearner

ROOT = Path(__file__).parents[2]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills are tested where processes can fork")


def campaign(*words):
    command = [sys.executable, "-m", "tests.runs.campaign", *map(str, words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check_kills(found, kills):
    assert found["kills"] == kills
    assert found["kills_in_save"] >= kills // 8, "too few kills fell into a save to say anything"
    assert found["lost"] == 0
    steps = found["steps"]
    assert steps == list(range(1, len(steps) + 1)) and len(steps) >= found["step"] > 0
    assert found["strays"] <= 2, "stray files pile up"
    unbroken = TinyLearner(TinyConfig(updates=len(steps)), 0, "cpu")
    assert [row["loss"] for row in unbroken.train()] == found["losses"]


@needs_fork
def test_forty_kills_lose_nothing_and_resumed_numbers_equal_the_unbroken_run(tmp_path):
    check_kills(campaign("kill", tmp_path, 40, 1), 40)


@needs_fork
@pytest.mark.slow
def test_three_hundred_kills_lose_nothing(tmp_path):
    check_kills(campaign("kill", tmp_path, 300, 2), 300)


def check_stops(found):
    for stop in found:
        assert stop["code"] == 128 + stop["signal"]
        assert stop["seconds"] < 10
        assert stop["saves"] == 1
        assert "Traceback" not in stop["errors"]
        assert "stopped and saved at step" in stop["errors"].splitlines()[-1]


@needs_fork
def test_a_stop_signal_saves_and_exits_with_its_code(tmp_path):
    check_stops(campaign("stop", tmp_path, 6, 1))


@needs_fork
@pytest.mark.slow
def test_a_hundred_stop_signals_save_and_exit_with_their_code(tmp_path):
    check_stops(campaign("stop", tmp_path, 100, 2))


@needs_fork
def test_a_second_interrupt_or_the_end_of_the_grace_time_ends_the_process_at_once(tmp_path):
    found = campaign("impatient", tmp_path)
    assert found["second"]["code"] == 130 and found["second"]["seconds"] < 2
    assert "stopped at once" in found["second"]["errors"]
    assert found["grace"]["code"] == 130 and found["grace"]["seconds"] < 2
    told = found["grace"]["errors"]
    assert told.index("stopping as soon as the present interval ends") < told.index("did not end within")
    assert "Traceback" not in found["second"]["errors"] + found["grace"]["errors"]


HOLDER = """
import sys, time
from pathlib import Path
from agents.runs.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_process_is_refused_and_a_killed_one_frees_the_lock_twenty_times(tmp_path, capfd, tiny_kind):
    import run

    path = tmp_path / "run"
    assert run.main(["train", tiny_kind, "--out", str(path), "--updates", "1"]) == 0
    for _ in range(20):
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, path], cwd=ROOT, stdout=subprocess.PIPE)
        try:
            assert holder.stdout.readline().strip() == b"held"
            capfd.readouterr()
            assert run.main(["train", "--resume", str(path)]) == 3
            assert capfd.readouterr().err == f"run.py: {path} is in use by another process\n"
        finally:
            holder.kill()
            holder.wait()
            holder.stdout.close()
        assert run.main(["train", "--resume", str(path)]) == 0
