"""Phased LSTM: units that a rhythm of their own opens to the events (Neil et al. 2016, section 2).

Shapes: B windows, L events, I inputs, D targets, H units.
"""

import math

import torch
from torch import Tensor, nn

from vision.images.networks.layers import linear
from vision.series.forecast import Forecast

OPEN_SHARE = 0.05
"""Share of its period in which a unit is open, r_on."""
LEAK = 0.001
"""How far a closed unit still opens while it learns, alpha."""
LONGEST_PERIOD = 100.0
"""Periods start between 1 and this, evenly in their logarithm; in the unit of the series' clock."""


class PhasedForecaster(nn.Module):
    """Windows to forecasts: a Phased LSTM reads the events at their times, and a linear map its last state.

    It reads the value inputs beside the inputs, so that all networks see the same.
    """

    def __init__(self, inputs: int, targets: int, units: int, *, generator: torch.Generator) -> None:
        """Takes I, D, H, and the source of weights, periods and phases."""
        super().__init__()
        self.cell = nn.LSTMCell(inputs + targets, units, device="meta").to_empty(device="cpu")
        for values in self.cell.parameters():
            nn.init.uniform_(values, -(units**-0.5), units**-0.5, generator=generator)
        draws = torch.rand(2, units, generator=generator)
        self.log_period = nn.Parameter(draws[0] * math.log(LONGEST_PERIOD))
        self.shift = nn.Parameter(draws[1] * self.log_period.detach().exp())
        self.head = linear(units, targets, generator=generator)

    def forward(self, inputs: Tensor, values: Tensor, times: Tensor) -> Forecast:
        """Forecast from (B, L, I) inputs, (B, L, D) value inputs, (B, L) times since the window's start."""
        seen = torch.cat([inputs, values], dim=-1)
        gates = self.openness(times)
        hidden = cell = seen.new_zeros(len(seen), self.cell.hidden_size)
        for event, gate in zip(seen.unbind(1), gates.unbind(1), strict=True):
            proposed_hidden, proposed_cell = self.cell(event, (hidden, cell))
            hidden = torch.lerp(hidden, proposed_hidden, gate)
            cell = torch.lerp(cell, proposed_cell, gate)
        return Forecast(self.head(hidden))

    def openness(self, times: Tensor) -> Tensor:
        """Return (B, L, H) how far each unit is open at (B, L) times: up, down, and closed but for a leak."""
        phase = torch.remainder((times[..., None] - self.shift) / self.log_period.exp(), 1.0)
        ramp = 2.0 * phase / OPEN_SHARE
        closed = LEAK * phase if self.training else torch.zeros_like(phase)
        return torch.where(phase < OPEN_SHARE / 2, ramp, torch.where(phase < OPEN_SHARE, 2.0 - ramp, closed))
