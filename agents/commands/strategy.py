"""`run.py strategy`: the chance to win by ends left, lead and hammer, as a table, a picture and JSON."""

from dataclasses import dataclass

from agents.commands.curling_names import IceName, NoiseName
from agents.commands.flags import parse_flags
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_new_file, check_whole

MOST_ENDS = 20
MOST_LEAD = 8
MOST_GAMES = 10**6


@dataclass(frozen=True)
class Config:
    """Print and draw the winning-percentage table: when two points are worth more than one, and when a blank
    end is."""

    ends: int = 8
    """Ends of the game, 1 to 20."""

    lead: int = 5
    """Greatest lead shown, 1 to 8."""

    source: str = ""
    """Whose ends are counted: a run folder of self-play, or games (JSON lines, as tournaments and self-play
    write them); left out, ends that were measured between two rules players."""

    games: int = 0
    """Play so many games between two rules players now and count their ends; 0 plays none."""

    ice: IceName = "fcv1"
    """The ice of these games."""

    noise: NoiseName = "dc3"
    """What the hands add to the shots of these games."""

    seed: int = 1
    """Decides everything that is drawn at random in these games."""

    out: str = "strategy.png"
    """PNG file for the picture."""

    json: str = ""
    """JSON file for the figures; none if left out."""

    def __post_init__(self) -> None:
        check_whole("ends", self.ends, low=1, high=MOST_ENDS)
        check_whole("lead", self.lead, low=1, high=MOST_LEAD)
        check_whole("games", self.games, low=0, high=MOST_GAMES)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        if self.games and self.source:
            raise ConfigError(f"games: got {self.games}, expected 0 beside --source")
        check_new_file("out", self.out, ".png")
        if self.json:
            check_new_file("json", self.json, ".json")


def main(argv: list[str]) -> int:
    """Parses the flags and shows the table."""
    return run(parse_flags(Config, argv, command="strategy"))


def run(config: Config) -> int:
    """Counts ends, prints the table and writes the files; returns the exit code."""
    from agents.commands.actions.strategy import show_strategy
    from agents.commands.terminal.compiling import compiling_noted

    with compiling_noted():
        return show_strategy(config)
