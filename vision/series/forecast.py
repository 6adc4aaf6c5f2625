"""What a forecasting network returns, its loss in the supervised loop, and forecasts of many windows.

Binkowski et al. 2018, section 3.2 (the auxiliary loss). Shapes: B windows of a batch, N windows, L events of
a window, D targets.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from vision.series.windows import Windows


class Forecast(NamedTuple):
    """Forecasts in units of the standardised targets.

    Attributes:
        values: (B, D) forecasts.
        adjusted: (B, L, D) what each event of the window alone would forecast; None but for SOCNN.
    """

    values: Tensor
    adjusted: Tensor | None = None


class ForecastError:
    """Mean squared error, plus `auxiliary` times that of the single adjusted values."""

    def __init__(self, auxiliary: float = 0.0) -> None:
        self.auxiliary = auxiliary

    def __call__(
        self, network: Callable[..., Any], part: tuple[Tensor, ...], generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss on a part of a batch of `Windows`, and the first term; `generator` is not used."""
        inputs, values, times, targets = part
        forecast = network(inputs, values, times)
        error = functional.mse_loss(forecast.values.float(), targets)
        if not self.auxiliary:
            return error, {"training_mse": error}
        adjusted = forecast.adjusted.float()
        single = functional.mse_loss(adjusted, targets[:, None].expand_as(adjusted))
        return error + self.auxiliary * single, {"training_mse": error, "adjusted_mse": single}


@torch.no_grad()
def forecast_windows(network: nn.Module, windows: Windows, *, batch: int = 512) -> Tensor:
    """Return the (N, D) float32 forecasts of all windows on the CPU; the network stays in evaluation mode."""
    network.eval()
    parts = torch.arange(len(windows)).split(batch)
    return torch.cat([network(*windows(part)[:3]).values.float().cpu() for part in parts])
