"""`run.py compare RUN RUN ...`: curves of runs as a PNG, and their final values with intervals."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from agents.commands.flags import parse_flags
from agents.runs.errors import ConfigError
from agents.runs.fields import check_new_file, check_real

MAX_MARGIN = 1e9


@dataclass(frozen=True)
class Config:
    """Compare runs: those that differ only in their seed form one line, with a 95 % interval over seeds.

    The first line is the baseline: the others are also compared with it seed by seed.
    """

    runs: tyro.conf.Positional[tuple[str, ...]]
    """Run folders, or folders of several seeds."""

    metric: tuple[str, ...] = ()
    """Names of measurements to show; all of them if none is given."""

    out: str = "curves.png"
    """PNG file for the curves."""

    within: float = 0.0
    """Differences to the baseline up to this count as none, so that "equal" can be shown, or not."""

    costs: bool = False
    """Draw the curves against epochs, updates, actions and seconds of training instead of intervals."""

    json: str = ""
    """File for the final values as JSON; none if left out."""

    def __post_init__(self) -> None:
        check_real("within", self.within, low=0.0, high=MAX_MARGIN)
        if not self.runs:
            raise ConfigError("runs: got none, expected at least one run folder")
        for run in self.runs:
            if not Path(run).is_dir():
                raise ConfigError(f"runs: got {run}, expected an existing run folder")
        check_new_file("out", self.out, ".png")
        if self.json:
            check_new_file("json", self.json, ".json")


def main(argv: list[str]) -> int:
    """Parses the flags and compares."""
    return run(parse_flags(Config, argv, command="compare"))


def run(config: Config) -> int:
    """Writes the curves and the table; returns the exit code."""
    from agents.commands.actions.compare import write_comparison

    report = Path(config.json) if config.json else None
    write_comparison(
        [Path(run) for run in config.runs],
        curves=Path(config.out),
        report=report,
        metrics=config.metric,
        margin=config.within,
        against_costs=config.costs,
    )
    return 0
