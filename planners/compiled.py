"""Compilation of the search's kernels, kept on disk between processes.

A function's copy on disk holds everything it calls, but numba only looks at the function's own file to tell
whether the copy is old. Here a copy is old as soon as any source file of this folder changed.
"""

import functools
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.extending import intrinsic

OPTIONS = {"nogil": True, "error_model": "numpy"}
"""Kernels release the interpreter lock, and divide as numpy does: without a check before each division."""

kernel = numba.njit(**OPTIONS)
"""A compiled function that other compiled functions call."""
inlined = numba.njit(inline="always", **OPTIONS)
"""The same, written out where it is called: for what is called so often that handing over arrays costs more
than the work."""


@intrinsic
def borrowed(typing_context: Any, array: Any) -> tuple[Any, Callable]:
    """The same array without its reference count, inside compiled code; valid while its owner holds it.

    Passing a counted array to a function, or slicing it, changes its count atomically, which in the walk
    through a tree costs more than the walk.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(array)(context, builder, arguments[0])
        view.meminfo = view.meminfo.type(None)
        view.parent = view.parent.type(None)
        return view._getvalue()

    return array(array), generate


def entry(function: Callable) -> Callable:
    """A compiled function that Python calls; compiled, or read from disk, at its first call."""

    @_once
    def compiled() -> Callable:
        dispatcher = numba.njit(cache=True, **OPTIONS)(function)
        _renew(dispatcher._cache._cache_file, _folder_stamp())
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


@functools.cache
def _folder_stamp() -> str:
    """SHA-256 over the names and contents of this folder's source files, as hexadecimal digits."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()
