"""Tables on the terminal."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def print_table(table: "Table", *lines: str) -> None:
    """Prints a table, fitted to the terminal, and plain lines below it.

    Raises:
        BrokenPipeError: Nobody reads the output any more.
    """
    from rich.console import Console

    console = Console()
    with console.capture() as capture:  # rich itself would end the process on a broken pipe
        console.print(table)
    sys.stdout.write(capture.get() + "".join(f"{line}\n" for line in lines))
