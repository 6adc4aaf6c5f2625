"""`run.py explain NETWORK`: which stones of a board a curling network sees together."""

from dataclasses import dataclass

import tyro

from agents.commands.flags import parse_flags
from agents.curling.player_tokens import network_file
from agents.runs.device import DeviceName
from agents.runs.fields import MAX_SEED, check_new_file, check_real, check_whole

FEWEST_BOARDS, MOST_BOARDS, MOST_EPOCHS = 100, 10_000_000, 10_000


@dataclass(frozen=True)
class Config:
    """Distil the value of a curling network on random boards, and rank the interactions of their stones.

    A small network learns the expected points of the team to throw; its weights tell which coordinates of
    which stones interact. Beside each strength stands the mixed difference of the value itself, in points,
    which says how far to trust the ranking.
    """

    network: tyro.conf.Positional[str] = "kr_drl"
    """A pretrained network, a checkpoint file, or a run folder of kr_dl or kr_drl."""

    own: int = 1
    """Stones of the team to throw."""

    other: int = 1
    """Stones of the other team."""

    shots_left: int = 1
    """Shots to come; with an odd number the team to throw has the last stone."""

    boards: int = 30_000
    """Boards to learn from, validate and test on, eight to one to one."""

    epochs: float = 20.0
    """Passes over the boards."""

    l1: float = 5e-4
    """Penalty on the sum of absolute weights of the small network; more makes it see fewer interactions."""

    json: str = ""
    """File for everything found, as JSON; none if left out."""

    plot: str = ""
    """PNG file for a heat map of all pairs, distilled beside measured; none if left out."""

    seed: int = 1
    """Source of the boards and of the small network's weights."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        network_file(self.network, "network")
        check_whole("own", self.own, low=0, high=8)
        check_whole("other", self.other, low=0, high=8)
        check_whole("shots_left", self.shots_left, low=1, high=15)
        check_whole("boards", self.boards, low=FEWEST_BOARDS, high=MOST_BOARDS)
        check_real("epochs", self.epochs, low=0.1, high=MOST_EPOCHS)
        check_real("l1", self.l1, low=0.0, high=1e3)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        for field, name, suffix in (("json", self.json, ".json"), ("plot", self.plot, ".png")):
            if name:
                check_new_file(field, name, suffix)


def main(argv: list[str]) -> int:
    """Parses the flags and explains."""
    return run(parse_flags(Config, argv, command="explain"))


def run(config: Config) -> int:
    """Prints the table and writes what was asked for; returns the exit code."""
    from agents.commands.actions.explain import write_explanation

    write_explanation(config)
    return 0
