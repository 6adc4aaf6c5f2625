"""The flags of `run.py train interactions`: what is fitted, the network, its penalty and its schedule."""

import math
from dataclasses import dataclass
from typing import Literal

from agents.runs.fields import check_choice, check_whole
from vision.checks import LARGEST, require
from vision.fit_config import FitConfig, OptimizerConfig
from vision.schedules import ScheduleConfig

FUNCTION_NAMES = tuple(f"f{number}" for number in range(1, 11))
FunctionName = Literal["", "suite", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10"]
DatasetName = Literal["", "bike", "california", "letter"]
NetworkKind = Literal["mlp", "mlp_m"]
MAX_EPOCHS, MAX_ROWS, MAX_UNITS, MAX_LAYERS = 10_000, 10_000_000, 100_000, 50


@dataclass(frozen=True)
class InteractionsConfig:
    """Fit a network whose weights tell which inputs interact (Tsang et al. 2018).

    Name a synthetic function, whose interactions are known, or a data set and its folder. The best checkpoint
    is the one of the lowest validation loss, which stopping early would keep.
    """

    function: FunctionName = ""
    """Synthetic function of ten inputs; suite fits all ten side by side."""

    data: str = ""
    """Folder of the data set's file."""

    dataset: DatasetName = ""
    """Which data set: hourly bike rentals, California housing, or the first against the last letters."""

    rows: int = 10_000
    """Rows drawn of a synthetic function for training, and as many for validation and test each."""

    network: NetworkKind = "mlp"
    """One perceptron, or (mlp_m) one beside networks of single inputs, which spare it their effects."""

    hidden: tuple[int, ...] = (140, 100, 60, 20)
    """Units of the hidden layers."""

    univariate: tuple[int, ...] = (10, 10, 10)
    """Units of the hidden layers of the networks of single inputs."""

    l1: float = 5e-5
    """Penalty on the sum of absolute weights of the main perceptron."""

    epochs: float = 60.0
    """Passes over the training rows."""

    rate: float = 0.01
    """Initial learning rate of Adam."""

    decay: float = 0.95
    """Factor of the rate after every pass, from 0.001 to 1."""

    batch: int = 100
    """Rows per update."""

    interval_epochs: float = 5.0
    """Passes over the training rows between two measurements."""

    def __post_init__(self) -> None:
        check_choice("function", self.function, ("", "suite", *FUNCTION_NAMES))
        check_choice("dataset", self.dataset, ("", "bike", "california", "letter"))
        require(not (self.function and self.dataset), self, "dataset", "nothing beside a function")
        require(not self.function or not self.data, self, "data", "nothing beside a function")
        check_whole("rows", self.rows, low=2, high=MAX_ROWS)
        check_choice("network", self.network, ("mlp", "mlp_m"))
        for name in ("hidden", "univariate"):
            require(1 <= len(getattr(self, name)) <= MAX_LAYERS, self, name, f"1 to {MAX_LAYERS} layers")
            for units in getattr(self, name):
                check_whole(name, units, low=1, high=MAX_UNITS)
        require(0 <= self.l1 <= LARGEST, self, "l1", f"a number from 0 to {LARGEST:g}")
        require(0 < self.epochs <= MAX_EPOCHS, self, "epochs", f"a number above 0, at most {MAX_EPOCHS}")
        require(1e-3 <= self.decay <= 1, self, "decay", "a number from 0.001 to 1")
        check_whole("batch", self.batch, low=1, high=MAX_ROWS)
        _ = self.fit

    @property
    def functions(self) -> tuple[str, ...]:
        """The synthetic functions that are fitted side by side."""
        if self.function == "suite":
            return FUNCTION_NAMES
        return (self.function,) if self.function else ()

    @property
    def intervals(self) -> int:
        """How many measurements a run makes."""
        return self.fit.intervals

    @property
    def fit(self) -> FitConfig:
        """The config of the supervised loop: the rate falls after every pass."""
        schedule = ScheduleConfig(
            kind="decay_rate",
            epochs=self.epochs,
            rate=self.rate,
            batch=self.batch,
            factor=1.0 / self.decay,
            milestones=tuple(number / self.epochs for number in range(1, math.ceil(self.epochs))),
            max_batch=self.batch,
        )
        optimizer = OptimizerConfig(kind="adam", weight_decay=0.0)
        return FitConfig(schedule, optimizer, interval_epochs=self.interval_epochs)
