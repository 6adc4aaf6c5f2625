"""Updates for which nobody waits: on a GPU each is a captured graph, and what they measured is read later.

An update of a small network is some hundred kernels of microseconds. Launched one by one from Python they
cost several times what they compute; captured once as a graph, and with no number read in between, they do
not.

Shape letters: M measurements of an update.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

# Tensors of one batch, each with the samples along its first axis.
Batch = tuple[Tensor, ...]
# (batch) -> measurements, scalars on the device: makes one update without waiting for the device.
Work = Callable[[Batch], dict[str, Tensor]]

CHECK_EVERY = 200
"""Updates after which a failure is noticed at the latest; nothing moves after it in any case."""
WARM_UPS = 3
"""Updates of a kind that are made op by op before one is captured: libraries choose their kernels in them."""
MOST_GRAPHS = 8
"""Kinds of updates (batch sizes, momenta) that are captured; what comes later is made op by op."""


class Captured(NamedTuple):
    """One kind of update: its graph, where it finds its batch, and where it leaves what it measured (M,)."""

    graph: torch.cuda.CUDAGraph
    batch: Batch
    measured: Tensor


class Measured(NamedTuple):
    """What a number of updates measured.

    sums: over their samples, by name.
    samples, updates: how many; sound: how many updates were made before one failed.
    """

    sums: dict[str, float]
    samples: int
    updates: int
    sound: int


class DeferredUpdates:
    """Updates of one network, many in a row.

    Args:
        work: makes an update, unless `failed` is 1, and sets that to 1 where it meets what is not finite.
        generator: what the work draws from, on the device.
    """

    def __init__(self, work: Work, generator: torch.Generator) -> None:
        self.failed = torch.zeros((), device=generator.device)
        """() float32, 1 after a failure."""
        self.rate = torch.zeros((), device=generator.device)
        """() float32, the learning rate of the next update; the optimiser reads it there."""
        self._work, self._generator = work, generator
        self._captures = generator.device.type == "cuda"
        self._graphs: dict[tuple, Captured] = {}
        self._made: dict[tuple, int] = {}
        self._names: tuple[str, ...] = ()
        self._sums, self._sound = torch.empty(0), torch.zeros((), device=generator.device)
        self._samples = self._updates = 0

    @property
    def unread(self) -> int:
        """Updates since the last `read`."""
        return self._updates

    def make(self, batch: Batch, rate: float, momentum: float) -> None:
        """Leave one update to the device; the optimiser must know the momentum already."""
        self.rate.fill_(rate)
        values = self._values(batch, (momentum, *((part.shape, part.dtype) for part in batch)))
        if len(self._sums) == 0:
            self._sums = torch.zeros(len(values), dtype=torch.float64, device=values.device)
        self._sums.add_(values, alpha=len(batch[0]))
        self._sound += 1 - self.failed
        self._samples += len(batch[0])
        self._updates += 1

    def read(self) -> Measured:
        """Wait for the device; what the updates since the last call measured."""
        sums = dict(zip(self._names, self._sums.tolist(), strict=True))
        found = Measured(sums, self._samples, self._updates, int(self._sound))
        self._samples = self._updates = 0
        self._sums.zero_()
        self._sound.zero_()
        return found

    def forget(self) -> None:
        """Drop the graphs and a failure: the tensors that they know are replaced."""
        self._graphs.clear()
        self._made.clear()
        self.failed.zero_()
        self.read()

    def _values(self, batch: Batch, kind: tuple) -> Tensor:
        captured = self._graphs.get(kind)
        if captured is None and self._ready(kind):
            captured = self._graphs[kind] = self._capture(batch)
        if captured is None:
            return self._beside(batch)
        for given, part in zip(captured.batch, batch, strict=True):
            given.copy_(part, non_blocking=True)
        captured.graph.replay()
        return captured.measured

    def _ready(self, kind: tuple) -> bool:
        """Whether an update of this kind is to be captured now."""
        made = self._made[kind] = self._made.get(kind, 0) + 1
        return self._captures and made > WARM_UPS and len(self._graphs) < MOST_GRAPHS

    def _beside(self, batch: Batch) -> Tensor:
        """Make an update op by op; on a GPU on a stream of its own, as has to come before a capture."""
        if not self.failed.is_cuda:
            return self._stacked(batch)
        ours, side = torch.cuda.current_stream(), torch.cuda.Stream()
        side.wait_stream(ours)
        with torch.cuda.stream(side):
            measured = self._stacked(batch)
        ours.wait_stream(side)
        return measured

    def _capture(self, batch: Batch) -> Captured:
        graph, given = torch.cuda.CUDAGraph(), tuple(part.clone() for part in batch)
        graph.register_generator_state(self._generator)
        with torch.cuda.graph(graph):
            measured = self._stacked(given)
        return Captured(graph, given, measured)

    def _stacked(self, batch: Batch) -> Tensor:
        measured = self._work(batch)
        self._names = tuple(measured)
        return torch.stack([value.detach().float() for value in measured.values()])
