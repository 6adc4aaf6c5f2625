"""The convolutional networks that SOCNN is compared with, plain and residual (Binkowski et al. 2018, 4.2).

Shapes: B windows, L events, I inputs, D targets, C channels.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from vision.dropout import Dropout
from vision.images.networks.layers import draw_seed, linear
from vision.series.forecast import Forecast
from vision.series.layers import convolution_block
from vision.series.model_config import ForecasterConfig

POOL_EVERY = 3
"""Convolutions after which the window is halved by the maximum of neighbours."""
ADD_EVERY = 2
"""Convolutions that a residual connection leaps over."""


class ConvolutionalForecaster(nn.Module):
    """Windows to forecasts: convolutions, pooled as they go, and a linear map of what is left.

    Differs from the paper: it reads the value inputs beside the inputs, so that all networks see the same.
    """

    def __init__(
        self,
        inputs: int,
        targets: int,
        length: int,
        config: ForecasterConfig,
        *,
        residual: bool,
        generator: torch.Generator,
    ) -> None:
        """Takes I, D, L, the sizes, whether to add residual connections, and the source of the weights.

        Raises:
            ValueError: if nothing would be left of the window.
        """
        super().__init__()
        left = length // 2 ** (config.layers // POOL_EVERY)
        if left < 1:
            raise ValueError(f"layers: got {config.layers}, expected fewer, for windows of {length} events")
        self.residual = residual
        widths = (inputs + targets, *[config.filters] * config.layers)
        kernels = config.kernels
        self.blocks = nn.ModuleList(
            convolution_block(before, after, kernels[place % len(kernels)], generator=generator)
            for place, (before, after) in enumerate(pairwise(widths))
        )
        self.dropouts = nn.ModuleList(
            Dropout(config.dropout, seed=draw_seed(generator)) for _ in range(config.layers)
        )
        self.head = linear(left * config.filters, targets, generator=generator)

    def forward(self, inputs: Tensor, values: Tensor, times: Tensor) -> Forecast:
        """Forecast from (B, L, I) inputs and (B, L, D) value inputs; (B, L) `times` are not used."""
        features = torch.cat([inputs, values], dim=-1).mT
        shortcut: Tensor | None = None
        for number, (dropout, block) in enumerate(zip(self.dropouts, self.blocks, strict=True), start=1):
            features = block(dropout(features))
            if self.residual and number % ADD_EVERY == 0:
                features = features if shortcut is None else features + shortcut
                shortcut = features
            if number % POOL_EVERY == 0:
                features = functional.max_pool1d(features, 2)
                shortcut = None if shortcut is None else functional.max_pool1d(shortcut, 2)
        return Forecast(self.head(features.flatten(1)))
