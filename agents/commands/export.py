"""`run.py export RUN FILE`: the curling network of a run as a small file of its own."""

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from agents.commands.flags import parse_flags
from agents.runs.checkpoint_paths import SUFFIX, resolve
from agents.runs.errors import ConfigError
from agents.runs.fields import check_new_file


@dataclass(frozen=True)
class Config:
    """Write the network of a run of kr_dl or kr_drl to a small file, which plays wherever the run could.

    The file has the weights that play, the network's config, the ice and noise it learned on and, of
    self-play, how the ends fell; not what training needs to go on.
    """

    run: tyro.conf.Positional[str]
    """The run folder (its best checkpoint, or its last), or a checkpoint such as RUN/last."""

    file: tyro.conf.Positional[str]
    """File to write, ending in .safetensors."""

    force: bool = False
    """Replace the file if there is one."""

    def __post_init__(self) -> None:
        source = resolve(Path(self.run))
        if source is None:
            raise ConfigError(f"run: got {self.run[:200]!r}, expected a run folder or a checkpoint")
        check_new_file("file", self.file, SUFFIX)
        if Path(self.file).exists():
            if not self.force:
                raise ConfigError(f"file: got {self.file[:200]}, which exists, expected another or --force")
            if source.samefile(self.file):
                raise ConfigError(f"file: got {self.file[:200]}, the run's own, expected another")


def main(argv: list[str]) -> int:
    """Parses the flags and writes the file."""
    return run(parse_flags(Config, argv, command="export"))


def run(config: Config) -> int:
    """Writes the network and says what it is; returns the exit code."""
    from agents.curling.networks.models import load_network, save_network

    found = load_network(resolve(Path(config.run)))
    save_network(
        Path(config.file),
        found.network,
        found.config,
        kind=found.kind,
        step=found.step,
        conditions=found.conditions,
        hammer_points=found.hammer_points,
    )
    size = sum(weights.numel() for weights in found.network.parameters())
    ends = "" if found.hammer_points is None else f", {found.hammer_points.sum():,} ends of self-play"
    sys.stdout.write(f"{config.file}: {found.kind} after {found.step} intervals, {size:,} weights{ends}\n")
    return 0
