"""A recurrent language model with a learned or fixed output embedding (Hoffer et al. 2018).

Shapes: B sequences, W words, V vocabulary, D dimensions of words and states.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from vision.dropout import Dropout
from vision.images.heads import UNIT_ROW_SCALE, ScaledCosine
from vision.images.networks.layers import draw_seed, linear

State = tuple[Tensor, Tensor]


class FixedRows(nn.Module):
    """The product with fixed unit rows, which are saved but never trained."""

    rows: Tensor

    def __init__(self, rows: Tensor) -> None:
        """Takes (V, D) float32 rows."""
        super().__init__()
        self.register_buffer("rows", rows)

    def forward(self, features: Tensor) -> Tensor:
        """(N, D) unit features to (N, V) cosines."""
        return functional.linear(features, self.rows)


class LanguageModel(nn.Module):
    """Words to the logits of the next ones: embedding, stacked LSTM, output embedding.

    Args:
        size: of the vocabulary, V.
        dimensions: of words and states, D.
        layers: of the LSTM.
        dropout: share of features dropped before, between and after the layers, in [0, 1).
        rows: (V, D) fixed unit rows of the output embedding; None learns it, with a bias, freely.
        generator: of the weights.
    """

    def __init__(
        self,
        size: int,
        dimensions: int,
        *,
        layers: int,
        dropout: float,
        rows: Tensor | None,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.embedding = nn.utils.skip_init(nn.Embedding, size, dimensions)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1, generator=generator)
        self.layers = nn.ModuleList(_lstm_layer(dimensions, generator) for _ in range(layers))
        self.dropouts = nn.ModuleList(Dropout(dropout, seed=draw_seed(generator)) for _ in range(layers + 1))
        if rows is None:
            self.head: nn.Module = linear(dimensions, size, generator=generator)
        else:
            fixed = FixedRows(rows)
            # This scale puts the first loss some 50 / D nats above ln V. One that starts at ln V was seen to
            # learn slower where D is small: an optimiser moves a scale by little in each update.
            # The coherence is left out: V^2 products of rows cost more than the number is worth here.
            self.head = ScaledCosine(
                fixed,
                scale=UNIT_ROW_SCALE,
                learn_scale=True,
                bias=torch.zeros(size),
                coherence=None,
            )

    def forward(self, words: Tensor, states: list[State] | None = None) -> tuple[Tensor, list[State]]:
        """Return the logits of each next word and the states to go on from.

        Args:
            words: (B, W) int64.
            states: what an earlier call returned; None starts from zeros.

        Returns:
            (B, W, V) logits, and one pair of (1, B, D) per layer.
        """
        features = self.dropouts[0](self.embedding(words))
        reached: list[State] = []
        for number, layer in enumerate(self.layers):
            features, state = layer(features, None if states is None else states[number])
            features = self.dropouts[number + 1](features)
            reached.append(state)
        return self.head(features.flatten(0, 1)).view(*words.shape, -1), reached


class NextWord:
    """Mean cross-entropy of the next words in nats, for the supervised loop."""

    def __call__(
        self, network: Callable[..., Any], part: tuple[Tensor, ...], generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss on (B, W) inputs and (B, W) next words; `generator` is not used."""
        words, following = part
        logits, _ = network(words)
        return functional.cross_entropy(logits.float().flatten(0, 1), following.flatten()), {}


def mean_loss(model: LanguageModel, streams: Tensor, *, window: int) -> float:
    """Return the mean loss in nats over (S, L) parallel streams; see `window_losses`."""
    return sum(window_losses(model, streams, window=window)) / ((streams.shape[1] - 1) * len(streams))


@torch.no_grad()
def window_losses(model: LanguageModel, streams: Tensor, *, window: int) -> list[float]:
    """Return the summed losses in nats of each window of (S, L) parallel streams, L at least 2.

    They are read once from end to end. The state is carried from window to window, so every word but the
    first is predicted from all before it. All windows but the last have S `window` words.
    """
    model.eval()
    states: list[State] | None = None
    totals, count = [], streams.shape[1] - 1
    for start in range(0, count, window):
        stop = min(start + window, count)
        logits, states = model(streams[:, start:stop], states)
        following = streams[:, start + 1 : stop + 1].flatten()
        totals.append(functional.cross_entropy(logits.float().flatten(0, 1), following, reduction="sum"))
    return torch.stack(totals).tolist()


def _lstm_layer(dimensions: int, generator: torch.Generator) -> nn.LSTM:
    """Return one LSTM layer with weights U(-1/sqrt(D), 1/sqrt(D))."""
    layer = nn.LSTM(dimensions, dimensions, batch_first=True, device="meta").to_empty(device="cpu")
    for values in layer.parameters():
        nn.init.uniform_(values, -(dimensions**-0.5), dimensions**-0.5, generator=generator)
    return layer
