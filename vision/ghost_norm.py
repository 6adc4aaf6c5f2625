"""Ghost batch normalisation, and cutting a batch so that accumulation equals one large forward pass.

Hoffer, Hubara & Soudry 2017, Train longer, generalize better, arXiv 1705.08741, algorithm 1. Shapes: B batch,
C channels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def ghost_sizes(batch: int, size: int) -> list[int]:
    """Cut a batch into ghost batches of `size`; a rest below half of one joins the last."""
    whole, rest = divmod(batch, size)
    if whole == 0:
        return [batch]
    if 2 * rest < size:
        return [size] * (whole - 1) + [size + rest]
    return [size] * whole + [rest]


def micro_sizes(batch: int, limit: int, ghost: int) -> list[int]:
    """Cut a batch into forward passes of whole ghost batches.

    Args:
        batch: samples of the update.
        limit: most samples in one pass, at least `ghost`; 0 means one pass. Only a last ghost batch that took
            up a rest can pass it.
        ghost: samples of a ghost batch; 0 if there are none.
    """
    if not limit or batch <= limit:
        return [batch]
    passes: list[int] = []
    for size in ghost_sizes(batch, ghost or 1):
        if passes and passes[-1] + size <= limit:
            passes[-1] += size
        else:
            passes.append(size)
    return passes


class GhostBatchNorm(nn.Module):
    """Batch normalisation over consecutive ghost batches of fixed size; in evaluation the ordinary one.

    The running statistics take up the ghost batches one after the other, so a batch gives bit by bit the same
    ones whether it comes in one forward pass or in several of whole ghost batches. Parameters and buffers
    keep the names of the layer that is replaced.

    Args:
        norm: the layer whose parameters and buffers are taken over.
        size: samples of a ghost batch, at least 1.
    """

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d, size: int) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"size: got {size}, expected at least 1 sample")
        if not norm.track_running_stats or norm.momentum is None:
            raise ValueError("norm: got a layer without running averages, expected one with a momentum")
        self.size = size
        self.epsilon = norm.eps
        self.momentum = norm.momentum
        self.register_parameter("weight", norm.weight)
        self.register_parameter("bias", norm.bias)
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            self.register_buffer(name, getattr(norm, name))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise (B, C, ...) features."""
        if not self.training:
            return self._normalize(features)
        pieces = features.split(ghost_sizes(len(features), self.size))
        self.num_batches_tracked.add_(len(pieces))
        return torch.cat([self._normalize(piece) for piece in pieces])

    def _normalize(self, features: Tensor) -> Tensor:
        """Normalise by the statistics of `features` (training) or by the running ones (evaluation)."""
        return functional.batch_norm(
            features,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training,
            momentum=self.momentum,
            eps=self.epsilon,
        )


Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d | GhostBatchNorm


def norms_of(model: nn.Module) -> list[Norm]:
    """Every batch normalisation inside `model` that keeps running averages."""
    norms = [module for module in model.modules() if isinstance(module, (*BATCH_NORMS, GhostBatchNorm))]
    return [norm for norm in norms if norm.running_mean is not None]


def use_ghost_norm(model: nn.Module, size: int) -> None:
    """Replace every batch normalisation inside `model` by a ghost one of the same parameters."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, BATCH_NORMS):
                setattr(module, name, GhostBatchNorm(child, size))
