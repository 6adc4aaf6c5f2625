"""`run.py tournament P1 P2 ...`: every pairing, ratings with intervals, a ladder; or goes on with one."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import tyro

from agents.cluster.address import check_cluster
from agents.commands.curling_names import MOST_ENDS, MOST_SIMULATIONS, IceName, NoiseName
from agents.commands.flags import check_tokens, flag_value, parse_flags
from agents.commands.terminal.compiling import compiling_noted
from agents.curling.player_tokens import check_token
from agents.runs.config_json import changed_fields, config_from_json
from agents.runs.device import DeviceName
from agents.runs.errors import ConfigError, CorruptFileError
from agents.runs.fields import MAX_SEED, check_real, check_whole
from agents.tournament import Schedule

RECORD_NAME = "tournament.json"
MOST_GAMES, MOST_AT_ONCE, MOST_WORKERS = 10**6, 4096, 256
LONGEST_MOVE = 86_400.0  # seconds


@dataclass(frozen=True)
class Config:
    """Play a tournament of curling and rate its players; what was played survives any stop."""

    players: tyro.conf.Positional[tuple[str, ...]] = ()
    """Two or more: random, drawer, rules, kr_uct, pretrained names, checkpoints, SEARCH:CHECKPOINT."""

    pairs: Literal["all", "neighbours", "first"] = "all"
    """Who meets: all, neighbours as listed, or the first everybody else."""

    games: int = 200
    """Games of every pairing; even, as both players have the first hammer equally often."""

    ends: int = 8
    """Ends of a game; 1 to 255."""

    extra_ends: bool = False
    """Play on while the game is tied; otherwise a tie is a draw, half a win."""

    simulations: int = 400
    """Simulations for each shot of the players that search."""

    ice: IceName = "fcv1"
    """The ice."""

    noise: NoiseName = "dc3"
    """What the hands add to the shots."""

    seed: int = 1
    """Decides everything that is drawn at random."""

    move_seconds: float = 0.0
    """What one shot may take before its game is forfeited, in seconds; 0 for any time. With a limit games are
    asked one by one, and results can depend on the machine."""

    out: str = ""
    """New folder for games, table and ladder; left out, runs/tournament-TIME-SEED."""

    resume: str = ""
    """Folder of a tournament to go on with; its own flags hold, and one that differs is an error."""

    json: str = ""
    """Also write the results to this JSON file; they are in the folder's results.json anyway."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one. A continued tournament may change it."""

    batch: int = 0
    """Games in progress at once in each process; decides speed alone. 0 takes 128, or 1,024 where networks
    run on a GPU."""

    workers: int = 0
    """Processes; decides speed alone. 0 takes one for each core, or one where networks run on a GPU; on a
    cluster one for each free core of it, or each free GPU."""

    cluster: str = ""
    """Cluster of machines that plays (Ray): auto is the one that `ray start` made, HOST:PORT one at that
    address, local a new one on this machine, to try it. Decides speed alone."""

    def __post_init__(self) -> None:
        check_whole("games", self.games, low=2, high=MOST_GAMES)
        check_whole("ends", self.ends, low=1, high=MOST_ENDS)
        check_whole("simulations", self.simulations, low=1, high=MOST_SIMULATIONS)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_real("move_seconds", self.move_seconds, low=0.0, high=LONGEST_MOVE)
        check_whole("batch", self.batch, low=0, high=MOST_AT_ONCE)
        check_whole("workers", self.workers, low=0, high=MOST_WORKERS)
        check_cluster(self.cluster)
        if self.resume and self.out:
            raise ConfigError(f"out: got {self.out}, expected nothing beside --resume")
        if self.json and (Path(self.json).suffix != ".json" or not Path(self.json).parent.is_dir()):
            raise ConfigError(f"json: got {self.json}, expected a .json file in a folder that exists")
        if not self.resume:
            self.checked_schedule()

    def checked_schedule(self) -> Schedule:
        """Who plays whom.

        Raises:
            ConfigError: a player is unknown, or listed twice, or there are too few; or `games` is odd.
        """
        for player in self.players:
            check_token(player, "players")
        try:
            return Schedule(self.players, self.games, self.pairs)
        except ValueError as error:
            raise ConfigError(str(error)) from error


FREE_TO_CHANGE = {
    "out": "",
    "resume": "",
    "json": "",
    "device": "auto",
    "batch": 0,
    "workers": 0,
    "cluster": "",
}
"""Flags that change no result, with their defaults; the others make the tournament what it is."""


def main(argv: list[str]) -> int:
    """Parses the flags and plays."""
    return run(parse(argv))


def parse(argv: list[str]) -> Config:
    """The flags; those of a continued tournament are what its folder says.

    Raises:
        ConfigError: a flag is wrong, or differs from the tournament that is continued.
    """
    check_tokens(argv)
    resumed = flag_value(argv, "--resume")
    if not resumed:
        return parse_flags(Config, argv, command="tournament")
    saved = replace(read_config(Path(resumed)), resume=resumed)
    config = parse_flags(Config, argv, command="tournament", default=saved)
    fixed = replace(config, **FREE_TO_CHANGE)
    for name, old, new in changed_fields(replace(saved, **FREE_TO_CHANGE), fixed):
        raise ConfigError(
            f"{name}: got {new}, expected {old}, because a continued tournament keeps its flags"
        )
    config.checked_schedule()
    return config


def read_config(folder: Path) -> Config:
    """The flags of a tournament's folder.

    Raises:
        ConfigError: there is no tournament.
        CorruptFileError: its record is malformed.
    """
    try:
        record = json.loads((folder / RECORD_NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConfigError(f"resume: got {folder}, expected a folder with {RECORD_NAME}") from error
    except ValueError as error:
        raise CorruptFileError(f"{folder / RECORD_NAME}: {error}") from error
    try:
        values = {**asdict(Config(resume=str(folder))), **record["config"], "resume": str(folder)}
        return config_from_json(Config, {**values, "players": list(values["players"])})
    except (KeyError, TypeError, ConfigError) as error:
        raise CorruptFileError(f"{folder / RECORD_NAME}: {error}") from error


def run(config: Config) -> int:
    """Plays the games that are left, shows table and ladder; returns the exit code."""
    from agents.commands.actions.tournament import hold_tournament

    with compiling_noted():
        return hold_tournament(config)
