"""`run.py play`: a person against a player, in the terminal."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agents.commands.curling_names import MOST_ENDS, MOST_SIMULATIONS, IceName, NoiseName
from agents.commands.flags import parse_flags
from agents.commands.terminal.compiling import compiling_noted
from agents.curling.player_tokens import check_token
from agents.runs.device import DeviceName
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_new_file, check_whole


@dataclass(frozen=True)
class Config:
    """Play curling against a player, in the terminal: say where to draw or what to hit; `help` explains."""

    player: str = "rules"
    """The opponent: random, drawer, rules, kr_uct, a pretrained name, a checkpoint, SEARCH:CHECKPOINT."""

    ends: int = 8
    """Ends before extra ends, 1 to 255."""

    hammer: Literal["me", "player"] = "player"
    """Who has the last stone of the first end."""

    ice: IceName = "fcv1"
    """The ice."""

    noise: NoiseName = "dc3"
    """What the hands, yours too, add to the shots."""

    seed: int = 1
    """Decides everything that is drawn at random."""

    simulations: int = 400
    """Simulations for each shot of a player that searches."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    save: str = ""
    """JSON file that keeps the game after every shot; none if left out."""

    resume: str = ""
    """Saved game to go on with, and to keep; its own flags hold."""

    pictures: str = ""
    """Folder for a picture after every shot; none if left out."""

    def __post_init__(self) -> None:
        check_token(self.player)
        check_whole("ends", self.ends, low=1, high=MOST_ENDS)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_whole("simulations", self.simulations, low=1, high=MOST_SIMULATIONS)
        if self.save:
            check_new_file("save", self.save, ".json")
        if self.save and self.resume:
            raise ConfigError(
                f"save: got {self.save}, expected nothing beside --resume, which keeps its file"
            )
        if self.save and Path(self.save).exists():
            raise ConfigError(f"save: got {self.save}, which is there already; --resume goes on with it")
        if self.resume and not Path(self.resume).is_file():
            raise ConfigError(f"resume: got {self.resume[:200]}, expected a saved game")
        if self.pictures and Path(self.pictures).exists() and not Path(self.pictures).is_dir():
            raise ConfigError(f"pictures: got {self.pictures[:200]}, expected a folder")


def main(argv: list[str]) -> int:
    """Parses the flags and plays."""
    return run(parse_flags(Config, argv, command="play"))


def run(config: Config) -> int:
    """Plays until the game is over or the person leaves; returns the exit code."""
    from agents.commands.actions.play import play_person

    with compiling_noted():
        return play_person(config)
