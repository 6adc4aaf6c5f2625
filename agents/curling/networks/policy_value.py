"""Policy and value networks: a position in, logits over the grid of shots and over the scores of the end out.

Both outputs are from the mover's view: score index s + 8 means that the team to throw wins the end by s; the
grid is that of `grid.PolicyGrid`, the same for both teams.

Shape letters: B positions, N = 16 stones, F features of a stone, C features of the game, D width, G cells,
K scores.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from agents.curling.compiled.end_step import OUTCOMES
from agents.curling.networks.features import (
    GAME_FEATURES,
    STONE_FEATURES,
    Inputs,
    game_features,
    stone_features,
)
from agents.curling.networks.network_config import NetworkConfig
from agents.curling.networks.planes import PLANES, planes
from agents.curling.search.grid import CELLS, COLUMNS, PARTS, ROWS
from vision.images.networks.layers import convolution, linear
from vision.images.networks.residual import basic, residual_tower

VALUE_WIDTH = 256
"""Units of the value head's hidden layer, as in the authors' published code."""
FIRST_PREFERENCE = 0.01
"""Factor of a convolutional network's first policy weights."""


class DeepSets(nn.Module):
    """Stones one by one through the same layers, then a sixteenth of their sum and their maximum.

    Zaheer et al. (2017).
    """

    def __init__(self, config: NetworkConfig, generator: torch.Generator) -> None:
        super().__init__()
        stone, width = config.stone_width, config.width
        self.stone = nn.Sequential(
            linear(STONE_FEATURES, stone, generator=generator),
            nn.ReLU(inplace=True),
            linear(stone, stone, generator=generator),
            nn.ReLU(inplace=True),
        )
        self.whole = nn.Sequential(
            linear(2 * stone + GAME_FEATURES, width, generator=generator),
            nn.ReLU(inplace=True),
            linear(width, width, generator=generator),
            nn.ReLU(inplace=True),
        )

    def forward(self, inputs: Inputs) -> Tensor:
        """[B, D] of B positions."""
        stones = self.stone(stone_features(inputs)) * inputs.in_play[..., None]
        pooled = [stones.sum(1) / inputs.in_play.shape[1], stones.amax(1), game_features(inputs)]
        return self.whole(torch.cat(pooled, -1))


class AttentionLayer(nn.Module):
    """Self-attention and feed-forward, each on normalised tokens and added to them."""

    def __init__(self, config: NetworkConfig, generator: torch.Generator) -> None:
        super().__init__()
        width = config.token_width
        self.heads = config.heads
        self.before_attention, self.before_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixed = linear(width, 3 * width, generator=generator)
        self.joined = linear(width, width, generator=generator)
        self.feed = nn.Sequential(
            linear(width, config.feed_forward, generator=generator),
            nn.ReLU(inplace=True),
            linear(config.feed_forward, width, generator=generator),
        )

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Tokens [B, T, D]; present [B, 1, 1, T] bool says which may be attended to."""
        count, length, width = tokens.shape
        mixed = self.mixed(self.before_attention(tokens)).view(count, length, 3, self.heads, -1)
        query, key, value = mixed.permute(2, 0, 3, 1, 4).unbind(0)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=present)
        tokens = tokens + self.joined(found.transpose(1, 2).reshape(count, length, width))
        return tokens + self.feed(self.before_feed(tokens))


class Attention(nn.Module):
    """A token for the game and one for each stone, attending to each other (Vaswani et al., 2017)."""

    def __init__(self, config: NetworkConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.stone = linear(STONE_FEATURES, config.token_width, generator=generator)
        self.game = linear(GAME_FEATURES, config.token_width, generator=generator)
        self.layers = nn.ModuleList(AttentionLayer(config, generator) for _ in range(config.layers))
        self.last = nn.LayerNorm(config.token_width)
        self.whole = nn.Sequential(
            linear(3 * config.token_width, config.width, generator=generator), nn.ReLU()
        )

    def forward(self, inputs: Inputs) -> Tensor:
        """[B, D] of B positions."""
        tokens = torch.cat([self.game(game_features(inputs))[:, None], self.stone(stone_features(inputs))], 1)
        present = torch.cat([inputs.in_play.new_ones(len(tokens), 1), inputs.in_play], 1)[:, None, None]
        for layer in self.layers:
            tokens = layer(tokens, present)
        tokens = self.last(tokens)
        stones = tokens[:, 1:] * inputs.in_play[..., None]
        mean = stones.sum(1) / inputs.in_play.shape[1]
        return self.whole(torch.cat([tokens[:, 0], mean, stones.amax(1)], -1))


class PlaneTower(nn.Module):
    """The paper's trunk: a convolution and residual blocks over 29 planes."""

    def __init__(self, config: NetworkConfig, generator: torch.Generator) -> None:
        super().__init__()
        filters = config.filters
        self.first = nn.Sequential(
            convolution(PLANES, filters, generator=generator), nn.BatchNorm2d(filters), nn.ReLU()
        )
        self.tower = residual_tower(filters, [basic(filters)] * config.blocks, generator=generator)

    def forward(self, inputs: Inputs) -> Tensor:
        """[B, D, 32, 32] of B positions."""
        return self.tower(self.first(planes(inputs)))


