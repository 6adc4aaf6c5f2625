"""Kills and stops training processes and reports what is left; run as `python -m tests.runs.campaign`.

Children are forked from this process after its imports, so one kill costs a fraction of a second. It is a
process of its own because forking is only safe while there is a single thread.
"""

import json
import os
import random
import select
import signal
import sys
import tempfile
import time
from pathlib import Path

import torch

import run
from agents.runs import signals
from agents.runs.checkpoint_store import CheckpointStore
from agents.runs.metrics import METRICS_NAME
from tests.runs.tiny_config import register

BEGIN, DONE = b"b", b"d"  # a save begins, a save is done
CHILD_SECONDS = 30.0


class Child:
    """A forked process that runs the command line and reports its saves through a pipe."""

    def __init__(self, argv: list[str], errors: Path) -> None:
        self.reports, writer = os.pipe()
        self.received = b""
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.reports)
            _become_child(argv, errors, writer)
        os.close(writer)

    def wait_for(self, event: bytes, count: int) -> bool:
        """Waits until an event was reported `count` times; False if the child ended before."""
        deadline = time.monotonic() + CHILD_SECONDS
        while self.received.count(event) < count:
            if not select.select([self.reports], [], [], max(deadline - time.monotonic(), 0.0))[0]:
                raise TimeoutError(f"no {event!r} within {CHILD_SECONDS} s")
            news = os.read(self.reports, 4096)
            if not news:
                return False
            self.received += news
        return True

    def finish(self) -> int:
        """Drains the reports, waits for the end and returns the wait status."""
        while news := os.read(self.reports, 4096):
            self.received += news
        os.close(self.reports)
        return os.waitpid(self.pid, 0)[1]


def _become_child(argv: list[str], errors: Path, writer: int) -> None:
    quiet = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    save = CheckpointStore.save

    def reporting_save(self: CheckpointStore, *args: object, **kwargs: object) -> None:
        os.write(writer, BEGIN)
        save(self, *args, **kwargs)
        os.write(writer, DONE)

    CheckpointStore.save = reporting_save
    code = 1
    try:
        code = run.main(argv)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def kill_campaign(folder: Path, count: int, seed: int) -> dict[str, object]:
    """Kills a run `count` times, half of them while it saves, and continues it each time."""
    draw = random.Random(seed)
    path, errors = folder / "run", folder / "errors.txt"
    argv = ["train", "tiny", "--out", str(path), "--updates", "100000"]
    step, saved_kills, lost = 0, 0, 0
    for place in range(count):
        child = Child(argv, errors)
        in_save = place % 2 == 0
        if in_save:
            child.wait_for(BEGIN, draw.randint(1, 3))
            time.sleep(draw.uniform(0.0, 0.012))
        else:
            time.sleep(draw.uniform(0.0, 0.25))
        os.kill(child.pid, signal.SIGKILL)
        status = child.finish()
        if not os.WIFSIGNALED(status):
            raise RuntimeError(f"child {place} ended by itself: {errors.read_text()}")
        begun, done = child.received.count(BEGIN), child.received.count(DONE)
        saved_kills += begun > done
        found = CheckpointStore(path / "checkpoints").newest(_refuse_notice)
        now = found.step if found else 0
        lost += not step + done <= now <= step + begun
        step = now
        if (path / "config.json").exists():
            argv = ["train", "--resume", str(path)]
    return {"kills": count, "kills_in_save": saved_kills, "lost": lost, "step": step, **_metrics_state(path)}


def _refuse_notice(text: str) -> None:
    raise RuntimeError(f"a checkpoint was passed over: {text}")


def _metrics_state(path: Path) -> dict[str, object]:
    lines = (path / METRICS_NAME).read_bytes().split(b"\n")[:-1]
    rows = [json.loads(line) for line in lines]
    strays = [entry.name for entry in path.rglob("*.tmp")]
    return {
        "steps": [row["step"] for row in rows],
        "losses": [row["loss"] for row in rows],
        "strays": len(strays),
    }


def stop_campaign(folder: Path, count: int, seed: int) -> list[dict[str, object]]:
    """Sends SIGINT and SIGTERM in turn to runs at random moments and continues each run."""
    draw = random.Random(seed)
    path, errors = folder / "run", folder / "errors.txt"
    argv = ["train", "tiny", "--out", str(path), "--updates", "100000", "--checkpoint-every", "100000"]
    found = []
    for place in range(count):
        number = (signal.SIGINT, signal.SIGTERM)[place % 2]
        child = Child(argv, errors)
        _wait_for_rows(path, child)
        time.sleep(draw.uniform(0.0, 0.2))
        started = time.monotonic()
        os.kill(child.pid, number)
        status = child.finish()
        found.append(
            {
                "signal": int(number),
                "code": os.waitstatus_to_exitcode(status),
                "seconds": time.monotonic() - started,
                "saves": child.received.count(DONE),
                "errors": errors.read_text(),
            }
        )
        argv = ["train", "--resume", str(path)]
    return found


def _wait_for_rows(path: Path, child: Child) -> None:
    metrics = path / METRICS_NAME
    before = metrics.stat().st_size if metrics.exists() else 0
    while not metrics.exists() or metrics.stat().st_size <= before:
        time.sleep(0.005)


def impatient_campaign(folder: Path) -> dict[str, object]:
    """Stops a run inside a very long interval: by a second Ctrl-C, and by waiting for the end of the grace
    time."""
    errors = folder / "errors.txt"
    found = {}
    for name, signals_sent, grace in (("second", 2, 60.0), ("grace", 1, 0.3)):
        signals.GRACE_SECONDS = grace
        path = folder / name
        child = Child(["train", "tiny", "--out", str(path), "--pause", "60"], errors)
        while not (path / METRICS_NAME).exists():
            time.sleep(0.01)
        time.sleep(0.1)
        started = time.monotonic()
        for _ in range(signals_sent):
            os.kill(child.pid, signal.SIGINT)
            time.sleep(0.1)
        code = os.waitstatus_to_exitcode(child.finish())
        found[name] = {"code": code, "seconds": time.monotonic() - started, "errors": errors.read_text()}
    return found


CAMPAIGNS = {"kill": kill_campaign, "stop": stop_campaign, "impatient": impatient_campaign}

if __name__ == "__main__":
    torch.set_num_threads(1)
    register()
    with tempfile.TemporaryDirectory() as warm_up:  # so that every import is done before the first fork
        run.main(["train", "tiny", "--out", f"{warm_up}/run", "--updates", "1"])
    result = CAMPAIGNS[sys.argv[1]](Path(sys.argv[2]), *map(int, sys.argv[3:]))
    print(f"\n{json.dumps(result)}")
