"""What the processes of the tests of workers do."""

import os

from agents.runs.errors import ConfigError

THREADS_AT_LOAD = os.environ.get("OMP_NUM_THREADS")


def echo(prefix, tell, messages):
    """Tells every message again; a number is a load of so many bytes, and `fail` an error."""
    tell((os.getpid(), THREADS_AT_LOAD))
    while True:
        message = messages.get()
        if message == "fail":
            raise ConfigError(f"{prefix}: got {message}")
        tell(bytes(message) if isinstance(message, int) else f"{prefix} {message}")
