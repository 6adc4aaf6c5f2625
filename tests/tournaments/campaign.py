"""Kills a tournament at random moments and goes on with it; run as `python -m tests.tournaments.campaign`.

Children are forked from this process after its imports, so one kill costs a fraction of a second. It is a
process of its own because forking is only safe while there is a single thread.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import run
from agents.commands.actions import tournament
from agents.curling.games.game_ledger import GameLedger

SNAPSHOT_SECONDS = 0.01  # so that kills fall into snapshots too
SLOWEST_START = 0.3  # seconds within which every fourth child is killed, however far it came
HERE = ("--device", "cpu", "--workers", "1", "--batch", "3")
WORDS = ("--ends", "1", "--games", "24", *HERE)
PLAYERS = ("drawer", "random")
KEPT = ("games.jsonl", "results.json", "table.txt")


class Child:
    """A forked process that runs the command line and reports when it begins to keep something."""

    def __init__(self, argv: list[str], errors: Path) -> None:
        self.reports, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.reports)
            become_child(argv, errors, writer)
        os.close(writer)

    def wait_for(self, count: int) -> bool:
        """Waits until something was begun to be kept `count` times; False if the child ended before."""
        while count > 0 and (news := os.read(self.reports, count)):
            count -= len(news)
        return not count

    def kill(self) -> int:
        """Kills the child, unless it ended before; returns its exit code, -9 if killed."""
        os.kill(self.pid, signal.SIGKILL)
        return self.finish()

    def finish(self) -> int:
        """Waits for the end and returns the exit code."""
        while os.read(self.reports, 4096):
            pass
        os.close(self.reports)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def become_child(argv: list[str], errors: Path, writer: int) -> None:
    """Runs the command line with its writes reported, and ends the process."""
    quiet = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    tournament.SNAPSHOT_SECONDS = SNAPSHOT_SECONDS
    for owner, name in ((GameLedger, "append"), (tournament, "write_unfinished")):
        setattr(owner, name, reporting(getattr(owner, name), writer))
    code = 1
    try:
        code = run.main(argv)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def reporting(deed: Callable[..., None], writer: int) -> Callable[..., None]:
    """The deed with a byte written before it."""

    def reported(*arguments: object) -> None:
        os.write(writer, b"k")
        deed(*arguments)

    return reported


def kill_campaign(folder: Path, kills: int, seed: int) -> dict[str, object]:
    """Kills tournaments `kills` times in all, then lets the last one finish."""
    draw = random.Random(seed)
    path, errors = folder / "killed", folder / "errors.txt"
    fresh = ["tournament", *PLAYERS, *WORDS, "--out", str(path)]
    lines, in_games, results = [], 0, []
    while len(lines) < kills or path.exists():
        begun = (path / "tournament.json").exists()
        child = Child(["tournament", "--resume", str(path), *HERE] if begun else fresh, errors)
        kept = False
        if len(lines) == kills:
            code = child.finish()
        elif len(lines) % 4 == 3:
            time.sleep(draw.uniform(0.0, SLOWEST_START))
            code = child.kill()
        else:
            kept = child.wait_for(draw.randint(1, 5))
            time.sleep(draw.uniform(0.0, 0.003))
            code = child.kill()
        if code == -signal.SIGKILL:
            in_games += kept
            games = path / "games.jsonl"
            lines.append(games.read_bytes().count(b"\n") if games.exists() else 0)
        elif code:
            raise RuntimeError(f"code {code}: {errors.read_text()}")
        else:
            results.append(contents(path))
            path.rename(folder / f"finished-{len(results)}")
    return {"kills": len(lines), "in_games": in_games, "lines": lines, "results": results}


def contents(path: Path) -> list[str]:
    """What a finished tournament leaves."""
    return [(path / name).read_text() for name in KEPT]


if __name__ == "__main__":
    where = Path(sys.argv[1])
    calm = where / "calm"
    run.main(["tournament", *PLAYERS, *WORDS, "--out", str(calm)])  # also does every import before a fork
    unbroken = contents(calm)
    report = kill_campaign(where, *map(int, sys.argv[2:]))
    report["equal"] = [found == unbroken for found in report.pop("results")]
    print(f"\n{json.dumps(report)}")
