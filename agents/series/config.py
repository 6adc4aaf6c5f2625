"""The flags of `run.py train series`: series, windows, network, optimiser."""

from dataclasses import dataclass, fields
from typing import Literal

from agents.runs.fields import MAX_SEED
from vision.checks import LARGEST, require
from vision.fit_config import FitConfig, OptimizerConfig, OptimizerKind
from vision.schedules import ScheduleConfig
from vision.series.model_config import ForecasterConfig, ForecasterName

OTHER_FIELDS: dict[str, tuple[str, ...]] = {
    "artificial": ("events", "sources", "asynchronous", "data_seed"),
    "household": ("events", "sources"),
    "generated": ("data", "file"),
}
"""Data set -> the fields that mean nothing to it."""


@dataclass(frozen=True)
class SeriesConfig:
    """Train a network that forecasts an asynchronous series (Binkowski et al. 2018)."""

    data: str = ""
    """Folder of the data set's file; a generated series needs none."""

    dataset: Literal["artificial", "household", "generated"] = "generated"
    """The authors' artificial series, the power of a household (UCI), or an artificial series made anew."""

    file: str = ""
    """Name of the file in the folder; left out, the only one whose name tells that it is of the data set."""

    events: int = 10000
    """Length of a generated series."""

    sources: int = 16
    """Noisy sources of a generated series."""

    asynchronous: bool = True
    """Let an event show one source or quantity instead of all."""

    data_seed: int | None = None
    """Source of the generated series, or of which quantities are seen; left out, the run's own seed."""

    length: int = 60
    """Events of the past that a forecast is made from."""

    value_input: Literal["observed", "clean"] = "observed"
    """Past of the targets as known then, or their true past, which nobody sees: the authors' leak."""

    model: ForecasterName = "socnn"
    """Which network."""

    layers: int = 10
    """Convolutions of socnn's significance network, or of cnn and resnet."""

    offset_layers: int = 1
    """Convolutions of socnn's offset network."""

    filters: int = 8
    """Channels between convolutions."""

    kernels: tuple[int, ...] = (1, 3)
    """Events that each convolution spans, over and over."""

    weighting: Literal["softmax", "softplus"] = "softmax"
    """How socnn's significances become weights over the window."""

    shared_weights: bool = False
    """One final weight of socnn a lag for all targets, instead of one a lag and target."""

    max_norm: float = 10.0
    """Largest norm of socnn's weights that lead to one channel; 0 means no limit."""

    auxiliary: float = 0.0
    """Weight of the error of socnn's single adjusted values in its loss."""

    dropout: float = 0.0
    """Share of the features dropped before each convolution of cnn and resnet."""

    units: int = 32
    """State of lstm and phased_lstm."""

    epochs: float = 30.0
    """Passes over the training windows."""

    rate: float = 1e-2
    """Initial learning rate; it falls as a cosine."""

    batch: int = 128
    """Windows per update."""

    optimizer: OptimizerKind = "adam"
    """Rule of the updates."""

    clip: float = 1.0
    """Largest norm of the gradient; 0 means no clipping."""

    interval_epochs: float = 1.0
    """Passes over the training windows between two measurements."""

    def __post_init__(self) -> None:
        seeded = self.data_seed is None or 0 <= self.data_seed <= MAX_SEED
        require(seeded, self, "data_seed", f"a whole number from 0 to {MAX_SEED}, or nothing")
        for name in ("events", "sources", "length"):
            require(1 <= getattr(self, name) <= LARGEST, self, name, f"a whole number from 1 to {LARGEST:g}")
        for field in fields(self):
            foreign = field.name in OTHER_FIELDS[self.dataset] and getattr(self, field.name) != field.default
            require(not foreign, self, field.name, f"{field.default!r}, because {self.dataset} has none")
        _ = self.fit, self.forecaster

    @property
    def reads_files(self) -> bool:
        """Whether the series comes from a file."""
        return self.dataset != "generated"

    @property
    def intervals(self) -> int:
        """How many measurements a run makes."""
        return self.fit.intervals

    @property
    def fit(self) -> FitConfig:
        """The config of the supervised loop."""
        schedule = ScheduleConfig(
            kind="cosine",
            epochs=self.epochs,
            rate=self.rate,
            batch=self.batch,
            max_batch=max(self.batch, 1),
        )
        optimizer = OptimizerConfig(kind=self.optimizer, weight_decay=0.0)
        return FitConfig(schedule, optimizer, clip=self.clip, interval_epochs=self.interval_epochs)

    @property
    def forecaster(self) -> ForecasterConfig:
        """The config of the network."""
        own = {field.name: getattr(self, field.name) for field in fields(ForecasterConfig)[1:]}
        return ForecasterConfig(self.model, **own)
