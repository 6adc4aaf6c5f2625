"""`run.py render FILE`: a picture of a curling position, or of a shot and its tracks."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from agents.commands.curling_names import IceName
from agents.commands.flags import parse_flags
from agents.commands.terminal.compiling import compiling_noted
from agents.runs.errors import ConfigError
from agents.runs.fields import check_new_file, check_whole

SMALLEST, LARGEST = 8, 400


@dataclass(frozen=True)
class Config:
    """Draw a Digital Curling 3 state, or a shot line {"before": STATE, "move": MOVE}, as a PNG."""

    file: tyro.conf.Positional[str]
    """JSON lines; the line is a state or a shot line."""

    line: int = 1
    """Which line, from 1."""

    out: str = "house.png"
    """PNG file to write."""

    ice: IceName = "fcv1"
    """The ice, which decides how a shot runs."""

    pixels_per_metre: int = 64
    """Scale of the picture; 8 to 400."""

    def __post_init__(self) -> None:
        if not Path(self.file).is_file():
            raise ConfigError(f"file: got {self.file[:200]}, expected an existing file")
        if self.line < 1:
            raise ConfigError(f"line: got {self.line}, expected 1 or more")
        check_new_file("out", self.out, ".png")
        check_whole("pixels_per_metre", self.pixels_per_metre, low=SMALLEST, high=LARGEST)


def main(argv: list[str]) -> int:
    """Parses the flags and draws."""
    return run(parse_flags(Config, argv, command="render"))


def run(config: Config) -> int:
    """Writes the picture; returns the exit code."""
    from agents.commands.actions.render import draw_line

    with compiling_noted():
        return draw_line(config)
