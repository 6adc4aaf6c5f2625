"""The flags of `run.py train language`: corpus, network, output embedding, optimiser."""

from dataclasses import dataclass
from typing import Literal

from vision.checks import require
from vision.fit_config import FitConfig, OptimizerConfig, OptimizerKind
from vision.schedules import ScheduleConfig


@dataclass(frozen=True)
class LanguageConfig:
    """Train a recurrent language model whose output embedding is learned or fixed (Hoffer et al. 2018)."""

    data: str = ""
    """Folder of the WikiText files, or the folder around it."""

    train_part: Literal["train", "valid", "test"] = "train"
    """Text to learn from."""

    test_part: Literal["train", "valid", "test"] = "valid"
    """Text to measure on; perplexities compare only between equal parts and vocabularies."""

    least: int = 1
    """Words rarer than this in the training text count as unknown."""

    output: Literal["learned", "random", "pmi", "word2vec"] = "learned"
    """Output embedding: learned, or fixed to random, mutual-information or word2vec directions."""

    dimensions: int = 512
    """Size of word vectors and states."""

    layers: int = 2
    """Stacked LSTM layers."""

    dropout: float = 0.2
    """Share of features dropped around the layers."""

    window: int = 35
    """Words per training window; its state starts at zero."""

    epochs: float = 10.0
    """Passes over the training text."""

    rate: float = 1e-3
    """Initial learning rate; it falls as a cosine."""

    batch: int = 20
    """Windows per update."""

    optimizer: OptimizerKind = "adam"
    """Rule of the updates."""

    clip: float = 0.25
    """Largest norm of the gradient; 0 means no clipping."""

    interval_epochs: float = 1.0
    """Passes over the text between two measurements."""

    def __post_init__(self) -> None:
        require(self.train_part != self.test_part, self, "test_part", "another part than train_part")
        for name in ("least", "dimensions", "layers", "window"):
            require(getattr(self, name) >= 1, self, name, "at least 1")
        require(0 <= self.dropout < 1, self, "dropout", "a number in [0, 1)")
        _ = self.fit

    @property
    def intervals(self) -> int:
        """How many measurements a run makes."""
        return self.fit.intervals

    @property
    def fit(self) -> FitConfig:
        """The config of the supervised loop."""
        schedule = ScheduleConfig(kind="cosine", epochs=self.epochs, rate=self.rate, batch=self.batch)
        optimizer = OptimizerConfig(kind=self.optimizer, weight_decay=0.0)
        return FitConfig(schedule, optimizer, clip=self.clip, interval_epochs=self.interval_epochs)
