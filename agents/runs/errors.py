"""The ways a run ends badly, each with its exit code; the command line turns them into one line on stderr.

Rooms that may not import this file (`envs`, `planners`, `vision`) raise the built-in parents instead:
`ValueError` for a bad config or argument, `OSError` for storage, `ConnectionError` for another process that
is gone, `FloatingPointError` for numbers that are no longer finite.
"""

BROKEN_PIPE = 141
"""128 + SIGPIPE's number: what a shell shows of the programs that this signal ends."""

EXIT_CODES: dict[int, str] = {
    0: "ok",
    1: "a defect in this program (with a traceback; please report it)",
    2: "usage: a flag, a value or a config is wrong",
    3: "storage: a file is missing or cannot be read or written, or a run folder is in use",
    4: "numerical: a loss, a weight or another number is not finite",
    5: "a file is corrupt, of a newer format, or not to be trusted",
    6: "network: another program cannot be reached, went away, or broke the protocol",
    130: "stopped by Ctrl-C (SIGINT)",
    BROKEN_PIPE: "nobody reads the output any more, as in a pipe to head that has enough",
    143: "stopped by SIGTERM",
}


class HoglineError(Exception):
    """Parent of every error that a user can cause; its text is one clear line."""

    exit_code = 1


class ConfigError(HoglineError, ValueError):
    """A flag, a value or a config is wrong: the text names the field, the value and what was expected."""

    exit_code = 2


class StorageError(HoglineError, OSError):
    """A file cannot be read or written, or another process holds the run folder."""

    exit_code = 3


class NumericalError(HoglineError, ArithmeticError):
    """A loss, a weight or another number is not finite."""

    exit_code = 4


class CorruptFileError(HoglineError, ValueError):
    """A file is corrupt, of a newer format, or not to be trusted."""

    exit_code = 5


class PeerError(HoglineError):
    """A program at the other end of a connection cannot be reached, went away, or broke the protocol."""

    exit_code = 6


class Stopped(HoglineError):
    """A signal asked the program to stop.

    Args:
        signal_number: The signal received, such as `signal.SIGINT`.
        message: What was saved and how to go on.
    """

    def __init__(self, signal_number: int, message: str) -> None:
        super().__init__(message)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number
