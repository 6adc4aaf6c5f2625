"""`run.py serve FIRST SECOND`: a Digital Curling 3 server with our players or without."""

from dataclasses import dataclass
from typing import Literal

import tyro

from agents.commands.curling_names import MOST_ENDS, MOST_SIMULATIONS
from agents.commands.flags import parse_flags
from agents.commands.terminal.compiling import compiling_noted
from agents.curling.player_tokens import check_token
from agents.runs.device import DeviceName
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_folder_to_be, check_real, check_whole

EXTERNAL = "external"
MOST_GAMES = 100_000
LONGEST_TIME = 86_400.0  # seconds


@dataclass(frozen=True)
class Config:
    """Serve games of Digital Curling 3 on our engine: external programs against our players or each other."""

    players: tyro.conf.Positional[tuple[str, str]]
    """Two players: `external` is a program that connects, one at the port and another at the next; others are
    random, drawer, rules, kr_uct, a pretrained name, a checkpoint, SEARCH:CHECKPOINT."""

    host: str = "127.0.0.1"
    """Where to listen; with another one, such as 0.0.0.0, anybody in the network can play."""

    port: int = 10000
    """Port of the first program; the second has the next. 0 takes free ones, and says which."""

    games: int = 2
    """Games; the players take turns with the first hammer, and the team that has it is team 1."""

    ends: int = 8
    """Ends of a game before extra ends, 1 to 255; extra ends follow until it is decided."""

    noise: Literal["dc3", "none"] = "dc3"
    """What the hands add to the shots."""

    thinking_seconds: float = 600.0
    """What a team may think in all regular ends together; beyond it the game is forfeited. Our players do not
    hurry: with --simulations they must get by with it."""

    extra_thinking_seconds: float = 60.0
    """The same, for each extra end."""

    wait_seconds: float = 600.0
    """How long to wait for a program before each game."""

    simulations: int = 400
    """Simulations for each shot of our players that search."""

    seed: int = 1
    """Decides everything that is drawn at random."""

    out: str = ""
    """New folder for the games; left out, runs/serve-TIME-SEED."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        for player in self.players:
            if player != EXTERNAL:
                check_token(player, "players")
        if EXTERNAL not in self.players:
            raise ConfigError(
                f"players: got {' and '.join(self.players)[:200]}, expected at least one to be {EXTERNAL} "
                "(run.py match plays the others)"
            )
        check_whole("port", self.port, low=0, high=65_534)
        check_whole("games", self.games, low=1, high=MOST_GAMES)
        check_whole("ends", self.ends, low=1, high=MOST_ENDS)
        for field in ("thinking_seconds", "extra_thinking_seconds", "wait_seconds"):
            check_real(field, getattr(self, field), low=0.1, high=LONGEST_TIME)
        check_whole("simulations", self.simulations, low=1, high=MOST_SIMULATIONS)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        if self.out:
            check_folder_to_be("out", self.out)


def main(argv: list[str]) -> int:
    """Parses the flags and serves."""
    return run(parse_flags(Config, argv, command="serve"))


def run(config: Config) -> int:
    """Serves the games, keeps them, and shows the score; returns the exit code."""
    from agents.commands.actions.serve import serve_games

    with compiling_noted():
        return serve_games(config)
