"""What `run.py teach` does once its flags are parsed: games on all cores, shard after shard on disk."""

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from agents.cluster.workplace import Workplace, workplace
from agents.commands.terminal.notes import note
from agents.commands.terminal.progress import progress
from agents.curling.learning.pair_files import GAMES_PER_SHARD, PairFolder, shard_games
from agents.curling.learning.teaching import Teaching
from agents.curling.learning.teaching_config import TeachingConfig
from agents.runs.atomic import discard_strays
from agents.runs.errors import Stopped, StorageError
from agents.runs.lock import FolderLock
from agents.runs.signals import signal_of
from agents.runs.task_board import TaskBoard
from agents.runs.workers import Crew

if TYPE_CHECKING:
    from agents.commands.teach import Config

SHOTS_PER_GAME = 16
AHEAD = 4  # shards that each worker may have made before the one that is next
WAIT_SECONDS = 0.2  # after which a wait for a shard looks for a Ctrl-C, where systems do not by themselves


def write_pairs(config: "Config") -> int:
    """Makes the shards that are missing, in order; returns the exit code.

    Raises:
        Stopped: a signal asked for it; whole shards are kept.
        WorkerEnded: a process that made shards is gone; whole shards are kept.
    """
    path = Path(config.out)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {path}: {error.strerror or error}") from error
    with FolderLock(path):
        discard_strays(path)
        folder = PairFolder(path, config.teaching)
        total = math.ceil(config.pairs / (SHOTS_PER_GAME * GAMES_PER_SHARD))
        try:
            with workplace(config.cluster, workers=config.workers, device="cpu", notice=note) as place:
                _make(config, folder, total, place)
        except KeyboardInterrupt as error:
            kept = (
                f"{folder_pairs(folder):,} pairs are kept in {path}, run.py teach with the same flags goes on"
            )
            raise Stopped(signal_of(error), f"stopped; {kept}") from error
        sys.stdout.write(f"{folder_pairs(folder):,} pairs: {path}\n")
    return 0


def _make(config: "Config", folder: PairFolder, total: int, place: Workplace) -> None:
    """Adds shards to a folder until it has `total`."""
    missing = range(len(folder.shards), total)
    with progress("teach") as bar, _shards(config, missing, place, bar.notice) as shards:
        bar.start(len(folder.shards), total)
        started, made = time.monotonic(), 0
        for pairs in shards:
            folder.append(pairs)
            made += len(pairs)
            rate = made / max(time.monotonic() - started, 1e-9)
            bar.interval(len(folder.shards), {"pairs": folder_pairs(folder), "pairs_per_second": rate})


def folder_pairs(folder: PairFolder) -> int:
    """How many pairs a folder holds."""
    return sum(shard.pairs for shard in folder.shards)


@contextmanager
def _shards(
    config: "Config", numbers: range, place: Workplace, notice: Callable[[str], None]
) -> Iterator[Iterator[NDArray]]:
    """The pairs of shards of these numbers, in order, made in this process or by workers."""
    start = place.starter(most=len(numbers), notice=notice) if numbers else None
    if start is None:
        teaching = Teaching(config.teaching)
        yield (teaching.pairs(shard_games(number)) for number in numbers)
        return
    with closing(start(_teach, (config.teaching,))) as crew:
        yield _in_order(crew, numbers)


def _in_order(crew: Crew, numbers: range) -> Iterator[NDArray]:
    """The shards that workers make, each once those before it were handed out.

    Raises:
        WorkerEnded: a worker is gone for good.
    """
    board, waiting = TaskBoard(crew, slots=1), deque(numbers)
    made: dict[int, NDArray] = {}
    for number in numbers:
        while number not in made:
            while waiting and waiting[0] < number + AHEAD * len(crew):
                task = waiting.popleft()
                board.add(task, (task, shard_games(task)))
            for worker, (task, pairs) in board.listen(WAIT_SECONDS):
                board.done(worker, task)
                made[task] = pairs
        yield made.pop(number)


def _teach(
    config: TeachingConfig,
    tell: Callable[[tuple[int, NDArray]], None],
    tasks: "SimpleQueue[tuple[int, Sequence[int]]]",
) -> None:
    """What a worker does: plays the games of the shards it is given."""
    teaching = Teaching(config)
    while True:
        number, games = tasks.get()
        tell((number, teaching.pairs(games)))
