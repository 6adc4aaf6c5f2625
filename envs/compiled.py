"""Compilation of kernels, kept on disk between processes.

numba compiles a function with all it calls, but renews its copy on disk only when that function's own file
changes. The copies of `entry` are renewed when a source file does in the folder of the function or of a
kernel that its module names. So a kernel calls kernels of its own folder only.
"""

import functools
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.dispatcher import Dispatcher

OPTIONS = {"nogil": True, "error_model": "numpy"}
"""Kernels release the interpreter lock, and divide as numpy does: without a check before each division."""

kernel = numba.njit(**OPTIONS)
"""A compiled function that other compiled functions call; it releases the interpreter lock."""


def entry(function: Callable) -> Callable:
    """A compiled function that Python calls; compiled, or read from disk, at its first call."""

    @_once
    def compiled() -> Callable:
        dispatcher = numba.njit(cache=True, **OPTIONS)(function)
        _renew(dispatcher._cache._cache_file, _stamp(_folders(function)))
        return dispatcher

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return compiled()(*arguments)

    return call


def _once(make: Callable[[], Callable]) -> Callable[[], Callable]:
    """`make`, called for the first caller alone, however many threads ask at once: each would compile."""
    lock, made = threading.Lock(), []

    def get() -> Callable:
        if not made:
            with lock:
                if not made:
                    made.append(make())
        return made[0]

    return get


def _renew(copies: Any, stamp: str) -> None:
    """Sets the stamp that copies on disk must have; forgets those that name a module or class now gone.

    Raises:
        RuntimeError: this version of numba keeps its stamp elsewhere, so that old copies would run unseen.
    """
    if not hasattr(copies, "_source_stamp"):
        raise RuntimeError(f"numba {numba.__version__}: no _source_stamp, by which old copies are known")
    copies._source_stamp = stamp
    try:
        copies._load_index()
    except (ImportError, AttributeError):
        copies.flush()


def _folders(function: Callable) -> frozenset[Path]:
    """The folders of the function and of the kernels that its module names."""
    named = [value.py_func for value in function.__globals__.values() if isinstance(value, Dispatcher)]
    return frozenset(Path(part.__code__.co_filename).parent for part in (function, *named))


@functools.cache
def _stamp(folders: frozenset[Path]) -> str:
    """SHA-256 over this file and the source files of the folders, as hexadecimal digits."""
    digest = hashlib.sha256()
    for source in (
        Path(__file__),
        *(path for folder in sorted(folders) for path in sorted(folder.glob("*.py"))),
    ):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()
