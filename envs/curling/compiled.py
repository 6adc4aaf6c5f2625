"""Compilation of the engine's kernels, kept on disk between processes.

numba compiles a function with all it calls, but renews its copy on disk only when that function's own file
changes. The copies of `entry` are renewed when that file or any source file of this folder does.
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
"""A compiled function that other compiled functions call; it releases the interpreter lock."""


def entry(function: Callable) -> Callable:
    """A compiled function that Python calls; compiled, or read from disk, at its first call."""

    @functools.cache
    def compiled() -> Callable:
        dispatcher = numba.njit(cache=True, **OPTIONS)(function)
        dispatcher._cache._cache_file._source_stamp = _stamp(function.__code__.co_filename)
        return dispatcher

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return compiled()(*arguments)

    return call


@functools.cache
def _stamp(file: str) -> str:
    """SHA-256 over `file` and the source files of this folder, as hexadecimal digits."""
    digest = hashlib.sha256()
    for source in (Path(file), *sorted(Path(__file__).parent.glob("*.py"))):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()
