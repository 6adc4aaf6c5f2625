"""`run.py evaluate language CHECKPOINT ... --data DIR`: perplexities of language models, with intervals."""

from dataclasses import dataclass
from typing import Literal

import tyro

from agents.runs.checkpoint_paths import check_checkpoint_paths
from agents.runs.device import DeviceName
from agents.runs.fields import MAX_SEED, check_choice, check_folder, check_new_file, check_whole

PARTS = ("", "train", "valid", "test")


@dataclass(frozen=True)
class Config:
    """Evaluate language models on a text, read once from end to end.

    Words that a model does not know count as unknown.
    """

    checkpoints: tyro.conf.Positional[tuple[str, ...]]
    """Checkpoint files, run folders, or folders of several seeds."""

    data: str
    """Folder of the WikiText files, or the folder around it."""

    part: Literal["", "train", "valid", "test"] = ""
    """Which text; left out, the one on which the run was measured."""

    json: str = ""
    """File for everything measured, as JSON; none if left out."""

    seed: int = 0
    """Source of the bootstrap."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one."""

    def __post_init__(self) -> None:
        check_choice("part", self.part, PARTS)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_checkpoint_paths(self.checkpoints)
        check_folder("data", self.data)
        if self.json:
            check_new_file("json", self.json, ".json")


def run(config: Config) -> int:
    """Prints the table and writes what was asked for; returns the exit code."""
    from agents.commands.actions.evaluate_language import write_evaluation

    write_evaluation(config)
    return 0
