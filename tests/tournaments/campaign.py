"""Kills a tournament at random moments, goes on with it each time; run as `python -m tests.tournaments.campaign`.

Children are forked from this process after its imports, so one kill costs a fraction of a second. It is a
process of its own because forking is only safe while there is a single thread.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import run
from agents.commands import tournaments

SNAPSHOT_SECONDS = 0.02  # so that kills fall into snapshots too
SLOWEST_START = 0.6  # seconds within which a child is killed
WORDS = ("--ends", "1", "--games", "30", "--device", "cpu", "--workers", "1", "--batch", "4")
PLAYERS = ("drawer", "random")


def child(argv: list[str], errors: Path) -> int:
    """Forks a process that runs the command line; returns its id."""
    pid = os.fork()
    if pid:
        return pid
    quiet = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    tournaments.SNAPSHOT_SECONDS = SNAPSHOT_SECONDS
    code = 1
    try:
        code = run.main(argv)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def finished(pid: int) -> int | None:
    """The exit code of a child, or None while it runs."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def kill_campaign(folder: Path, kills: int, seed: int) -> dict[str, object]:
    """Kills tournaments `kills` times in all, then lets the last one finish."""
    draw = random.Random(seed)
    path, errors = folder / "killed", folder / "errors.txt"
    fresh = ["tournament", *PLAYERS, *WORDS, "--out", str(path)]
    done, kept, torn, tables = 0, [], 0, []
    while done < kills or path.exists():
        record = path / "tournament.json"
        pid = child(["tournament", "--resume", str(path)] if record.exists() else fresh, errors)
        if done < kills:
            time.sleep(draw.uniform(0.0, SLOWEST_START))
            code = finished(pid)
            if code is None:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                done += 1
                games = path / "games.jsonl"
                kept.append(len(games.read_bytes().splitlines()) if games.exists() else 0)
                torn += games.exists() and not games.read_bytes().endswith(b"\n") and games.stat().st_size > 0
                continue
        else:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code:
            raise RuntimeError(f"code {code}: {errors.read_text()}")
        tables.append(
            {name: (path / name).read_text() for name in ("table.txt", "results.json", "games.jsonl")}
        )
        path.rename(folder / f"finished-{len(tables)}")
    return {"kills": done, "kept": kept, "torn": torn, "tables": tables}


if __name__ == "__main__":
    where = Path(sys.argv[1])
    calm = where / "calm"
    run.main(["tournament", *PLAYERS, *WORDS, "--out", str(calm)])  # also does every import before a fork
    unbroken = {name: (calm / name).read_text() for name in ("table.txt", "results.json", "games.jsonl")}
    report = kill_campaign(where, *map(int, sys.argv[2:]))
    report["equal"] = [tables == unbroken for tables in report.pop("tables")]
    print(f"\n{json.dumps(report)}")
