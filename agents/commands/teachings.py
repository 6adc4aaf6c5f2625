"""What `run.py teach` does once its flags are parsed: games on all cores, shard after shard on disk."""

import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from agents.commands.progress import progress
from agents.curling.learning.pair_files import GAMES_PER_SHARD, PairFolder, shard_games
from agents.curling.learning.teaching import Teaching
from agents.curling.learning.teaching_config import TeachingConfig
from agents.runs.atomic import discard_strays
from agents.runs.errors import Stopped, StorageError
from agents.runs.lock import FolderLock
from agents.runs.signals import deaf_children, signal_of

if TYPE_CHECKING:
    from agents.commands.teach import Config

SHOTS_PER_GAME = 16


def write_pairs(config: "Config") -> int:
    """Makes the shards that are missing, in order; returns the exit code.

    Raises:
        Stopped: a signal asked for it; whole shards are kept.
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
            _make(config, folder, total)
        except KeyboardInterrupt as error:
            kept = (
                f"{folder_pairs(folder):,} pairs are kept in {path}, run.py teach with the same flags goes on"
            )
            raise Stopped(signal_of(error), f"stopped; {kept}") from error
        sys.stdout.write(f"{folder_pairs(folder):,} pairs: {path}\n")
    return 0


def _make(config: "Config", folder: PairFolder, total: int) -> None:
    """Adds shards to a folder until it has `total`."""
    missing = range(len(folder.shards), total)
    with progress("teach") as bar, _shards(config, missing) as shards:
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
def _shards(config: "Config", numbers: range) -> Iterator[Iterator[NDArray]]:
    """The pairs of shards of these numbers, in order, made in this process or in several."""
    workers = min(config.workers or os.cpu_count() or 1, max(len(numbers), 1))
    if workers == 1:
        teaching = Teaching(config.teaching)
        yield (teaching.pairs(shard_games(number)) for number in numbers)
        return
    # Spawned, not forked: a child of a process with the engine's threads would wait for ever.
    with deaf_children():
        pool = get_context("spawn").Pool(workers, _ignore_interrupts)
    with pool:
        yield pool.imap(_shard, [(config.teaching, number) for number in numbers])


def _shard(task: tuple[TeachingConfig, int]) -> NDArray:
    config, number = task
    return Teaching(config).pairs(shard_games(number))


def _ignore_interrupts() -> None:
    """A Ctrl-C at the terminal reaches every process; the parent alone reacts and ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
