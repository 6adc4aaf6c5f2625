"""Lines on stderr that a person should read, where no progress is shown that would print them."""

import sys


def note(text: str) -> None:
    """Writes one line."""
    sys.stderr.write(f"note: {text}\n")
