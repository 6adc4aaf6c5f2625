"""Every forecasting network by name: `create_forecaster("socnn", inputs=18, targets=1, length=60)`."""

from collections.abc import Callable

import torch
from torch import nn

from vision.series.convolutional import ConvolutionalForecaster
from vision.series.linear import LinearForecaster
from vision.series.model_config import ForecasterConfig, ForecasterName
from vision.series.phased_lstm import PhasedForecaster
from vision.series.recurrent import RecurrentForecaster
from vision.series.socnn import Socnn

# (inputs, targets, length, config, generator of the weights) -> the network.
Builder = Callable[[int, int, int, ForecasterConfig, torch.Generator], nn.Module]

BUILDERS: dict[str, Builder] = {
    "socnn": lambda inputs, targets, length, config, generator: Socnn(
        inputs, targets, length, config, generator=generator
    ),
    "cnn": lambda inputs, targets, length, config, generator: ConvolutionalForecaster(
        inputs, targets, length, config, residual=False, generator=generator
    ),
    "resnet": lambda inputs, targets, length, config, generator: ConvolutionalForecaster(
        inputs, targets, length, config, residual=True, generator=generator
    ),
    "lstm": lambda inputs, targets, length, config, generator: RecurrentForecaster(
        inputs, targets, config.units, generator=generator
    ),
    "phased_lstm": lambda inputs, targets, length, config, generator: PhasedForecaster(
        inputs, targets, config.units, generator=generator
    ),
    "linear": lambda inputs, targets, length, config, generator: LinearForecaster(
        inputs, targets, length, generator=generator
    ),
}


def list_forecasters() -> list[str]:
    """The names that there are."""
    return list(BUILDERS)


def create_forecaster(
    forecaster: ForecasterName | ForecasterConfig, *, inputs: int, targets: int, length: int, seed: int = 0
) -> nn.Module:
    """Builds a network on the CPU in float32, with weights that depend on `seed` alone.

    Args:
        forecaster: which network, with its sizes; a name alone has the default ones.
        inputs: of an event, I.
        targets: to forecast, D.
        length: events of a window, L.
        seed: of the weights and of dropout.

    Returns:
        A module from (B, L, I) inputs, (B, L, D) value inputs and (B, L) times to a `Forecast`.

    Raises:
        ValueError: on an unknown name, if a size is below 1, or if the network needs longer windows.
    """
    config = ForecasterConfig(forecaster) if isinstance(forecaster, str) else forecaster
    for field, value in (("inputs", inputs), ("targets", targets), ("length", length)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{field}: got {value!r}, expected a whole number from 1")
    generator = torch.Generator().manual_seed(seed)
    return BUILDERS[config.name](inputs, targets, length, config, generator)
