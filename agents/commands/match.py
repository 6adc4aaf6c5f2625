"""`run.py match FIRST SECOND`: a game of curling, its score sheet and its replay."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from agents.commands.flags import parse_flags
from agents.runs.errors import ConfigError

PLAYER_NAMES = ("random", "drawer", "rules")
MOST_ENDS = 255


@dataclass(frozen=True)
class Config:
    """Play one game of curling between two players, print its score sheet, and write its replay if asked."""

    first: tyro.conf.Positional[str]
    """Who throws first in the first end: random, drawer or rules."""

    second: tyro.conf.Positional[str]
    """Who has the hammer in the first end: random, drawer or rules."""

    ends: int = 8
    """Ends before extra ends; 1 to 255."""

    ice: Literal["fcv1", "gat2016"] = "fcv1"
    """The ice."""

    noise: Literal["none", "dc3", "gat2016", "student_t"] = "dc3"
    """What the hands add to the shots."""

    seed: int = 1
    """Decides everything that is drawn at random."""

    replay: str = ""
    """HTML file for the replay; none if left out."""

    picture: str = ""
    """PNG file for the final house; none if left out."""

    def __post_init__(self) -> None:
        for field, player in (("first", self.first), ("second", self.second)):
            if player not in PLAYER_NAMES:
                raise ConfigError(f"{field}: got {player[:60]}, expected one of {', '.join(PLAYER_NAMES)}")
        if not 1 <= self.ends <= MOST_ENDS:
            raise ConfigError(f"ends: got {self.ends}, expected 1 to {MOST_ENDS}")
        if self.seed < 0:
            raise ConfigError(f"seed: got {self.seed}, expected 0 or more")
        if self.replay and Path(self.replay).suffix != ".html":
            raise ConfigError(f"replay: got {self.replay}, expected a file name ending in .html")
        if self.picture and Path(self.picture).suffix != ".png":
            raise ConfigError(f"picture: got {self.picture}, expected a file name ending in .png")


def main(argv: list[str]) -> int:
    """Parses the flags and plays."""
    return run(parse_flags(Config, argv, command="match"))


def run(config: Config) -> int:
    """Plays the game, shows its score sheet and writes what was asked for; returns the exit code."""
    from agents.commands.matches import play_match

    return play_match(config)
