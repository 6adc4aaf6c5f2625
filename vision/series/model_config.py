"""Sizes of the forecasting networks, and which of them belong to which network."""

from dataclasses import dataclass, fields
from typing import Literal

from vision.checks import LARGEST, require

ForecasterName = Literal["socnn", "cnn", "resnet", "lstm", "phased_lstm", "linear"]

FIELDS: dict[str, tuple[str, ...]] = {
    "socnn": (
        *("layers", "offset_layers", "filters", "kernels", "weighting", "shared_weights"),
        *("max_norm", "auxiliary"),
    ),
    "cnn": ("layers", "filters", "kernels", "dropout"),
    "resnet": ("layers", "filters", "kernels", "dropout"),
    "lstm": ("units",),
    "phased_lstm": ("units",),
    "linear": (),
}
"""Network -> the fields that mean something to it."""


@dataclass(frozen=True)
class ForecasterConfig:
    """Sizes of one network; the defaults are those of the paper's SOCNN.

    Attributes:
        name: which network.
        layers: convolutions of SOCNN's significance network, or of a convolutional network.
        offset_layers: convolutions of SOCNN's offset network.
        filters: channels between convolutions.
        kernels: events that each convolution spans, over and over.
        weighting: how significances become weights over the window: `softmax`, or `softplus` over its sum.
        shared_weights: one final weight a lag for all targets, instead of one a lag and target.
        max_norm: largest norm of the weights that lead to one channel of SOCNN; 0 means no limit.
        auxiliary: weight of the error of SOCNN's single adjusted values in the loss.
        dropout: share of the features dropped before each convolution, in [0, 1).
        units: of a recurrent network's state.
    """

    name: ForecasterName = "socnn"
    layers: int = 10
    offset_layers: int = 1
    filters: int = 8
    kernels: tuple[int, ...] = (1, 3)
    weighting: Literal["softmax", "softplus"] = "softmax"
    shared_weights: bool = False
    max_norm: float = 10.0
    auxiliary: float = 0.0
    dropout: float = 0.0
    units: int = 32

    def __post_init__(self) -> None:
        require(self.name in FIELDS, self, "name", f"one of {', '.join(FIELDS)}")
        for name in ("layers", "offset_layers", "filters", "units"):
            require(1 <= getattr(self, name) <= LARGEST, self, name, f"a whole number from 1 to {LARGEST:g}")
        spans = len(self.kernels) > 0 and all(1 <= kernel <= LARGEST for kernel in self.kernels)
        require(spans, self, "kernels", f"one or more whole numbers from 1 to {LARGEST:g}")
        require(self.weighting in ("softmax", "softplus"), self, "weighting", "softmax or softplus")
        for name in ("max_norm", "auxiliary"):
            require(0 <= getattr(self, name) <= LARGEST, self, name, f"a number from 0 to {LARGEST:g}")
        require(0 <= self.dropout < 1, self, "dropout", "a number in [0, 1)")
        for field in fields(self):
            own = field.name == "name" or field.name in FIELDS[self.name]
            kept = own or getattr(self, field.name) == field.default
            require(kept, self, field.name, f"{field.default!r}, because {self.name} has none")
