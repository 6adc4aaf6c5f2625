"""Files that are either the old one or the new one, never half of one, whatever kills the process."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from agents.runs.errors import StorageError

Bytes = bytes | memoryview

_TEMPORARY_GLOB = ".*.tmp"


def stage(target: Path, parts: Iterable[Bytes]) -> Path:
    """Writes and syncs the content under a unique temporary name in the target's folder.

    Returns:
        The temporary path, to be given to `publish`.

    Raises:
        StorageError: The content cannot be written; nothing is left behind.
    """
    temporary = _temporary_name(target)
    try:
        with open(temporary, "xb") as handle:
            for part in parts:
                handle.write(part)
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        discard(temporary)
        raise StorageError(f"cannot write {target}: {error.strerror or error}") from error
    except BaseException:
        discard(temporary)
        raise
    return temporary


def publish(temporary: Path, target: Path) -> None:
    """Gives a staged file its name, replacing an older one in one step.

    Raises:
        StorageError: The file system refuses; the older file is untouched.
    """
    try:
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except OSError as error:
        discard(temporary)
        raise StorageError(f"cannot write {target}: {error.strerror or error}") from error


def keep_as(source: Path, target: Path) -> None:
    """Makes `target` a second name of a finished file (a copy where there are no hard links), in one step.

    Raises:
        StorageError: The file system refuses; an older `target` is untouched.
    """
    temporary = _temporary_name(target)
    try:
        _link_or_copy(source, temporary)
    except OSError as error:
        discard(temporary)
        raise StorageError(f"cannot write {target}: {error.strerror or error}") from error
    publish(temporary, target)


def write_file(target: Path, content: bytes) -> None:
    """Stages and publishes a small file.

    Raises:
        StorageError: The content cannot be written; the older file is untouched.
    """
    publish(stage(target, [content]), target)


def discard(temporary: Path) -> None:
    """Removes a temporary file if it is there and can be removed."""
    with contextlib.suppress(OSError):
        temporary.unlink()


def discard_strays(folder: Path) -> None:
    """Removes temporary files that a killed process left; call it only while holding the folder's lock."""
    for stray in folder.glob(_TEMPORARY_GLOB):
        discard(stray)


def _temporary_name(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(6)}.tmp")


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        with open(source, "rb") as reader, open(target, "xb") as writer:
            shutil.copyfileobj(reader, writer)
            writer.flush()
            os.fsync(writer.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder; a rename is journalled there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
