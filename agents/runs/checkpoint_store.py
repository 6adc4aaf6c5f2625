"""Which checkpoints a run keeps: `last`, the `previous` one before it, and the `best` by the kind's metric.

Saving first stages and re-reads the new file; then `previous` becomes a second name of the old `last`; then
the new file takes the name `last`; at last, if it is the best so far, `best` becomes a second name of it.
Each of these is one atomic step, so a whole `last` exists from the first save on, whatever kills the
process; a kill before the last step is made good by `save_best` when the run goes on. Therefore a folder
with `previous` or `best` but no `last` has been damaged by hand: it is never taken for a fresh one. Segments
(`agents.runs.segments`) are stored before the checkpoint that refers to them, and removed after the last one
that did.
"""

import os
from collections.abc import Callable
from pathlib import Path

from agents.runs.atomic import discard, keep_as, publish, stage
from agents.runs.checkpoint import Checkpoint, encode, load_checkpoint, read_segment_digests, read_verified
from agents.runs.errors import CorruptFileError, StorageError
from agents.runs.segments import SEGMENTS_NAME, discard_others, segments_of, store_all

LAST = "last.safetensors"
PREVIOUS = "previous.safetensors"
BEST = "best.safetensors"


class CheckpointStore:
    """The `checkpoints/` folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, checkpoint: Checkpoint, *, is_best: bool = False) -> None:
        """Saves a checkpoint as `last`; the files of earlier saves are untouched until it is safely stored.

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
            if is_best:
                keep_as(last, self.folder / BEST)
        except CorruptFileError as error:
            raise StorageError(f"cannot write {last}: the disk returned other bytes") from error
        finally:
            discard(temporary)
        self._discard_segments()

    def save_best(self, checkpoint: Checkpoint) -> None:
        """Saves a checkpoint as `best` alone, in case a kill came between `last` and `best`.

        Raises:
            StorageError: The file cannot be written.
        """
        best = self.folder / BEST
        parts = encode(checkpoint)
        store_all(self.folder / SEGMENTS_NAME, segments_of(checkpoint.state))
        publish(stage(best, parts), best)

    def newest(self, notice: Callable[[str], None]) -> Checkpoint | None:
        """Loads the newest intact checkpoint.

        Args:
            notice: Receives one line for each file that had to be passed over.

        Returns:
            The checkpoint, or None if none was ever saved.

        Raises:
            CorruptFileError: Checkpoints exist, but none is intact.
        """
        present = [name for name in (LAST, PREVIOUS, BEST) if os.path.lexists(self.folder / name)]
        if not present:
            return None
        if present[0] != LAST:
            notice(f"{self.folder / LAST} is missing")
        intact: list[tuple[str, Checkpoint]] = []
        complaints: list[str] = []
        for name in present:
            try:
                intact.append((name, load_checkpoint(self.folder / name)))
            except (CorruptFileError, StorageError) as error:
                complaints.append(str(error))
            if intact and name == LAST:
                break
        for complaint in complaints:
            notice(complaint)
        if not intact:
            raise CorruptFileError(f"{self.folder}: no checkpoint is intact ({complaints[0]})")
        name, newest = max(intact, key=lambda item: item[1].step)
        if name != LAST:
            notice(f"continuing from {name} at step {newest.step}")
        return newest

    def _discard_segments(self) -> None:
        """Removes the segments that no checkpoint refers to, unless one cannot tell its own."""
        present = [self.folder / name for name in (LAST, PREVIOUS, BEST) if (self.folder / name).exists()]
        try:
            keep = set().union(*map(read_segment_digests, present))
        except (CorruptFileError, StorageError):
            return
        discard_others(self.folder / SEGMENTS_NAME, keep)
