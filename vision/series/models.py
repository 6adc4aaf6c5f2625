"""Every forecasting network by name: `create_forecaster(ForecasterConfig("socnn"), ...)`."""

import torch
from torch import nn

from vision.series.convolutional import ConvolutionalForecaster
from vision.series.linear import LinearForecaster
from vision.series.model_config import FIELDS, ForecasterConfig
from vision.series.phased_lstm import PhasedForecaster
from vision.series.recurrent import RecurrentForecaster
from vision.series.socnn import Socnn


def list_forecasters() -> list[str]:
    """The names that a `ForecasterConfig` may have."""
    return list(FIELDS)


def create_forecaster(
    config: ForecasterConfig, *, inputs: int, targets: int, length: int, seed: int = 0
) -> nn.Module:
    """Builds a network on the CPU in float32, with weights that depend on `seed` alone.

    Args:
        config: which network, and its sizes.
        inputs: of an event, I.
        targets: to forecast, D.
        length: events of a window, L.
        seed: of the weights and of dropout.

    Returns:
        A module from (B, L, I) inputs, (B, L, D) value inputs and (B, L) times to a `Forecast`.

    Raises:
        ValueError: if a size is below 1, or the network needs longer windows.
    """
    for field, value in (("inputs", inputs), ("targets", targets), ("length", length)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{field}: got {value!r}, expected a whole number from 1")
    generator = torch.Generator().manual_seed(seed)
    match config.name:
        case "socnn":
            return Socnn(inputs, targets, length, config, generator=generator)
        case "cnn" | "resnet":
            residual = config.name == "resnet"
            return ConvolutionalForecaster(
                inputs, targets, length, config, residual=residual, generator=generator
            )
        case "lstm":
            return RecurrentForecaster(inputs, targets, config.units, generator=generator)
        case "phased_lstm":
            return PhasedForecaster(inputs, targets, config.units, generator=generator)
        case _:
            return LinearForecaster(inputs, targets, length, generator=generator)
