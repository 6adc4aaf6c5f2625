"""`run.py shots`: plays Digital Curling 3 shot lines, JSON lines in and JSON lines out."""

from dataclasses import dataclass
from pathlib import Path

from agents.commands.curling_names import SHOTS_PER_END, IceName, NoiseName
from agents.commands.flags import parse_flags
from agents.commands.terminal.compiling import compiling_noted
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_new_file, check_real, check_whole

LONGEST_QUANTUM = 0.1  # seconds


@dataclass(frozen=True)
class Config:
    """Play shot lines {"before": STATE, "move": MOVE} of Digital Curling 3; each gets "after" and "fgz_foul".

    Malformed lines are reported with their number; the others are still played, and the exit code is 2.
    """

    ice: IceName = "fcv1"
    """The ice."""

    noise: NoiseName = "none"
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
    """File to write, complete or not at all; - is the standard output."""

    agreement: str = ""
    """JSON file for how well the results agree with the "after" that the lines carried; none if left out."""

    def __post_init__(self) -> None:
        check_real("contact_quantum", self.contact_quantum, low=0, high=LONGEST_QUANTUM)
        check_whole("protected_shots", self.protected_shots, low=0, high=SHOTS_PER_END)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        if self.agreement:
            check_new_file("agreement", self.agreement, ".json")
            if Path(self.agreement).resolve() in (Path(self.input).resolve(), Path(self.output).resolve()):
                raise ConfigError(
                    f"agreement: got {self.agreement[:200]}, expected a file other than input and output"
                )


def main(argv: list[str]) -> int:
    """Parses the flags and plays the lines."""
    return run(parse_flags(Config, argv, command="shots"))


def run(config: Config) -> int:
    """Plays every line; returns 0, or 2 when a line was malformed."""
    from agents.commands.actions.shots import play_lines

    with compiling_noted():
        return play_lines(config)
