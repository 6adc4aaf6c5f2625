"""Which checkpoints a run keeps: `last`, the `previous` one before it, the `best` by the kind's metric, and
numbered ones if asked for.

Saving first stages and re-reads the new file; then `previous` becomes a second name of the old `last`; then
the new file takes the name `last`; at last, if it is the best so far, `best` becomes a second name of it, and
its number, if it is one to keep. Each of these is one atomic step, so a whole `last` exists from the first
save on, whatever kills the process; a kill before the last steps is made good by `restore` when the run goes
on. Therefore a folder with others but no `last` has been damaged by hand: it is never taken for a fresh one.
Segments (`agents.runs.segments`) are stored before the checkpoint that refers to them, and removed after the
last one that did.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agents.runs.atomic import discard, keep_as, publish, stage
from agents.runs.checkpoint import (
    Checkpoint,
    encode,
    load_checkpoint,
    read_segment_digests,
    read_step,
    read_verified,
)
from agents.runs.errors import CorruptFileError, StorageError
from agents.runs.segments import SEGMENTS_NAME, discard_others, segments_of, store_all

LAST = "last.safetensors"
PREVIOUS = "previous.safetensors"
BEST = "best.safetensors"
NUMBERED = "step-*.safetensors"


def numbered_name(step: int) -> str:
    """Name of the checkpoint that is kept of an interval."""
    return NUMBERED.replace("*", f"{step:06}")


class CheckpointStore:
    """The `checkpoints/` folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, checkpoint: Checkpoint, *, more: Sequence[str] = ()) -> None:
        """Saves a checkpoint as `last`; the files of earlier saves are untouched until it is safely stored.

        Args:
            checkpoint: what is saved.
            more: further names of it, such as `BEST`.

        Raises:
            NumericalError: A number of the state is not finite; nothing is written.
            StorageError: The file cannot be written.
        """
        last = self.folder / LAST
        parts = encode(checkpoint)
        store_all(self.folder / SEGMENTS_NAME, segments_of(checkpoint.state))
        temporary = stage(last, parts)
        try:
            read_verified(temporary)
            if last.exists():
                keep_as(last, self.folder / PREVIOUS)
            publish(temporary, last)
            for name in more:
                keep_as(last, self.folder / name)
        except CorruptFileError as error:
            raise StorageError(f"cannot write {last}: the disk returned other bytes") from error
        finally:
            discard(temporary)
        self._discard_segments()

    def restore(self, checkpoint: Checkpoint, more: Sequence[str]) -> None:
        """Gives the checkpoint that a run goes on from its further names, in case a kill came before them.

        Raises:
            StorageError: A file cannot be written.
        """
        for target in (self.folder / name for name in more):
            parts = encode(checkpoint)
            store_all(self.folder / SEGMENTS_NAME, segments_of(checkpoint.state))
            publish(stage(target, parts), target)

    def newest(self, notice: Callable[[str], None]) -> Checkpoint | None:
        """Loads the newest intact checkpoint, and makes it `last` if that one is missing or damaged.

        Args:
            notice: Receives one line for each file that had to be passed over.

        Returns:
            The checkpoint, or None if none was ever saved.

        Raises:
            CorruptFileError: Checkpoints exist, but none is intact.
            StorageError: `last` cannot be written.
        """
        present = self._present()
        if not present:
            return None
        if present[0] != LAST:
            notice(f"{self.folder / LAST} is missing")
        complaints: list[str] = []
        for name in self._newest_first(present):
            try:
                checkpoint = load_checkpoint(self.folder / name)
            except (CorruptFileError, StorageError) as error:
                complaints.append(str(error))
                continue
            for complaint in complaints:
                notice(complaint)
            if name != LAST:
                notice(f"continuing from {name} at step {checkpoint.step}")
                self.restore(checkpoint, [LAST])
            return checkpoint
        raise CorruptFileError(f"{self.folder}: no checkpoint is intact ({complaints[0]})")

    def _newest_first(self, present: list[str]) -> Iterator[str]:
        """`last`, if it is there, then the others from the highest step down, as their headers say."""
        if LAST in present:
            yield LAST
        others = [name for name in present if name != LAST]
        yield from sorted(others, key=lambda name: _claimed_step(self.folder / name), reverse=True)

    def _present(self) -> list[str]:
        """Names of the checkpoints that there are, the likeliest newest first."""
        numbered = sorted((path.name for path in self.folder.glob(NUMBERED)), reverse=True)
        return [name for name in (LAST, PREVIOUS, BEST, *numbered) if os.path.lexists(self.folder / name)]

    def _discard_segments(self) -> None:
        """Removes the segments that no checkpoint refers to, unless one cannot tell its own."""
        try:
            keep = set().union(*(read_segment_digests(self.folder / name) for name in self._present()))
        except (CorruptFileError, StorageError):
            return
        discard_others(self.folder / SEGMENTS_NAME, keep)


def _claimed_step(path: Path) -> float:
    """Step that a checkpoint's header names; infinity if it names none, so that it is tried, and told of."""
    try:
        return read_step(path)
    except (CorruptFileError, StorageError):
        return math.inf
