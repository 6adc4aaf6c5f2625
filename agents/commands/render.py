"""`run.py render FILE`: a picture of a curling position, or of a shot; the replay page of a game."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from agents.commands.curling_names import MOST_ENDS, SHOTS_PER_END, IceName
from agents.commands.flags import parse_flags
from agents.commands.line_flags import check_place
from agents.commands.terminal.compiling import compiling_noted
from agents.runs.errors import ConfigError
from agents.runs.fields import check_new_file, check_whole

SMALLEST, LARGEST = 8, 400
MOST_SHOTS = SHOTS_PER_END * MOST_ENDS


@dataclass(frozen=True)
class Config:
    """Draw a Digital Curling 3 state, a shot line {"before": STATE, "move": MOVE}, or a shot of a game of a
    tournament's games.jsonl, as a PNG."""

    file: tyro.conf.Positional[str]
    """JSON lines; the line is a state, a shot line, or a game of games.jsonl."""

    line: int = 1
    """Which line, from 1."""

    game: int | None = None
    """Instead of the line: the game of games.jsonl that has this number, from 0."""

    shot: int = 0
    """Of a game: the shot to draw, from 1, with what it left; 0 draws the last one."""

    out: str = "house.png"
    """PNG file to write."""

    replay: str = ""
    """Of a game: also write its replay page to this HTML file; none if left out."""

    ends: int = 8
    """Ends of a game, where its tournament's folder does not say."""

    ice: IceName = "fcv1"
    """The ice, which decides how a shot runs, where a tournament's folder does not say."""

    pixels_per_metre: int = 64
    """Scale of the picture; 8 to 400."""

    def __post_init__(self) -> None:
        if not Path(self.file).is_file():
            raise ConfigError(f"file: got {self.file[:200]}, expected an existing file")
        check_place(self.line, self.game)
        check_whole("shot", self.shot, low=0, high=MOST_SHOTS)
        check_whole("ends", self.ends, low=1, high=MOST_ENDS)
        check_new_file("out", self.out, ".png")
        if self.replay:
            check_new_file("replay", self.replay, ".html")
        check_whole("pixels_per_metre", self.pixels_per_metre, low=SMALLEST, high=LARGEST)


def main(argv: list[str]) -> int:
    """Parses the flags and draws."""
    return run(parse_flags(Config, argv, command="render"))


def run(config: Config) -> int:
    """Writes the picture; returns the exit code."""
    from agents.commands.actions.render import draw_line

    with compiling_noted():
        return draw_line(config)
