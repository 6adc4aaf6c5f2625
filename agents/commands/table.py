"""`run.py table NAME`: trains every row of a table of results and compares them."""

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from agents.commands.flags import parse_flags
from agents.runs.device import DeviceName
from agents.runs.errors import ConfigError
from agents.runs.fields import check_folder, check_real
from agents.runs.seeds import parse_seeds
from agents.runs.tables import TABLES, get_table


@dataclass(frozen=True)
class Config:
    """Train the ready configs of a table over several seeds and compare them seed by seed.

    Runs that are there already are continued, or only read if they have ended.
    """

    name: tyro.conf.Positional[str]
    """Which table; `run.py table --help` lists them."""

    data: str = ""
    """Folder of the data set's official files; left out for a table that needs none."""

    seeds: str = "1..3"
    """One run of every row for each: 1..5 or 1,3,8..10."""

    rows: tuple[str, ...] = ()
    """Train and show these rows alone, and the first of their block; left out, all."""

    epochs: float = 0.0
    """Passes over the data instead of the rows' own, their schedules shortened or stretched; 0 keeps them."""

    out: str = ""
    """Folder of the runs, table.md, table.json and the plots; left out, runs/table-NAME."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        table = get_table(self.name).only(self.rows)
        check_real("epochs", self.epochs, low=0.0, high=1e6)
        parse_seeds(self.seeds)
        if table.has_files and not self.data:
            raise ConfigError("--data: got nothing, expected the folder of the data set's files")
        if not table.has_files and self.data:
            raise ConfigError(f"data: got {self.data[:200]}, expected nothing for the table {self.name}")
        if self.data:
            check_folder("data", self.data)

    @property
    def flags(self) -> str:
        """The flags that make the runs, as words of a command line."""
        data = "--data DIR " if self.data else ""
        epochs = f" --epochs {self.epochs:g}" if self.epochs else ""
        rows = " ".join(("", "--rows", *self.rows)) if self.rows else ""
        return f"{data}--seeds {self.seeds}{epochs}{rows}"

    @property
    def folder(self) -> Path:
        """Where the table goes."""
        return Path(self.out) if self.out else Path("runs", f"table-{self.name}")


def main(argv: list[str]) -> int:
    """Parses the flags and makes the table."""
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write(_manual())
        return 0
    return run(parse_flags(Config, argv, command="table"))


def _manual() -> str:
    width = max(map(len, TABLES))
    tables = "\n".join(f"  {name:<{width}}  {table.summary}" for name, table in TABLES.items())
    return (
        "usage: run.py table NAME [--data DIR] [flags]\n\n"
        f"tables (run.py table NAME --help lists the flags):\n{tables}\n"
    )


def run(config: Config) -> int:
    """Trains what is missing, prints the table and writes it; returns the exit code."""
    from agents.commands.actions.table import make_table

    make_table(config, get_table(config.name).only(config.rows))
    return 0
