"""An exponential average of a network's weights, its half-life counted in data (Tarvainen & Valpola 2017)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class WeightAverage:
    """The averaged parameters and buffers of a network; whole numbers are copied instead of averaged.

    Args:
        model: the network, whose present values start the average.
        half_life: passes over the data after which a value counts half, above 0.
    """

    def __init__(self, model: nn.Module, half_life: float) -> None:
        if not half_life > 0:
            raise ValueError(f"half_life: got {half_life}, expected passes over the data above 0")
        self.half_life = half_life
        self.values = {name: value.clone() for name, value in _named_values(model)}

    def decay(self, passes: float) -> float:
        """Return the weight of the old average after an update that saw `passes` passes over the data."""
        return 0.5 ** (passes / self.half_life)

    def update(self, model: nn.Module, passes: float) -> None:
        """Take up the network's present values after an update that saw `passes` passes over the data."""
        averages, values = [], []
        for name, value in _named_values(model):
            if value.is_floating_point():
                averages.append(self.values[name])
                values.append(value)
            else:
                self.values[name].copy_(value)
        get_ema_multi_avg_fn(self.decay(passes))(averages, values, None)

    @contextmanager
    def swapped_into(self, model: nn.Module) -> Iterator[None]:
        """Let `model` hold the average inside the context and its own values again after it."""
        own = {name: value.clone() for name, value in _named_values(model)}
        _copy_into(model, self.values)
        try:
            yield
        finally:
            _copy_into(model, own)


def _named_values(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the persistent parameters and buffers, detached."""
    for name, value in model.state_dict().items():
        yield name, value.detach()


@torch.no_grad()
def _copy_into(model: nn.Module, values: Mapping[str, Tensor]) -> None:
    for name, value in model.state_dict().items():
        value.copy_(values[name])
