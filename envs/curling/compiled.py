"""Compilation of the engine's kernels, kept on disk between processes.

numba compiles a function with all it calls, but renews its copy on disk only when that function's own file
changes. The copies of `entry` are renewed when any source file of this folder does.
"""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

kernel = numba.njit(nogil=True)
"""A compiled function that other compiled functions call; it releases the interpreter lock."""


def entry(function: Callable) -> Callable:
    """A compiled function that Python calls; compiled, or read from disk, at its first call."""

    @functools.cache
    def compiled() -> Callable:
        dispatcher = numba.njit(nogil=True, cache=True)(function)
        dispatcher._cache._cache_file._source_stamp = source_stamp()
        return dispatcher

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return compiled()(*arguments)

    return call


@functools.cache
def source_stamp() -> str:
    """SHA-256 over the source files of this folder, as hexadecimal digits."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
