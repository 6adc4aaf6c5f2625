"""SOCNN, the significance-offset convolutional network (Binkowski et al. 2018, section 3).

Each event of the window forecasts the targets alone, as what it knows of them plus a learned offset; a
second network says how much each such forecast counts, relative to the window's others, and a weight for each
lag has the last word:

    y_d = sum_m W[d, m] * weight(S_d)[m] * (value[m, d] + offset_d(x_m)) + b_d

Shapes: B windows, L events, I inputs, D targets.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vision.series.forecast import Forecast
from vision.series.layers import convolution_tower
from vision.series.model_config import ForecasterConfig

OFFSET_KERNELS = (1,)
"""The offset of an event depends on this event alone."""


class Socnn(nn.Module):
    """Windows to forecasts, and to the adjusted values that each event alone would forecast."""

    def __init__(
        self, inputs: int, targets: int, length: int, config: ForecasterConfig, *, generator: torch.Generator
    ) -> None:
        """Takes I, D, L, the sizes, and the source of the weights."""
        super().__init__()
        self.softmax = config.weighting == "softmax"
        widths = (inputs, *[config.filters] * (config.layers - 1), targets)
        offset_widths = (inputs, *[config.filters] * (config.offset_layers - 1), targets)
        limit = config.max_norm
        self.significance = convolution_tower(widths, config.kernels, max_norm=limit, generator=generator)
        self.offset = convolution_tower(offset_widths, OFFSET_KERNELS, max_norm=limit, generator=generator)
        # Differs from the paper: W is L times what is learnt, which starts at 1 / L. So an untrained network
        # forecasts a mean over its window, and what is learnt are the coefficients of a linear autoregression
        # where all events count alike. W itself would change so slowly that the rest learns the training part
        # by heart.
        rows = 1 if config.shared_weights else targets
        self.lag_weights = nn.Parameter(torch.full((rows, length), 1.0 / length))
        self.bias = None if config.shared_weights else nn.Parameter(torch.zeros(targets))

    def forward(self, inputs: Tensor, values: Tensor, times: Tensor) -> Forecast:
        """Forecast from (B, L, I) inputs and (B, L, D) value inputs; (B, L) `times` are not used."""
        adjusted = values + self.offset(inputs.mT).mT
        counted = self.weights(inputs) * adjusted
        forecast = inputs.shape[1] * (counted.mT * self.lag_weights).sum(dim=-1)
        return Forecast(forecast if self.bias is None else forecast + self.bias, adjusted)

    def weights(self, inputs: Tensor) -> Tensor:
        """Return (B, L, D) how much each event counts for each target, summing to 1 over the window."""
        significance = self.significance(inputs.mT).mT
        if self.softmax:
            return significance.softmax(dim=1)
        positive = functional.softplus(significance)
        return positive / positive.sum(dim=1, keepdim=True)
