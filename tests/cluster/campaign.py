"""Kills workers of a cluster while they play a tournament, and compares; and measures what Ray costs.

Run as `python -m tests.cluster.campaign kills FOLDER KILLS` or `python -m tests.cluster.campaign speed`; the
last line is JSON.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import run
from agents.cluster.connection import connected
from agents.curling.games.event import Event
from agents.curling.games.game_workers import GameWorkers
from agents.curling.player_tokens import check_token
from agents.runs.workers import Workers
from agents.tournament import Schedule
from tests.cluster.processes import actors, listening_elsewhere, processor_seconds

KEPT = ("games.jsonl", "results.json", "table.txt")
WORDS = ("random", "drawer", "--games", "300", "--ends", "8", "--workers", "2", "--batch", "8")
CLUSTER = ("--cluster", "local")
PAUSE = (0.2, 3.0)  # seconds from the first game after a kill to the next kill
TIMED, ROUNDS, WARM_UP = 100, 3, 20  # games of a measurement, measurements of each kind, games before


class Killer(threading.Thread):
    """Kills a worker at random once games have ended since the last kill, up to so many, and notes what
    listens."""

    def __init__(self, games, kills, draw):
        super().__init__(daemon=True)
        self.games, self.left, self.done, self.draw = games, kills, 0, draw
        self.elsewhere, self.listening = set(), 0
        self.over = threading.Event()

    def run(self):
        seen = 0
        while self.left and not self.over.wait(0.1):
            size = self.games.stat().st_size if self.games.exists() else 0
            if size == seen or self.over.wait(self.draw.uniform(*PAUSE)) or not (found := actors()):
                continue
            elsewhere, count = listening_elsewhere()
            self.elsewhere |= set(elsewhere)
            self.listening = max(self.listening, count)
            os.kill(self.draw.choice(found), signal.SIGKILL)
            seen = self.games.stat().st_size
            self.left, self.done = self.left - 1, self.done + 1


def kill_campaign(folder, kills, seed=1):
    """Tournaments until so many workers were killed in them; how they compare with one of local processes."""
    run.main(["tournament", *WORDS, "--out", str(folder / "calm")])
    calm, draw = contents(folder / "calm"), random.Random(seed)
    report = {"kills": 0, "tournaments": 0, "games": 0, "equal": [], "elsewhere": [], "listening": 0}
    while report["kills"] < kills:
        path = folder / f"killed-{report['tournaments']}"
        killer = Killer(path / "games.jsonl", kills - report["kills"], draw)
        killer.start()
        code = run.main(["tournament", *WORDS, *CLUSTER, "--out", str(path)])
        killer.over.set()
        killer.join()
        lines = (path / "games.jsonl").read_text().splitlines()
        numbers = [json.loads(line)["game"] for line in lines]
        report["kills"] += killer.done
        report["tournaments"] += 1
        report["games"] += len(set(numbers))
        report["equal"].append(code == 0 and contents(path) == calm and len(numbers) == len(set(numbers)))
        report["elsewhere"] += sorted(killer.elsewhere)
        report["listening"] = max(report["listening"], killer.listening)
    return report


def contents(path):
    """What a finished tournament leaves."""
    return [(path / name).read_bytes() for name in KEPT]


def speeds():
    """What games cost with two local processes, and then with two actors."""
    event = Event(Schedule(("drawer", "random"), 10**4), 8, False, "fcv1", "dc3", seed=1, simulations=1)
    players = [check_token(player) for player in event.schedule.names]
    found = {"local": [measured(event, players, partial(Workers, count=2)) for _ in range(ROUNDS)]}
    with connected("local", cores=2, notice=print) as cluster:
        start = cluster.starter(2, most=2, device="cpu", notice=print)
        found["ray"] = [measured(event, players, start) for _ in range(ROUNDS)]
    return found


def measured(event, players, start):
    """Games a second, and processor seconds of all processes for a game, once the workers are warm."""
    with closing(GameWorkers(event, players, "cpu", start)) as hall:
        specs = iter(event.specs.values())
        finished = 0
        while finished < WARM_UP:
            finished += play_on(hall, specs)
        started, used, games = time.perf_counter(), processor_seconds(), -finished
        while finished < WARM_UP + TIMED:
            finished += play_on(hall, specs)
        games += finished
        seconds, used = time.perf_counter() - started, processor_seconds() - used
        return {"games_per_second": games / seconds, "processor_seconds_per_game": used / games}


def play_on(hall, specs):
    """Fills the hall and makes a step; how many games ended."""
    while len(hall) < 16:
        hall.start(next(specs))
    return len(hall.step())


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "kills":
        found = kill_campaign(Path(arguments[0]), int(arguments[1]))
    else:
        found = speeds()
    print(f"\n{json.dumps(found)}")
