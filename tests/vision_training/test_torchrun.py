"""Runs that torchrun starts in two processes: they end as one alone does, stop, go on, and lose nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.vision_training.tiny import cifar_files

ROOT = Path(__file__).parents[2]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
FLAGS = ["--dataset", "cifar10", "--model", "resnet8", "--validation-images", "20", "--batch", "16"]
MORE = ["--ghost-batch", "8", "--regularizer", "shakedrop", "--seed", "1", "--device", "cpu"]
PATIENCE = 240  # seconds, on a busy machine

pytestmark = pytest.mark.slow


def command(folder, *words, together=True):
    launcher = TORCHRUN if together else [sys.executable]
    return [*launcher, str(ROOT / "run.py"), "train", *words]


def environment():
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def train(folder, *words, together=True):
    done = subprocess.run(
        command(folder, *words, together=together),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done


def rows(path):
    """The measurements of a run, without the seconds that they took."""
    lines = (path / "metrics.jsonl").read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines]


def new(epochs, out, *more):
    return ["vision", "--data", "data", *FLAGS, *MORE, "--epochs", str(epochs), "--out", out, *more]


@pytest.fixture
def folder(tmp_path):
    cifar_files(tmp_path / "data")
    return tmp_path


def begun(folder, out, intervals):
    """A run of two processes that has come to some interval."""
    path = folder / out / "metrics.jsonl"
    process = subprocess.Popen(
        command(folder, *new(60, out)),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not (path.exists() and len(rows(folder / out)) >= intervals):
        time.sleep(0.1)
    return process


def test_two_processes_report_what_one_does_and_only_the_first_one_speaks(folder):
    plain = ["--regularizer", "none"]
    train(folder, *new(2, "alone", *plain), together=False)
    done = train(folder, *new(2, "together", *plain))
    alone, together = rows(folder / "alone"), rows(folder / "together")
    assert len(alone) == len(together) == 2
    assert together[0]["loss"] == pytest.approx(alone[0]["loss"], rel=1e-3)
    assert together[1]["updates"] == alone[1]["updates"] == 10
    assert done.stdout.count("finished 2 intervals") == 1


def test_a_run_stopped_by_ctrl_c_goes_on_to_the_same_numbers_and_in_one_process_too(folder):
    process = begun(folder, "stopped", 3)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    assert "stopped and saved at step" in output
    kept = len(rows(folder / "stopped"))
    assert 3 <= kept < 60
    train(folder, "vision", "--resume", "stopped")
    train(folder, *new(60, "whole"))
    assert rows(folder / "stopped") == rows(folder / "whole")


def test_a_run_goes_on_in_one_process(folder):
    process = begun(folder, "fewer", 2)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    train(folder, "vision", "--resume", "fewer", together=False)
    assert len(rows(folder / "fewer")) == 60


@pytest.mark.parametrize("rank", [0, 1])
def test_the_end_of_one_process_ends_the_other_and_loses_no_checkpoint(folder, rank):
    process = begun(folder, "lost", 3)
    search = ["pgrep", "-P", str(process.pid), "-f", "run.py train"]  # torchrun's children, started in order
    listed = subprocess.run(search, capture_output=True, text=True)
    members = sorted(int(number) for number in listed.stdout.split())
    os.kill(members[rank], signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    train(folder, "vision", "--resume", "lost")
    assert len(rows(folder / "lost")) == 60
