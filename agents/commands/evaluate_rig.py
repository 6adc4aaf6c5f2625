"""`run.py evaluate rig RUN ...`: final distances to held-out goals over seeds, and pictures."""

from dataclasses import dataclass
from typing import Literal

import tyro

from agents.runs.checkpoint_paths import check_checkpoint_paths
from agents.runs.device import DeviceName
from agents.runs.fields import MAX_SEED, check_folder_to_be, check_new_file, check_whole

MOST_GOALS = 100_000
LONGEST = 2**16


@dataclass(frozen=True)
class Config:
    """Evaluate agents on held-out goals, the same for all runs of a task, beside a hand that never moves.

    Runs that differ only in their seed are one group; those of the method oracle are compared with.
    """

    checkpoints: tyro.conf.Positional[tuple[str, ...]]
    """Run folders, folders of several seeds, or checkpoint files."""

    checkpoint: Literal["last", "best"] = "last"
    """Which checkpoint of a run folder, where it has both."""

    goals: int = 100
    """How many goals."""

    seed: int = 0
    """Chooses the goals, apart from the runs' seeds."""

    horizon: int = 0
    """Actions towards each goal; 0 takes as many as in training."""

    one_at_a_time: bool = False
    """Show goals that move one object each, pucks first and the hand last, drawn from the true scene."""

    pictures: str = ""
    """Folder for pictures: rollouts beside goals, and what autoencoders decode; none if left out."""

    json: str = ""
    """File for everything measured, as JSON; none if left out."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        check_checkpoint_paths(self.checkpoints)
        check_whole("goals", self.goals, low=1, high=MOST_GOALS)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_whole("horizon", self.horizon, low=0, high=LONGEST)
        if self.pictures:
            check_folder_to_be("pictures", self.pictures)
        if self.json:
            check_new_file("json", self.json, ".json")


def run(config: Config) -> int:
    """Prints the table and writes what was asked for; returns the exit code."""
    from agents.commands.actions.evaluate_rig import write_evaluation

    write_evaluation(config)
    return 0
