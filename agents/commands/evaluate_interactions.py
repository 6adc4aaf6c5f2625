"""`run.py evaluate interactions CHECKPOINT ...`: errors, ranked interactions, and how true they are."""

from dataclasses import dataclass
from typing import Literal

import tyro

from agents.runs.checkpoint_paths import check_checkpoint_paths
from agents.runs.device import DeviceName
from agents.runs.fields import (
    MAX_SEED,
    check_choice,
    check_folder,
    check_folder_to_be,
    check_new_file,
    check_whole,
)

MEANS = ("min", "harmonic", "geometric", "arithmetic", "rms", "max")
MAX_SHOWN = 100


@dataclass(frozen=True)
class Config:
    """Rank the interactions that fitted networks have found, and measure their error on the test rows.

    Sets of any size are ranked greedily, without the subsets of stronger ones; pairs are ranked all. Where
    the true interactions are known, three scores say how well the rankings find them; 1 is perfect.
    """

    checkpoints: tyro.conf.Positional[tuple[str, ...]]
    """Checkpoint files, run folders (their best checkpoint, else their last), or folders of several seeds."""

    data: str = ""
    """Folder of the data set's file; left out, the one on which the run learnt."""

    mean: Literal["min", "harmonic", "geometric", "arithmetic", "rms", "max"] = "min"
    """How the weights of the inputs of a set are averaged at a unit; min is the paper's choice."""

    shown: int = 8
    """Interactions of each ranking in the table; the JSON file holds more."""

    cutoff: int = 0
    """Also fit MLP-Cutoff: networks of single inputs and of the first interactions, one more at a time until
    the validation loss is the run's or there are this many; 0 leaves it out."""

    json: str = ""
    """File for everything measured, as JSON; none if left out."""

    plots: str = ""
    """Folder for a heat map of all pairs of each checkpoint; none if left out."""

    seed: int = 0
    """Source of the bootstrap and of the weights of MLP-Cutoff."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        check_choice("mean", self.mean, MEANS)
        check_whole("shown", self.shown, low=1, high=MAX_SHOWN)
        check_whole("cutoff", self.cutoff, low=0, high=MAX_SHOWN)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_checkpoint_paths(self.checkpoints)
        if self.data:
            check_folder("data", self.data)
        if self.plots:
            check_folder_to_be("plots", self.plots)
        if self.json:
            check_new_file("json", self.json, ".json")


def run(config: Config) -> int:
    """Prints the tables and writes what was asked for; returns the exit code."""
    from agents.commands.actions.evaluate_interactions import write_evaluation

    write_evaluation(config)
    return 0
