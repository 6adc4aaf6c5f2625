"""The flags of `run.py train vision`: data, network, schedule and everything the papers vary."""

from dataclasses import dataclass, field
from typing import Literal

from vision.checks import LARGEST, require
from vision.fit_config import FitConfig, OptimizerConfig, OptimizerKind, Precision
from vision.images.augment_config import AugmentConfig
from vision.images.model_config import HeadConfig, RegularizerConfig
from vision.schedules import ScheduleConfig, ScheduleKind

Range = tuple[float, float]
OF_A_REGULARIZER = (
    *("level", "gate", "keep", "alpha", "beta"),
    *("forward", "backward", "placement", "scaling"),
)
"""Fields that mean nothing without a regularizer."""


@dataclass(frozen=True)
class VisionConfig:
    """Train an image classifier.

    The defaults are the decaying run of Smith et al. 2018 on CIFAR-10 (WRN-16-4, 200 epochs).
    """

    data: str = ""
    """Folder of the data set's official files, or the folder around it."""

    dataset: Literal["cifar10", "cifar100", "mnist", "folder"] = "cifar10"
    """Layout of the files."""

    train_images: int = 0
    """Train on a seeded subset of this size with the same class shares; 0 takes all images."""

    validation_images: int = 0
    """Hold out this many training images and report on them; 0 reports on the test images instead."""

    data_seed: int = 0
    """Chooses the subset and the held-out images, apart from the run's seed, so that runs can be paired."""

    measure_training: bool = False
    """Measure on the training images too, unvaried, for the gap to the unseen ones."""

    shuffle_labels: bool = False
    """Control: train on permuted labels, from which nothing can be learnt but by heart."""

    model: str = "wrn_16_4"
    """Network by name, such as resnet56, wrn_16_4, pyramidnet110_a48, densenet_bc100_k12."""

    regularizer: Literal["none", "stochastic_depth", "shakedrop", "shake", "shake_shake"] = "none"
    """What disturbs the residual branches."""

    level: Literal["batch", "image", "channel", "pixel"] = "image"
    """What shares one coefficient of the regularizer."""

    gate: Literal["batch", "sample"] = "batch"
    """What shares one gate of the regularizer."""

    keep: float = 0.5
    """Probability that the last block's gate is open."""

    alpha: Range | None = None
    """Range of the forward coefficient; left out, the regularizer's own."""

    beta: Range | None = None
    """Range of the backward coefficient; left out, the regularizer's own."""

    forward: Literal["shake", "even"] = "shake"
    """Draw the forward coefficient, or use its mean."""

    backward: Literal["shake", "even", "keep"] = "shake"
    """Draw the backward coefficient, use its mean, or keep the forward one."""

    placement: Literal["after_sum", "per_branch"] = "after_sum"
    """One factor after the sum of a block's branches, or one on each branch."""

    scaling: Literal["original", "inverted"] = "original"
    """Scale dropped residuals in evaluation, or in training."""

    head: Literal["learned", "cosine", "orthonormal", "hadamard"] = "learned"
    """Classifier on the features."""

    head_scale: float | None = None
    """Scale of the logits of a head that normalises; left out, the paper's."""

    learn_scale: bool = True
    """Let the head's scale be learnt."""

    schedule: ScheduleKind = "decay_rate"
    """How rate and batch change over the run."""

    epochs: float = 200.0
    """Passes over the training images."""

    rate: float = 0.1
    """Initial learning rate (of the decaying run that the schedule replaces)."""

    momentum: float = 0.9
    """Momentum; Adam's first decay rate."""

    batch: int = 128
    """Initial batch in images (of the decaying run that the schedule replaces)."""

    factor: float = 5.0
    """Ratio of the noise scales before and after a milestone."""

    milestones: tuple[float, ...] = (0.3, 0.6, 0.8)
    """Where the noise scale falls, in fractions of the run."""

    max_batch: int = 5120
    """Largest batch in images; after it the rate decays."""

    rate_boost: float = 5.0
    """How much higher increased_rate and increased_momentum start in rate."""

    raised_momentum: float = 0.98
    """Momentum of increased_momentum."""

    warmup_epochs: float = 0.0
    """Passes over which the rate rises from zero."""

    optimizer: OptimizerKind = "momentum"
    """Rule of the updates; sgd has no momentum."""

    weight_decay: float = 5e-4
    """Factor of the weights added to their gradient."""

    decay_vectors: bool = True
    """Decay biases and the scales and shifts of normalisation too."""

    second_decay: float = 0.999
    """Adam's decay rate of squared gradients."""

    label_smoothing: float = 0.0
    """Share of each label that is spread over all classes."""

    clip: float = 0.0
    """Largest norm of the gradient; 0 means no clipping."""

    precision: Precision = "float32"
    """Arithmetic of the forward pass."""

    compile: bool = False
    """Compile the network: slower to start, faster to run."""

    channels_last: bool = False
    """Store images with channels innermost."""

    average_half_life: float = 0.0
    """Half-life of the averaged weights in passes over the data; 0 keeps no average."""

    micro_batch: int = 0
    """Most images in one forward pass; larger batches are accumulated; 0 means no limit."""

    ghost_batch: int = 0
    """Images that each batch normalisation sees; 0 means the whole forward pass."""

    interval_epochs: float = 1.0
    """Passes over the data between two measurements."""

    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """How training images are varied."""

    def __post_init__(self) -> None:
        require(self.train_images >= 0, self, "train_images", "at least 0 images")
        require(self.validation_images >= 0, self, "validation_images", "at least 0 images")
        require(0 <= self.data_seed < 2**63, self, "data_seed", "a whole number from 0 to 2**63 - 1")
        require(0 <= self.label_smoothing < 1, self, "label_smoothing", "a number in [0, 1)")
        require(0 <= self.keep <= 1, self, "keep", "a probability in [0, 1]")
        scaled = self.head_scale is None or (self.head != "learned" and 0 < self.head_scale <= LARGEST)
        require(scaled, self, "head_scale", "a number above 0, and none for the learned head")
        for name in OF_A_REGULARIZER if self.regularizer == "none" else ():
            default = self.__dataclass_fields__[name].default
            require(getattr(self, name) == default, self, name, "nothing beside the regularizer none")
        require(self.learn_scale or self.head != "learned", self, "learn_scale", "a head that normalises")
        # The parts check their own fields.
        _ = self.fit, self.regularizer_config, self.head_config

    @property
    def intervals(self) -> int:
        """How many measurements a run makes."""
        return self.fit.intervals

    @property
    def fit(self) -> FitConfig:
        """The config of the supervised loop."""
        schedule = _take(ScheduleConfig, self, kind=self.schedule)
        optimizer = _take(OptimizerConfig, self, kind=self.optimizer)
        return _take(FitConfig, self, schedule=schedule, optimizer=optimizer)

    @property
    def regularizer_config(self) -> RegularizerConfig:
        """The config of the residual regularizer; `none` has no further fields."""
        if self.regularizer == "none":
            return RegularizerConfig()
        return _take(RegularizerConfig, self, kind=self.regularizer, decay="linear")

    @property
    def head_config(self) -> HeadConfig:
        """The config of the classifier on the features."""
        return HeadConfig(kind=self.head, scale=self.head_scale, learn_scale=self.learn_scale)


def _take(part: type, config: VisionConfig, **given: object) -> object:
    """Return a part's config whose fields are `given`, or else the fields of the same name of `config`."""
    names = [name for name in part.__dataclass_fields__ if name not in given]
    return part(**given, **{name: getattr(config, name) for name in names})
