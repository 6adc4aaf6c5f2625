"""`run.py evaluate series CHECKPOINT ...`: errors of forecasters beside simple forecasts, with intervals."""

from dataclasses import dataclass

import tyro

from agents.runs.checkpoint_paths import check_checkpoint_paths
from agents.runs.device import DeviceName
from agents.runs.fields import MAX_SEED, check_folder, check_folder_to_be, check_new_file, check_whole


@dataclass(frozen=True)
class Config:
    """Evaluate forecasters on the test part of their series, in units of the standardised targets.

    Beside them stand three forecasts on the same windows that need no training: the last value known
    (persistence), and ridge regressions on the past values (VAR) and on all inputs (ridge).
    """

    checkpoints: tyro.conf.Positional[tuple[str, ...]]
    """Checkpoint files, run folders, or folders of several seeds."""

    data: str = ""
    """Folder of the series; left out, the one that the run had."""

    plots: str = ""
    """Folder for a picture of forecasts against truth for each checkpoint; none if left out."""

    start: int = 0
    """First event of the test part in the picture."""

    stretch: int = 200
    """Events in the picture."""

    json: str = ""
    """File for everything measured, as JSON; none if left out."""

    seed: int = 0
    """Source of the bootstrap."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_whole("start", self.start, low=0, high=10**9)
        check_whole("stretch", self.stretch, low=2, high=10**5)
        check_checkpoint_paths(self.checkpoints)
        if self.data:
            check_folder("data", self.data)
        if self.plots:
            check_folder_to_be("plots", self.plots)
        if self.json:
            check_new_file("json", self.json, ".json")


def run(config: Config) -> int:
    """Prints the table and writes what was asked for; returns the exit code."""
    from agents.commands.actions.evaluate_series import write_evaluation

    write_evaluation(config)
    return 0
