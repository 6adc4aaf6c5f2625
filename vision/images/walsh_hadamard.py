"""Products with a Sylvester-Hadamard matrix in O(N sqrt N) multiplications, as two small matrix products.

H of order a b is the Kronecker product of those of orders a and b, so y = H x is Y = H_a X H_b with x read as
an a x b matrix. It is differentiated by autograd without saving x, and runs anywhere; `run.py bench vision`
compares it with the dense product.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def next_power_of_two(number: int) -> int:
    """The smallest power of two that is at least `number`, a positive integer."""
    return 1 << (number - 1).bit_length()


def hadamard_matrix(order: int) -> Tensor:
    """The Sylvester-Hadamard matrix, (order, order) float32 of +-1: -1 to the common bits of i and j.

    Raises:
        ValueError: where order is no power of two.
    """
    if order < 1 or order & (order - 1):
        raise ValueError(f"order is {order}; expected a power of two")
    matrix = torch.ones(1, 1)
    while len(matrix) < order:
        matrix = torch.cat((torch.cat((matrix, matrix), dim=1), torch.cat((matrix, -matrix), dim=1)))
    return matrix


@dataclass(frozen=True)
class KroneckerSplit:
    """How the top-left (outputs, inputs) part of H is split: x is read as rows of `block` columns."""

    inputs: int
    outputs: int
    block: int

    @property
    def rows_in(self) -> int:
        """Rows of X."""
        return math.ceil(self.inputs / self.block)

    @property
    def rows_out(self) -> int:
        """Rows of Y."""
        return math.ceil(self.outputs / self.block)

    @property
    def multiplications(self) -> int:
        """Multiplications for one x, the product over the shorter side first."""
        across = min(self.rows_in, self.rows_out) * self.block**2
        return across + self.rows_in * self.rows_out * self.block


def best_split(inputs: int, outputs: int) -> KroneckerSplit:
    """The split of fewest multiplications."""
    order = next_power_of_two(max(inputs, outputs))
    splits = [KroneckerSplit(inputs, outputs, 1 << bits) for bits in range(order.bit_length())]
    return min(splits, key=lambda split: split.multiplications)


class WalshHadamard(nn.Module):
    """y = H[:outputs, :inputs] x for a Sylvester-Hadamard H large enough; exact to rounding."""

    left: Tensor
    right: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.split = best_split(inputs, outputs)
        rows = next_power_of_two(max(self.split.rows_in, self.split.rows_out))
        left = hadamard_matrix(rows)[: self.split.rows_out, : self.split.rows_in]
        self.register_buffer("left", left.contiguous(), persistent=False)
        self.register_buffer("right", hadamard_matrix(self.split.block), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) floating to (..., outputs) of the same dtype."""
        split = self.split
        left, right = self.left.to(x.dtype), self.right.to(x.dtype)
        x = F.pad(x, (0, split.rows_in * split.block - split.inputs))
        x = x.unflatten(-1, (split.rows_in, split.block))
        y = (left @ x) @ right if split.rows_out < split.rows_in else left @ (x @ right)
        return y.flatten(-2)[..., : split.outputs]
