"""A linear autoregression over the window, learnt by gradient steps.

Differs from the paper: the authors' code puts a softmax behind its linear map, which then is no regression.
Shapes: B windows, L events, I inputs, D targets.
"""

import torch
from torch import Tensor, nn

from vision.images.networks.layers import linear
from vision.series.forecast import Forecast


class LinearForecaster(nn.Module):
    """Windows to forecasts: one linear map of all inputs and value inputs of the window."""

    def __init__(self, inputs: int, targets: int, length: int, *, generator: torch.Generator) -> None:
        """Takes I, D, L, and the source of the weights."""
        super().__init__()
        self.map = linear(length * (inputs + targets), targets, generator=generator)

    def forward(self, inputs: Tensor, values: Tensor, times: Tensor) -> Forecast:
        """Forecast from (B, L, I) inputs and (B, L, D) value inputs; (B, L) `times` are not used."""
        return Forecast(self.map(torch.cat([inputs, values], dim=-1).flatten(1)))