class PolicyValueNetwork(nn.Module):
    """A trunk with two heads, or two trunks with one each."""

    def __init__(
        self, trunk: nn.Module, policy: nn.Module, value: nn.Module, value_trunk: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.trunk, self.policy, self.value, self.value_trunk = trunk, policy, value, value_trunk

    def forward(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Policy logits [B, G] and value logits [B, K] of B positions, from the mover's view."""
        seen = self.trunk(inputs)
        judged = seen if self.value_trunk is None else self.value_trunk(inputs)
        return self.policy(seen), self.value(judged)


def build_network(config: NetworkConfig, *, generator: torch.Generator) -> PolicyValueNetwork:
    """The network of a config, its weights drawn from `generator`."""
    trunk = TRUNKS[config.kind](config, generator)
    policy, value = _heads(config, generator)
    value_trunk = None if config.joint else TRUNKS[config.kind](config, generator)
    return PolicyValueNetwork(trunk, policy, value, value_trunk)


def _heads(config: NetworkConfig, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    if config.kind == "cnn":
        return _plane_policy(config, generator), _plane_value(config, generator)
    return (
        linear(config.width, CELLS, generator=generator),
        nn.Sequential(
            linear(config.width, VALUE_WIDTH, generator=generator),
            nn.ReLU(inplace=True),
            linear(VALUE_WIDTH, OUTCOMES, generator=generator),
        ),
    )


def _plane_policy(config: NetworkConfig, generator: torch.Generator) -> nn.Module:
    """Two planes of logits, one a handle; or the published code's dense layer after such planes."""
    if config.policy_head == "convolutional":
        head = convolution(config.filters, PARTS, kernel=1, bias=True, generator=generator)
        return nn.Sequential(_indifferent(head), nn.Flatten())
    return nn.Sequential(
        convolution(config.filters, PARTS, kernel=1, generator=generator),
        nn.BatchNorm2d(PARTS),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        _indifferent(linear(PARTS * ROWS * COLUMNS, CELLS, generator=generator)),
    )


def _indifferent(head: nn.Module) -> nn.Module:
    """The last layer of a policy with faint weights: added blocks make features large, and a network that has
    learnt nothing should hardly prefer one shot to another."""
    with torch.no_grad():
        head.weight.mul_(FIRST_PREFERENCE)
    return head


def _plane_value(config: NetworkConfig, generator: torch.Generator) -> nn.Module:
    return nn.Sequential(
        convolution(config.filters, 1, kernel=1, generator=generator),
        nn.BatchNorm2d(1),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        linear(ROWS * COLUMNS, VALUE_WIDTH, generator=generator),
        nn.ReLU(inplace=True),
        linear(VALUE_WIDTH, OUTCOMES, generator=generator),
    )


TRUNKS: dict[str, Callable[[NetworkConfig, torch.Generator], nn.Module]] = {
    "cnn": PlaneTower,
    "deep_sets": DeepSets,
    "attention": Attention,
}
