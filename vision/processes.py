"""Several processes that make the same updates together: each takes a share of a batch, gradients are summed.

Synchronous data parallelism (Goyal et al. 2017, arXiv 1706.02677, section 3). All processes hold the same
weights and fetch the same batch; of its consecutive groups (ghost batches, or single samples) each works on
its own. A sum over processes has the same bits in all of them, so their weights never part; nor do the
running averages of batch normalisation. Streams of random numbers are each process's own.

B samples of a batch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor, distributed, nn

from vision.ghost_norm import Norm, ghost_sizes, micro_sizes
from vision.random_stream import RandomStream


class Share(NamedTuple):
    """What one process does of an update.

    Args:
        rows: of the batch.
        counts: whether they do; not where there are fewer groups than processes, so that some lend others'.
        norms: batches that a batch normalisation takes up in them.
    """

    rows: slice
    counts: bool
    norms: int


def shares(size: int, limit: int, ghost: int, count: int) -> list[Share]:
    """Share out a batch, in stretches of whole groups.

    Args:
        size: samples of the batch, at least 1.
        limit, ghost: as in `vision.ghost_norm.micro_sizes`; a group is a ghost batch, or one sample.
        count: of the processes.
    """
    edges = [0, *accumulate(ghost_sizes(size, ghost))] if ghost else range(size + 1)
    groups, found = len(edges) - 1, []
    for rank in range(count):
        # Rounded up, so that the first process, which holds the running averages, always has a group.
        first, last = (-(-groups * number // count) for number in (rank, rank + 1))
        if first == last:
            found.append(Share(slice(0, edges[1]), False, 0))
            continue
        rows = slice(edges[first], edges[last])
        norms = last - first if ghost else len(micro_sizes(rows.stop - rows.start, limit, 0))
        found.append(Share(rows, True, norms))
    return found


@dataclass(frozen=True)
class Processes:
    """The processes of torch's default group, and which of them this one is.

    Args:
        rank: number of this process, from 0.
        count: how many there are; 1 needs no group, and then nothing is done here.
    """

    rank: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.count:
            raise ValueError(f"rank: got {self.rank}, expected a number from 0 below {self.count}")

    def add_up(self, tensors: Iterable[Tensor]) -> None:
        """Put sums over all processes in place of tensors, of one dtype and in the same order everywhere."""
        if self.count > 1:
            _reduce(list(tensors), distributed.ReduceOp.SUM)

    @torch.no_grad()
    def begin(self, norms: Sequence[Norm]) -> None:
        """Before an update: the first process goes on from the running averages, the others from 0."""
        for norm in norms if self.rank else ():
            norm.running_mean.zero_()
            norm.running_var.zero_()

    @torch.no_grad()
    def terms(self, norms: Sequence[Norm], everyone: Sequence[Share]) -> list[Tensor]:
        """After this process's part of an update: its terms of the running averages, which add up to those of
        one process alone, as R <- (1 - m) R + m s for one batch after the other is linear in R.

        Args:
            norms: of the network, each with a momentum m.
            everyone: the shares of all processes.
        """
        own = everyone[self.rank]
        later = sum(share.norms for share in everyone[self.rank + 1 :])
        for norm in norms if self.count > 1 else ():
            decay = (1.0 - norm.momentum) ** later if own.counts else 0.0
            norm.running_mean.mul_(decay)
            norm.running_var.mul_(decay)
            counted = own.norms if own.counts else 1
            norm.num_batches_tracked.add_(sum(share.norms for share in everyone) - counted)
        return [value for norm in norms for value in (norm.running_mean, norm.running_var)]

    def part(self, model: nn.Module) -> None:
        """Let the streams of random numbers in a model, as process 0 has them, go on differently in each."""
        gap = (self.rank * STREAM_GAP + 2**63) % 2**64 - 2**63  # sums of int64 wrap
        for state in _streams(model):
            state[0] += gap

    def join(self, model: nn.Module) -> None:
        """Move the streams on to the farthest position of all, so that process 0 tells where all are."""
        if self.count > 1:
            _reduce([state[1:] for state in _streams(model)], distributed.ReduceOp.MAX)


ALONE = Processes()
STREAM_GAP = 0x5851F42D4C957F2D
"""Between the seeds of one stream in two processes: odd, and without a pattern (Knuth's multiplier, MMIX)."""


def _streams(model: nn.Module) -> list[Tensor]:
    """The (2,) int64 states, seed and position, of all streams."""
    return [module.state for module in model.modules() if isinstance(module, RandomStream)]


@torch.no_grad()
def _reduce(tensors: Sequence[Tensor], operation: distributed.ReduceOp.RedOpType) -> None:
    """One message for all tensors.

    Raises:
        ConnectionError: a process is gone.
    """
    if not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    try:
        distributed.all_reduce(flat, operation)
    except RuntimeError as error:
        raise ConnectionError("processes: another one is gone; what was saved stays") from error
    found = flat.split([tensor.numel() for tensor in tensors])
    torch._foreach_copy_(tensors, [part.view_as(tensor) for part, tensor in zip(found, tensors, strict=True)])
