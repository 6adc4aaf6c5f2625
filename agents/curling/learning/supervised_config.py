"""The flags of `run.py train kr_dl`: a teacher's pairs, the network, the schedule (Lee et al., ICML 2018)."""

from dataclasses import dataclass, field
from typing import Literal

from agents.curling.networks.network_config import NetworkConfig
from agents.runs.fields import check_choice, check_real, check_whole
from vision.fit_config import FitConfig, OptimizerConfig, OptimizerKind, Precision
from vision.schedules import ScheduleConfig, ScheduleKind

VALUE_TARGETS = ("outcome", "rollout")


@dataclass(frozen=True)
class SupervisedConfig:
    """Train a policy and value network on the shots of a teacher (KR-DL).

    The defaults are those of the paper: 100 passes, momentum 0.9, batches of 256, a rate of 0.01 that is
    divided by ten twice.
    """

    data: str = ""
    """Folder of pairs, as run.py teach writes it."""

    pairs: int = 0
    """Learn from the first so many pairs; 0 takes all."""

    validation_every: int = 20
    """Every so many games one is held out and reported on."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The network."""

    value_target: Literal["outcome", "rollout"] = "rollout"
    """What the value learns: how the game really ended, or what the network says of the position after the
    pair's rollout (how the end ended, where the rollout reached that)."""

    value_weight: float = 1.0
    """Weight of the value's loss beside the policy's."""

    mirror: bool = True
    """Show every second position mirrored, drawn anew each time."""

    schedule: ScheduleKind = "decay_rate"
    """How rate and batch change over the run."""

    epochs: float = 100.0
    """Passes over the pairs."""

    rate: float = 0.01
    """Initial learning rate."""

    momentum: float = 0.9
    """Momentum; Adam's first decay rate."""

    batch: int = 256
    """Pairs of an update."""

    factor: float = 10.0
    """By what the rate is divided at every milestone."""

    milestones: tuple[float, ...] = (0.5, 0.8)
    """When the rate falls, in fractions of the run."""

    warmup_epochs: float = 0.0
    """Passes over which the rate rises from zero."""

    optimizer: OptimizerKind = "momentum"
    """Rule of the updates."""

    weight_decay: float = 2e-4
    """Factor of the weights added to their gradient: twice that of the squared norm in the loss."""

    second_decay: float = 0.999
    """Adam's decay rate of squared gradients."""

    clip: float = 0.0
    """Largest norm of the gradient; 0 means no clipping."""

    precision: Precision = "float32"
    """Arithmetic of the forward pass."""

    compile: bool = False
    """Compile the network: slower to start, faster to run."""

    interval_epochs: float = 1.0
    """Passes over the pairs between two measurements; rollouts are judged anew as often."""

    def __post_init__(self) -> None:
        check_whole("pairs", self.pairs, low=0, high=10**9)
        check_whole("validation_every", self.validation_every, low=2, high=10**6)
        check_choice("value_target", self.value_target, VALUE_TARGETS)
        check_real("value_weight", self.value_weight, low=0.0, high=1e6)
        _ = self.fit  # its parts check their own fields

    @property
    def intervals(self) -> int:
        """How many measurements a run makes."""
        return self.fit.intervals

    @property
    def fit(self) -> FitConfig:
        """The config of the supervised loop."""
        schedule = _take(ScheduleConfig, self, kind=self.schedule, max_batch=10**6)
        optimizer = _take(OptimizerConfig, self, kind=self.optimizer)
        return _take(FitConfig, self, schedule=schedule, optimizer=optimizer)


def _take(part: type, config: SupervisedConfig, **given: object) -> object:
    """Return a part's config: `given`, else the fields of the same name of `config`, else the part's own."""
    names = [name for name in part.__dataclass_fields__ if name not in given and hasattr(config, name)]
    return part(**given, **{name: getattr(config, name) for name in names})
