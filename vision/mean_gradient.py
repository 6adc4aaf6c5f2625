"""The gradient of the mean loss over a batch, added up over parts that fit in memory.

B samples.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from vision.deferred import Batch
from vision.fit_config import FitConfig
from vision.ghost_norm import micro_sizes

# (network, part of a batch, generator) -> (loss, measurements), scalars averaged over the part's samples.
Loss = Callable[[Callable[..., Any], Batch, torch.Generator], tuple[Tensor, dict[str, Tensor]]]

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class MeanGradient:
    """Leaves the gradient of the mean loss over batches in the network's parameters.

    Args:
        network: what the loss calls.
        loss: what to minimise, on one part of a batch.
        config: parts, arithmetic and layout.
        generator: what the loss draws from, on the device.
        scaler: of the loss, for float16.
    """

    def __init__(
        self,
        network: Callable[..., Any],
        loss: Loss,
        config: FitConfig,
        generator: torch.Generator,
        scaler: torch.amp.GradScaler,
    ) -> None:
        self._network, self._loss, self._config = network, loss, config
        self._generator, self._scaler = generator, scaler

    def add(self, batch: Batch) -> dict[str, Tensor]:
        """Add to the gradients over a batch of B samples; returns loss and measurements, means over it."""
        size = len(batch[0])
        passes = micro_sizes(size, self._config.micro_batch, self._config.ghost_batch)
        sums: dict[str, Tensor] = {}
        for part in zip(*(tensor.split(passes) for tensor in batch), strict=True):
            share = len(part[0]) / size
            with self._precision():
                loss, measured = self._loss(self._network, self._arrange(part), self._generator)
            self._scaler.scale(loss * share).backward()
            for name, value in {"loss": loss, **measured}.items():
                weighted = value.detach().float() * share
                sums[name] = sums[name] + weighted if name in sums else weighted
        return sums

    def _arrange(self, part: Batch) -> Batch:
        """The part with its images in the memory layout of the config."""
        if not self._config.channels_last:
            return part
        return tuple(t.contiguous(memory_format=torch.channels_last) if t.ndim == 4 else t for t in part)

    def _precision(self) -> AbstractContextManager[Any]:
        """The context of the forward pass."""
        dtype = DTYPES.get(self._config.precision)
        return torch.autocast(self._generator.device.type, dtype) if dtype else nullcontext()
