"""`run.py schedule`: draws rate, batch and noise scale of the batch schedules and counts their updates."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from agents.commands.flags import parse_flags
from agents.runs.errors import ConfigError
from agents.runs.fields import check_choice, check_new_file, check_whole
from vision.schedules import GROWTH_STEPS, ScheduleConfig, ScheduleKind


@dataclass(frozen=True)
class Config:
    """Draw schedules against epochs and print how many updates each takes."""

    kinds: tuple[str, ...] = tuple(GROWTH_STEPS)
    """Which schedules; by default the five of the paper."""

    images: int = 50_000
    """Training images of the run."""

    out: str = "schedule.png"
    """PNG file for the plot."""

    base: ScheduleConfig = field(default_factory=ScheduleConfig)
    """The decaying run that the schedules replace; its kind is not used."""

    def __post_init__(self) -> None:
        check_whole("images", self.images, low=1, high=10**12)
        if not self.kinds:
            raise ConfigError("kinds: got none, expected at least one schedule")
        for kind in self.kinds:
            check_choice("kinds", kind, get_args(ScheduleKind))
        check_new_file("out", self.out, ".png")


def main(argv: list[str]) -> int:
    """Parses the flags and draws."""
    return run(parse_flags(Config, argv, command="schedule"))


def run(config: Config) -> int:
    """Writes the plot and prints the update counts; returns the exit code."""
    import io
    from dataclasses import replace

    from agents.plots.curves import save_figure
    from agents.plots.schedule import draw_schedules
    from agents.runs.atomic import write_file
    from vision.schedules import update_count

    try:
        schedules = {kind: replace(config.base, kind=kind) for kind in config.kinds}
    except ValueError as error:
        raise ConfigError(str(error)) from error
    image = io.BytesIO()
    save_figure(draw_schedules(schedules, config.images), image)
    write_file(Path(config.out), image.getvalue())
    width = max(map(len, schedules))
    for kind, schedule in schedules.items():
        sys.stdout.write(f"{kind:<{width}}  {update_count(schedule, config.images):>9,} updates\n")
    sys.stdout.write(f"plot: {config.out}\n")
    return 0
