"""How a network is fitted: configs of the supervised loop in `vision.fit`."""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from vision.checks import LARGEST, require
from vision.schedules import ScheduleConfig

OptimizerKind = Literal["sgd", "momentum", "nesterov", "adam", "adamw"]
Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class OptimizerConfig:
    """Which optimiser; the schedule sets its rate and momentum for every update.

    Attributes:
        kind: `sgd` ignores the schedule's momentum; for `adam` and `adamw` it is the first decay rate.
        weight_decay: factor of the weights that is added to their gradient (`adamw`: decoupled), at least 0.
        decay_vectors: also decay biases and the scales and shifts of normalisation, as He et al. 2016 do.
        second_decay: Adam's decay rate of squared gradients, in [0, 1).
    """

    kind: OptimizerKind = "momentum"
    weight_decay: float = 5e-4
    decay_vectors: bool = True
    second_decay: float = 0.999

    def __post_init__(self) -> None:
        known = ("sgd", "momentum", "nesterov", "adam", "adamw")
        require(self.kind in known, self, "kind", f"one of {', '.join(known)}")
        require(0 <= self.weight_decay <= LARGEST, self, "weight_decay", f"a number from 0 to {LARGEST:g}")
        require(0 <= self.second_decay < 1, self, "second_decay", "a number in [0, 1)")


@dataclass(frozen=True)
class FitConfig:
    """One supervised run.

    Attributes:
        schedule: length, rates, momentum and batches.
        optimizer: which optimiser.
        clip: largest norm of the whole gradient; 0 means no clipping.
        precision: arithmetic of the forward pass; weights stay float32.
        compile: let `torch.compile` fuse the network.
        channels_last: store images with channels innermost, faster for convolutions on most devices.
        average_half_life: passes over the data after which a weight counts half in the averaged network; 0
            keeps no average. Being counted in data, it holds for any batch size.
        micro_batch: most samples in one forward pass; larger batches are accumulated; 0 means no limit.
        ghost_batch: samples that each batch normalisation sees; 0 means the whole forward pass.
        interval_epochs: passes over the data between two reports.
    """

    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    clip: float = 0.0
    precision: Precision = "float32"
    compile: bool = False
    channels_last: bool = False
    average_half_life: float = 0.0
    micro_batch: int = 0
    ghost_batch: int = 0
    interval_epochs: float = 1.0

    def __post_init__(self) -> None:
        require(0 <= self.clip <= LARGEST, self, "clip", f"a number from 0 to {LARGEST:g}")
        known = ("float32", "bfloat16", "float16")
        require(self.precision in known, self, "precision", f"one of {', '.join(known)}")
        half_life = self.average_half_life
        require(0 <= half_life <= LARGEST, self, "average_half_life", f"a number from 0 to {LARGEST:g}")
        require(self.micro_batch >= 0, self, "micro_batch", "at least 0 samples")
        require(self.ghost_batch >= 0, self, "ghost_batch", "at least 0 samples")
        whole = self.ghost_batch <= self.micro_batch or self.micro_batch == 0
        require(whole, self, "ghost_batch", f"at most micro_batch ({self.micro_batch})")
        positive = 0 < self.interval_epochs <= LARGEST
        require(positive, self, "interval_epochs", f"a number above 0, at most {LARGEST:g}")
        raises_momentum = self.schedule.kind == "increased_momentum"
        possible = not (self.optimizer.kind == "sgd" and raises_momentum)
        require(possible, self, "optimizer", "one with momentum, for the schedule 'increased_momentum'")

    @property
    def plan(self) -> ScheduleConfig:
        """The schedule as this optimiser follows it: plain `sgd` has no momentum."""
        return replace(self.schedule, momentum=0.0) if self.optimizer.kind == "sgd" else self.schedule

    @property
    def intervals(self) -> int:
        """How many reports a run makes."""
        return math.ceil(self.schedule.epochs / self.interval_epochs - 1e-9)
