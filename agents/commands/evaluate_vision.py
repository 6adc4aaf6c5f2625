"""`run.py evaluate vision CHECKPOINT ... --data DIR`: one table of reports on classifiers, with intervals."""

from dataclasses import dataclass
from typing import Literal

import tyro

from agents.runs.checkpoint_paths import check_checkpoint_paths
from agents.runs.device import DeviceName
from agents.runs.fields import MAX_SEED, check_folder, check_folder_to_be, check_new_file, check_whole


@dataclass(frozen=True)
class Config:
    """Evaluate checkpoints on the test images of their data set; the others are compared with the first."""

    checkpoints: tyro.conf.Positional[tuple[str, ...]]
    """Checkpoint files, run folders (their best checkpoint, else their last), or folders of several seeds."""

    data: str
    """Folder of the data set's official files, or the folder around it."""

    weights: Literal["auto", "last", "average"] = "auto"
    """Which weights; auto takes the averaged ones where a run kept them."""

    images: int = 0
    """Evaluate a seeded subset of this many test images with the same class shares; 0 takes all."""

    corruptions: bool = False
    """Also measure accuracy under noise, blur and low contrast at five severities."""

    plots: str = ""
    """Folder for the reliability diagram and confusion matrix of each checkpoint; none if left out."""

    json: str = ""
    """File for everything measured, as JSON; none if left out."""

    seed: int = 0
    """Source of the bootstrap, the corruptions and the subset."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_whole("images", self.images, low=0, high=10**9)
        check_checkpoint_paths(self.checkpoints)
        check_folder("data", self.data)
        if self.plots:
            check_folder_to_be("plots", self.plots)
        if self.json:
            check_new_file("json", self.json, ".json")


def run(config: Config) -> int:
    """Prints the table and writes what was asked for; returns the exit code."""
    from agents.commands.actions.evaluate_vision import write_evaluation

    write_evaluation(config)
    return 0
