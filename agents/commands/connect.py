"""`run.py connect`: a player of ours at a Digital Curling 3 server."""

from dataclasses import dataclass

from agents.commands.curling_names import MOST_SIMULATIONS
from agents.commands.flags import parse_flags
from agents.commands.terminal.compiling import compiling_noted
from agents.curling.player_tokens import check_token
from agents.runs.device import DeviceName
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_folder_to_be, check_real, check_whole
from agents.servers.names import LONGEST_NAME

MOST_GAMES = 10_000
LONGEST_WAIT = 86_400.0  # seconds


@dataclass(frozen=True)
class Config:
    """Play at a Digital Curling 3 server, whose ice, hands, rules and thinking time hold; games are kept."""

    player: str = "kr_drl"
    """Who plays: random, drawer, rules, kr_uct, a pretrained name, a checkpoint, SEARCH:CHECKPOINT."""

    host: str = "127.0.0.1"
    """Where the server is."""

    port: int = 10000
    """Its port; the official server has 10000 for team 0 and 10001 for team 1, which has the first hammer."""

    name: str = ""
    """What we are called there; left out, the player's word."""

    games: int = 1
    """Games to play, one after the other, each over a connection of its own."""

    simulations: int = 400
    """Most simulations for each shot of a player that searches; fewer where its time asks for it."""

    concede: float = 0.0
    """Concede before an end in which the chance to win is below this; 0 never does."""

    wait_seconds: float = 60.0
    """How long to wait for a server that is not there yet, and then for the other program."""

    seed: int = 1
    """Decides everything that we draw at random."""

    out: str = ""
    """New folder for the games; left out, runs/connect-TIME-SEED."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        check_token(self.player)
        check_whole("port", self.port, low=1, high=65_535)
        check_whole("games", self.games, low=1, high=MOST_GAMES)
        check_whole("simulations", self.simulations, low=1, high=MOST_SIMULATIONS)
        check_real("concede", self.concede, low=0.0, high=0.5)
        check_real("wait_seconds", self.wait_seconds, low=0.0, high=LONGEST_WAIT)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        if len(self.name) > LONGEST_NAME:
            raise ConfigError(f"name: got {len(self.name)} characters, expected {LONGEST_NAME} at most")
        if self.out:
            check_folder_to_be("out", self.out)


def main(argv: list[str]) -> int:
    """Parses the flags and plays."""
    return run(parse_flags(Config, argv, command="connect"))


def run(config: Config) -> int:
    """Plays the games, shows their score sheets and keeps them; returns the exit code."""
    from agents.commands.actions.connect import play_at_server

    with compiling_noted():
        return play_at_server(config)
