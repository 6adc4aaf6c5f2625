"""The recurrent network that SOCNN is compared with: one LSTM over the window.

Shapes: B windows, L events, I inputs, D targets, H units.
"""

import torch
from torch import Tensor, nn

from vision.images.networks.layers import linear
from vision.series.forecast import Forecast


class RecurrentForecaster(nn.Module):
    """Windows to forecasts: an LSTM reads the events, and a linear map its last state.

    It reads the value inputs beside the inputs, so that all networks see the same.
    """

    def __init__(self, inputs: int, targets: int, units: int, *, generator: torch.Generator) -> None:
        """Takes I, D, H, and the source of the weights."""
        super().__init__()
        self.recurrent = nn.LSTM(inputs + targets, units, batch_first=True, device="meta").to_empty(
            device="cpu"
        )
        for values in self.recurrent.parameters():
            nn.init.uniform_(values, -(units**-0.5), units**-0.5, generator=generator)
        self.head = linear(units, targets, generator=generator)

    def forward(self, inputs: Tensor, values: Tensor, times: Tensor) -> Forecast:
        """Forecast from (B, L, I) inputs and (B, L, D) value inputs; (B, L) `times` are not used."""
        states, _ = self.recurrent(torch.cat([inputs, values], dim=-1))
        return Forecast(self.head(states[:, -1]))
