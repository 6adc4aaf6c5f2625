"""One writer per run folder: an operating-system lock that dies with the process."""

import os
from pathlib import Path
from types import TracebackType

from agents.runs.errors import StorageError

LOCK_NAME = "run.lock"


class FolderLock:
    """Holds the lock of a folder until `release`, the end of a `with` block or the end of the process.

    The lock file stays behind on purpose: removing it would let two processes lock two files of one name.
    """

    def __init__(self, folder: Path) -> None:
        """Takes the lock at once.

        Raises:
            StorageError: Another process holds it, or the folder cannot be written.
        """
        path = folder / LOCK_NAME
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        except OSError as error:
            raise StorageError(f"cannot lock {folder}: {error.strerror or error}") from error
        try:
            _lock(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise StorageError(f"{folder} is in use by another process") from error

    def release(self) -> None:
        """Gives the lock back."""
        os.close(self._descriptor)

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _lock(descriptor: int) -> None:
    """Locks without waiting; raises `OSError` when another process holds the lock."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
