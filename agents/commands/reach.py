"""`run.py reach RUN --goal-image F`: gives a trained agent a goal, and shows how it gets there."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from agents.commands.flags import parse_flags
from agents.runs.device import DeviceName
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_real, check_whole

LONGEST = 2**16
SUFFIXES = (".gif", ".png")


@dataclass(frozen=True)
class Config:
    """Give a trained agent a goal and watch it: an image file, places of hand and pucks, or a random one."""

    checkpoint: tyro.conf.Positional[str]
    """Run folder (its last checkpoint), or checkpoint file."""

    goal_image: str = ""
    """Image file of the scene as it should be (PNG, say), cut square and scaled."""

    pucks: int | None = None
    """How many pucks there are, with an image and where their number varies; left out, all."""

    goal: tuple[float, ...] = ()
    """Instead of an image: x and y of the hand, then of each puck (of a door its handle), metres; 0 0 for a
    missing puck. The middle is at 0 0.6; the camera looks from beyond: x grows to the left of its pictures, y
    towards it."""

    seed: int = 0
    """Chooses the goal where none is given."""

    steps: int = 0
    """Actions; 0 takes as many as in training."""

    one_at_a_time: bool = False
    """Show goals that move one object each, pucks first and the hand last; not with an image."""

    out: str = ""
    """GIF file for the episode beside its goal, or PNG file for a contact sheet; none if left out."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        if not Path(self.checkpoint).exists():
            raise ConfigError(f"checkpoint: got {self.checkpoint[:200]}, expected an existing file or folder")
        if self.goal_image and not Path(self.goal_image).is_file():
            raise ConfigError(f"goal_image: got {self.goal_image[:200]}, expected an existing file")
        if self.goal_image and (self.goal or self.one_at_a_time):
            name = "goal" if self.goal else "one_at_a_time"
            raise ConfigError(f"{name}: got {getattr(self, name)}, expected nothing beside --goal-image")
        if self.pucks is not None and not self.goal_image:
            raise ConfigError(f"pucks: got {self.pucks}, expected nothing without --goal-image")
        for number in self.goal:
            check_real("goal", number, low=-0.4, high=1.2)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_whole("steps", self.steps, low=0, high=LONGEST)
        if self.out and (Path(self.out).suffix not in SUFFIXES or not Path(self.out).parent.is_dir()):
            raise ConfigError(
                f"out: got {self.out[:200]}, expected a file in a folder that exists, ending in .gif or .png"
            )


def main(argv: list[str]) -> int:
    """Parses the flags and plays."""
    return run(parse_flags(Config, argv, command="reach"))


def run(config: Config) -> int:
    """Plays the episode, tells how near it came and writes what was asked for; returns the exit code."""
    from agents.commands.actions.reach import reach

    return reach(config)
