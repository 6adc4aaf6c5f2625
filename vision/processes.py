"""Several processes that make the same updates together: each takes a share of a batch, gradients are summed.

Synchronous data parallelism (Goyal et al. 2017, arXiv 1706.02677, section 3). All processes hold the same
weights and fetch the same batch; of its consecutive groups (ghost batches, or single samples) each works on
its own. A sum over processes has the same bits in all of them, so their weights never part. What they keep of
their own, running statistics and streams of random numbers, is made one at the end of each interval.

B samples of a batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from vision.ghost_norm import ghost_sizes, running_statistics
from vision.random_stream import RandomStream

Batch = tuple[Tensor, ...]


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

    def share(self, batch: Batch, ghost: int) -> tuple[Batch, float]:
        """This process's part of a batch, and how it counts: 0 for one that is lent from another process, as
        there are fewer groups than processes.

        Args:
            batch: tensors of B samples.
            ghost: samples of a ghost batch, which stays whole; 0 if there are none.
        """
        if self.count == 1:
            return batch, 1.0
        size = len(batch[0])
        groups = ghost_sizes(size, ghost) if ghost else [1] * size
        first, last = (len(groups) * rank // self.count for rank in (self.rank, self.rank + 1))
        weight = float(first < last)
        last = max(last, first + 1)
        rows = slice(sum(groups[:first]), sum(groups[:last]))
        return tuple(tensor[rows] for tensor in batch), weight

    def add_up(self, tensors: Iterable[Tensor]) -> None:
        """Put sums over all processes in place of tensors, of one dtype and in the same order everywhere."""
        if self.count > 1:
            _reduce(list(tensors), distributed.ReduceOp.SUM)

    def part(self, model: nn.Module) -> None:
        """Let the streams of random numbers in a model, as process 0 has them, go on differently in each."""
        gap = (self.rank * STREAM_GAP + 2**63) % 2**64 - 2**63  # sums of int64 wrap
        for state in _streams(model):
            state[0] += gap

    @torch.no_grad()
    def join(self, model: nn.Module, averages: Mapping[str, Tensor]) -> None:
        """Make one what the processes kept of their own, so that process 0 speaks for all.

        Running statistics become means; streams move on to the farthest position, as counters do.

        Args:
            model: the network.
            averages: of its parameters and buffers, by name; may be empty.
        """
        if self.count == 1:
            return
        own = running_statistics(model)
        values = [*own.values(), *(averages[name] for name in own if name in averages)]
        means = [value for value in values if value.is_floating_point()]
        counts = [value for value in values if not value.is_floating_point()]
        _reduce(means, distributed.ReduceOp.SUM)
        for value in means:
            value.div_(self.count)
        _reduce([*counts, *(state[1:] for state in _streams(model))], distributed.ReduceOp.MAX)


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
