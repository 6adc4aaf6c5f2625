"""Says on stderr that the curling engine is being compiled: the first command after a change waits for it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

NOTE = "note: compiling the curling engine, once; this takes about half a minute\n"


@contextmanager
def compiling_noted() -> Iterator[None]:
    """While open, the first compilation writes one line; engines read from disk pass in silence."""
    from numba.core import event

    class Note(event.Listener):
        """Hears of every function that the compiler begins."""

        written = False

        def on_start(self, event: event.Event) -> None:
            if not self.written:
                self.written = True
                sys.stderr.write(NOTE)
                sys.stderr.flush()

        def on_end(self, event: event.Event) -> None:
            pass

    with event.install_listener("numba:compile", Note()):
        yield
