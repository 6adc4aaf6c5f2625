"""`run.py demo`: the main job from end to end on what exists: a full match, its score sheet, replay and
picture."""

import sys
from dataclasses import dataclass
from pathlib import Path

from agents.commands.flags import parse_flags
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_whole

PLAYERS = ("rules", "drawer")
ENDS = 8


@dataclass(frozen=True)
class Config:
    """See Hogline at work: a full match between two scripted players, with replay and picture."""

    out: str = "demo"
    """Folder for the replay and the picture; made if it is missing."""

    seed: int = 3
    """Decides everything that is drawn at random."""

    def __post_init__(self) -> None:
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        if Path(self.out).exists() and not Path(self.out).is_dir():
            raise ConfigError(f"out: got {self.out}, which is a file; expected a folder")


def main(argv: list[str]) -> int:
    """Parses the flags and shows the demo."""
    return run(parse_flags(Config, argv, command="demo"))


def run(config: Config) -> int:
    """Plays the match and says where to look; returns the exit code."""
    from agents.commands import match

    folder = Path(config.out)
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(
        f"A match over {ENDS} ends: {PLAYERS[0]}, which plays like a person, against {PLAYERS[1]}, "
        "which only draws to the button.\n"
    )
    sys.stdout.flush()
    replay, picture = folder / "replay.html", folder / "final_house.png"
    game = match.Config(*PLAYERS, ends=ENDS, seed=config.seed, replay=str(replay), picture=str(picture))
    return match.run(game)
