"""`run.py shots`: plays Digital Curling 3 shot lines, JSON lines in and JSON lines out."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agents.commands.flags import parse_flags
from agents.runs.errors import ConfigError

LONGEST_QUANTUM = 0.1  # seconds


@dataclass(frozen=True)
class Config:
    """Play shot lines {"before": STATE, "move": MOVE} of Digital Curling 3; each gets "after" and "fgz_foul".

    Malformed lines are reported with their number; the others are still played, and the exit code is 2.
    """

    ice: Literal["fcv1", "gat2016"] = "fcv1"
    """The ice."""

    noise: Literal["none", "dc3", "gat2016", "student_t"] = "none"
    """What the hands add to the shots."""

    contact_quantum: float = 0.0
    """Seconds to whose multiples contacts wait, as in a stepped simulator; 0 is exact."""

    protected_shots: int = 5
    """Shots of an end under the free guard zone rule; 0 to 16."""

    seed: int = 1
    """Decides the noise."""

    input: str = "-"
    """File to read; - is the standard input."""

    output: str = "-"
    """File to write; - is the standard output."""

    agreement: str = ""
    """JSON file for how well the results agree with the "after" that the lines carried; none if left out."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.contact_quantum) and 0 <= self.contact_quantum <= LONGEST_QUANTUM):
            raise ConfigError(
                f"contact_quantum: got {self.contact_quantum}, expected 0 to {LONGEST_QUANTUM} seconds"
            )
        if not 0 <= self.protected_shots <= 16:
            raise ConfigError(f"protected_shots: got {self.protected_shots}, expected 0 to 16")
        if self.agreement and Path(self.agreement).suffix != ".json":
            raise ConfigError(f"agreement: got {self.agreement}, expected a file name ending in .json")
        if self.seed < 0:
            raise ConfigError(f"seed: got {self.seed}, expected 0 or more")


def main(argv: list[str]) -> int:
    """Parses the flags and plays the lines."""
    return run(parse_flags(Config, argv, command="shots"))


def run(config: Config) -> int:
    """Plays every line; returns 0, or 2 when a line was malformed."""
    from agents.commands.shot_lines import play_lines

    return play_lines(config)
