"""Networks whose interactions can be read: MLP, MLP-M and MLP-Cutoff (Tsang et al. 2018, sections 3 and 4.4).

Several functions of the same inputs' number can be fitted at once, each by networks of its own that lie side
by side in one product. Shapes: B samples, M functions, p inputs, G networks side by side.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

# Deviation of the initial weights and biases, drawn again beyond two: as in the authors' program.
INITIAL_DEVIATION = 0.1


class SideBySide(nn.Module):
    """G perceptrons of one shape with rectified hidden units and one output.

    Args:
        networks: how many, G.
        inputs: of each.
        hidden: units of each hidden layer.
        output_bias: whether the output has a bias.
        generator: of the weights.
    """

    def __init__(
        self,
        networks: int,
        inputs: int,
        hidden: Sequence[int],
        *,
        output_bias: bool = True,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        sizes = (inputs, *hidden, 1)
        shapes = list(pairwise(sizes))
        self.weights = nn.ParameterList(_drawn((networks, *shape), generator) for shape in shapes)
        biased = shapes if output_bias else shapes[:-1]
        self.biases = nn.ParameterList(_drawn((networks, 1, units), generator) for _, units in biased)

    def forward(self, inputs: Tensor) -> Tensor:
        """(G, B, inputs) to (G, B)."""
        values = inputs
        for number, weight in enumerate(self.weights):
            biased = number < len(self.biases)
            values = torch.baddbmm(self.biases[number], values, weight) if biased else values @ weight
            if number + 1 < len(self.weights):
                values = torch.relu(values)
        return values[:, :, 0]


class InteractionNetwork(nn.Module):
    """The sum of a main network, and perhaps of one network per input, for each of M functions.

    With `univariate` it is MLP-M: what an input does alone need not pass through the main network, where it
    would look like interactions. With `sets` it is MLP-Cutoff: the main network falls apart into one that
    sees each set.

    Args:
        functions: how many, M.
        inputs: of each, p.
        hidden: units of the hidden layers of the main network.
        univariate: units of the hidden layers of the networks of single inputs; none leaves them out.
        sets: which columns each main network sees; None lets one see them all.
        generator: of the weights.
    """

    seen: Tensor | None

    def __init__(
        self,
        functions: int,
        inputs: int,
        *,
        hidden: Sequence[int],
        univariate: Sequence[int] = (),
        sets: Sequence[Sequence[int]] | None = None,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        parts = 1 if sets is None else len(sets)
        if not parts and not univariate:
            raise ValueError("sets: got none and no univariate networks, expected one of the two")
        self.functions = functions
        self.main = SideBySide(functions * parts, inputs, hidden, generator=generator) if parts else None
        self.univariate = (
            SideBySide(functions * inputs, 1, univariate, output_bias=False, generator=generator)
            if univariate
            else None
        )
        self.register_buffer("seen", None if sets is None else _masks(sets, inputs), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, M, p) to (B, M)."""
        by_function = inputs.transpose(0, 1)
        total = inputs.new_zeros(self.functions, len(inputs))
        if self.main is not None:
            total = total + self._main(by_function)
        if self.univariate is not None:
            alone = by_function.transpose(1, 2).flatten(0, 1)[:, :, None]
            total = total + self.univariate(alone).unflatten(0, (self.functions, -1)).sum(1)
        return total.T

    def _main(self, inputs: Tensor) -> Tensor:
        """(M, B, p) to (M, B)."""
        if self.seen is None:
            return self.main(inputs)
        shown = inputs[:, None] * self.seen[:, None]
        return self.main(shown.flatten(0, 1)).unflatten(0, (self.functions, -1)).sum(1)

    def main_weights(self) -> list[nn.Parameter]:
        """The weights of the main network, which alone are penalised: (G, inputs, outputs) a layer."""
        return [] if self.main is None else list(self.main.weights)

    def layers_of(self, function: int) -> list[Tensor]:
        """Return the main network's weights for one function, (outputs, inputs) a layer, on the CPU."""
        if self.main is None or self.seen is not None:
            raise ValueError("network: got one without a main network of all inputs, expected MLP or MLP-M")
        return [weight[function].detach().cpu().T for weight in self.main.weights]


def _masks(sets: Sequence[Sequence[int]], inputs: int) -> Tensor:
    """Return (K, p) float32, 1 where a network sees an input."""
    masks = torch.zeros(len(sets), inputs)
    for row, columns in zip(masks, sets, strict=True):
        row[list(columns)] = 1.0
    return masks


def _drawn(shape: tuple[int, ...], generator: torch.Generator) -> nn.Parameter:
    """Return a normal parameter cut off at two deviations."""
    values, limit = torch.empty(shape), 2.0 * INITIAL_DEVIATION
    return nn.Parameter(
        nn.init.trunc_normal_(values, std=INITIAL_DEVIATION, a=-limit, b=limit, generator=generator)
    )
