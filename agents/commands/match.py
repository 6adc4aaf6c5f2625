"""`run.py match FIRST SECOND`: a game of curling, its score sheet and its replay."""

from dataclasses import dataclass

import tyro

from agents.commands.curling_names import MOST_ENDS, MOST_SIMULATIONS, IceName, NoiseName, RulesName
from agents.commands.flags import parse_flags
from agents.commands.terminal.compiling import compiling_noted
from agents.curling.player_tokens import check_token
from agents.runs.device import DeviceName
from agents.runs.fields import MAX_SEED, check_new_file, check_whole


@dataclass(frozen=True)
class Config:
    """Play one game of curling between two players, print its score sheet, and write its replay if asked."""

    first: tyro.conf.Positional[str]
    """Who throws first in the first end: random, drawer, rules, kr_uct, a pretrained name, a checkpoint."""

    second: tyro.conf.Positional[str]
    """Who has the hammer in the first end; named alike."""

    rules: RulesName = "eight_ends"
    """What the event plays; in mixed doubles the first stones stand in the house and as its guard."""

    ends: int | None = None
    """Ends before extra ends, 1 to 255; None plays as many as the rules say."""

    ice: IceName = "fcv1"
    """The ice."""

    noise: NoiseName = "dc3"
    """What the hands add to the shots."""

    seed: int = 1
    """Decides everything that is drawn at random."""

    simulations: int = 400
    """Simulations for each shot of the players that search."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    replay: str = ""
    """HTML file for the replay; none if left out."""

    picture: str = ""
    """PNG file for the final house; none if left out."""

    def __post_init__(self) -> None:
        check_token(self.first, "first")
        check_token(self.second, "second")
        check_whole("simulations", self.simulations, low=1, high=MOST_SIMULATIONS)
        if self.ends is not None:
            check_whole("ends", self.ends, low=1, high=MOST_ENDS)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        for field, name, suffix in (("replay", self.replay, ".html"), ("picture", self.picture, ".png")):
            if name:
                check_new_file(field, name, suffix)


def main(argv: list[str]) -> int:
    """Parses the flags and plays."""
    return run(parse_flags(Config, argv, command="match"))


def run(config: Config) -> int:
    """Plays the game, shows its score sheet and writes what was asked for; returns the exit code."""
    from agents.commands.actions.match import play_match

    with compiling_noted():
        return play_match(config)
