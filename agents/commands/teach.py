"""`run.py teach`: lets a teacher play curling and keeps its shots, for supervised learning (kind `kr_dl`)."""

from dataclasses import dataclass

from agents.cluster.address import check_cluster
from agents.commands.flags import parse_flags
from agents.curling.learning.teaching_config import TeachingConfig
from agents.runs.fields import check_folder_to_be, check_whole

MOST_PAIRS = 10**8
MOST_WORKERS = 1024


@dataclass(frozen=True)
class Config(TeachingConfig):
    """Let a teacher play curling against itself and keep pairs of a position and its shot.

    A folder that is not complete is continued, to the same bytes; with more pairs it is extended.
    """

    pairs: int = 20_000
    """About how many pairs; a game has up to 16, and 32 games make a file."""

    out: str = "pairs"
    """Folder for the files; made if it is missing."""

    workers: int = 0
    """Processes that play; 0 is one for each core, 1 plays in this one. On a cluster 0 is one for each free
    core of it."""

    cluster: str = ""
    """Cluster of machines that plays (Ray): auto is the one that `ray start` made, HOST:PORT one at that
    address, local a new one on this machine, to try it. Decides speed alone."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("pairs", self.pairs, low=1, high=MOST_PAIRS)
        check_whole("workers", self.workers, low=0, high=MOST_WORKERS)
        check_folder_to_be("out", self.out)
        check_cluster(self.cluster)

    @property
    def teaching(self) -> TeachingConfig:
        """What decides the pairs."""
        return TeachingConfig(**{name: getattr(self, name) for name in TeachingConfig.__dataclass_fields__})


def main(argv: list[str]) -> int:
    """Parses the flags and teaches."""
    return run(parse_flags(Config, argv, command="teach"))


def run(config: Config) -> int:
    """Plays the games that are missing and writes them; returns the exit code."""
    from agents.commands.actions.teach import write_pairs
    from agents.commands.terminal.compiling import compiling_noted

    with compiling_noted():
        return write_pairs(config)
