"""`run.py canaries PLAYER ...`: does a player see the obvious shots?"""

from dataclasses import dataclass

import tyro

from agents.commands.curling_names import MOST_SIMULATIONS
from agents.commands.flags import parse_flags
from agents.commands.terminal.compiling import compiling_noted
from agents.curling.player_tokens import check_token
from agents.runs.device import DeviceName
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_new_file, check_whole


@dataclass(frozen=True)
class Config:
    """Show players positions with an obvious shot, mirrored too, and count how often theirs is as good."""

    players: tyro.conf.Positional[tuple[str, ...]] = ()
    """Players: random, drawer, rules, kr_uct, pretrained names, checkpoints, SEARCH:CHECKPOINT."""

    simulations: int = 400
    """Simulations for each shot of the players that search."""

    seed: int = 1
    """Decides what players draw, and the noise of the throws."""

    json: str = ""
    """File for every rate, as JSON; none if left out."""

    find: str = ""
    """Instead of trying players: find the best shots anew, and write them to this JSON file."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        check_whole("simulations", self.simulations, low=1, high=MOST_SIMULATIONS)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        for field, name in (("json", self.json), ("find", self.find)):
            if name:
                check_new_file(field, name, ".json")
        for player in self.players:
            check_token(player, "players")
        if bool(self.players) == bool(self.find):
            raise ConfigError(f"players: got {len(self.players)}, expected one or more, or --find alone")


def main(argv: list[str]) -> int:
    """Parses the flags and tries the players."""
    return run(parse_flags(Config, argv, command="canaries"))


def run(config: Config) -> int:
    """Prints the table and writes what was asked for; returns the exit code."""
    from agents.commands.actions.canaries import find_anew, try_players

    with compiling_noted():
        return find_anew(config) if config.find else try_players(config)
