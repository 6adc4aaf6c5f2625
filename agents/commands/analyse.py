"""`run.py analyse`: the best shots of a position, and the worth of every target as a picture."""

from dataclasses import dataclass
from pathlib import Path

from agents.commands.curling_names import MOST_ENDS, MOST_SIMULATIONS, IceName, NoiseName
from agents.commands.flags import parse_flags
from agents.commands.line_flags import check_place
from agents.commands.terminal.compiling import compiling_noted
from agents.curling.player_tokens import check_token
from agents.runs.device import DeviceName
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_new_file, check_whole

MOST_SHOTS, MOST_THROWS, MOST_GRID_THROWS = 100, 100_000, 1000


@dataclass(frozen=True)
class Config:
    """Say which shots a player likes, what becomes of them, and draw what every target is worth."""

    position: str
    """JSON lines: a Digital Curling 3 state, a shot line, or a game of games.jsonl with --shot."""

    line: int = 1
    """Which line of the file, from 1."""

    game: int | None = None
    """Instead of the line: the game of games.jsonl that has this number, from 0."""

    shot: int = 0
    """Of a game of games.jsonl: the shot to be played, from 1; 0 for the other lines."""

    player: str = "rules"
    """Whose shots: random, drawer, rules, kr_uct, a pretrained name, a checkpoint, SEARCH:CHECKPOINT."""

    shots: int = 8
    """Shots to report."""

    throws: int = 1000
    """Throws with noise of each of them."""

    grid_throws: int = 24
    """Throws with noise of each of the 2048 targets of the heat map."""

    simulations: int = 400
    """Simulations of a player that searches."""

    ends: int = 8
    """Ends of the game, where the line does not say; a tournament's folder does."""

    ice: IceName = "fcv1"
    """The ice, where a tournament's folder does not say."""

    noise: NoiseName = "dc3"
    """What the hands add to the shots, where a tournament's folder does not say."""

    seed: int = 1
    """Decides what the player draws, and the noise."""

    out: str = "analysis.png"
    """PNG file for the heat map."""

    json: str = ""
    """File for the table as JSON; none if left out."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        if not Path(self.position).is_file():
            raise ConfigError(f"position: got {self.position[:200]}, expected an existing file")
        check_place(self.line, self.game)
        check_token(self.player)
        check_whole("shot", self.shot, low=0, high=16 * MOST_ENDS)
        check_whole("shots", self.shots, low=1, high=MOST_SHOTS)
        check_whole("throws", self.throws, low=2, high=MOST_THROWS)
        check_whole("grid_throws", self.grid_throws, low=1, high=MOST_GRID_THROWS)
        check_whole("simulations", self.simulations, low=1, high=MOST_SIMULATIONS)
        check_whole("ends", self.ends, low=1, high=MOST_ENDS)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_new_file("out", self.out, ".png")
        if self.json:
            check_new_file("json", self.json, ".json")


def main(argv: list[str]) -> int:
    """Parses the flags and analyses."""
    return run(parse_flags(Config, argv, command="analyse"))


def run(config: Config) -> int:
    """Prints the table, draws the heat map; returns the exit code."""
    from agents.commands.actions.analyse import analyse_position

    with compiling_noted():
        return analyse_position(config)
