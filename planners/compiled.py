"""Compilation of the search's kernels, kept on disk between processes.

A function's copy on disk holds everything it calls, but numba only looks at the function's own file to tell
whether the copy is old. Here a copy is old as soon as any source file of this folder changed.
"""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

OPTIONS = {"nogil": True, "error_model": "numpy"}
"""Kernels release the interpreter lock, and divide as numpy does: without a check before each division."""

kernel = numba.njit(**OPTIONS)
"""A compiled function that other compiled functions call."""


def entry(function: Callable) -> Callable:
    """A compiled function that Python calls; compiled, or read from disk, at its first call."""

    @functools.cache
    def compiled() -> Callable:
        dispatcher = numba.njit(cache=True, **OPTIONS)(function)
        dispatcher._cache._cache_file._source_stamp = _folder_stamp()
        return dispatcher

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return compiled()(*arguments)

    return call


@functools.cache
def _folder_stamp() -> str:
    """SHA-256 over the names and contents of this folder's source files, as hexadecimal digits."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()
