"""The gradient of the mean loss over a batch, added up over parts that fit in memory, and over processes.

B samples.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from vision.deferred import Batch
from vision.fit_config import FitConfig
from vision.ghost_norm import Norm, micro_sizes
from vision.processes import ALONE, Processes, shares

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

    Attributes:
        processes: that share the batches.
        norms: the network's batch normalisations.
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
        self.processes: Processes = ALONE
        self.norms: Sequence[Norm] = ()

    def add(self, batch: Batch, parameters: Sequence[nn.Parameter]) -> dict[str, Tensor]:
        """The gradients of parameters that have none yet, over a batch of B samples, of which this process
        takes its share; returns loss and measurements, means over the batch."""
        size, limit, ghost = len(batch[0]), self._config.micro_batch, self._config.ghost_batch
        everyone = shares(size, limit, ghost, self.processes.count)
        own = everyone[self.processes.rank]
        mine = tuple(tensor[own.rows] for tensor in batch)
        passes = micro_sizes(len(mine[0]), limit, ghost)
        self.processes.begin(self.norms)
        sums: dict[str, Tensor] = {}
        for part in zip(*(tensor.split(passes) for tensor in mine), strict=True):
            share = own.counts * len(part[0]) / size
            with self._precision():
                loss, measured = self._loss(self._network, self._arrange(part), self._generator)
            self._scaler.scale(loss * share).backward()
            for name, value in {"loss": loss, **measured}.items():
                weighted = value.detach().float() * share
                sums[name] = sums[name] + weighted if name in sums else weighted
        gradients = (parameter.grad for parameter in parameters if parameter.grad is not None)
        self.processes.add_up((*gradients, *sums.values(), *self.processes.terms(self.norms, everyone)))
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
