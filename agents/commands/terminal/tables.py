"""Tables on the terminal."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

WIDTH_IN_FILES = 120
"""characters of a table that goes to a file or another program"""


def print_table(table: "Table", *lines: str) -> None:
    """Prints a table, fitted to the terminal, and plain lines below it.

    Raises:
        BrokenPipeError: Nobody reads the output any more.
    """
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else WIDTH_IN_FILES)
    with console.capture() as capture:  # rich itself would end the process on a broken pipe
        console.print(table)
    sys.stdout.write(capture.get() + "".join(f"{line}\n" for line in lines))
