"""Self-play so small that a test can take it to its end."""

import torch

from agents.curling.learning.self_play import self_play_world
from agents.curling.learning.self_play_config import SelfPlayConfig
from agents.curling.networks.network_config import NetworkConfig
from agents.curling.networks.policy_value import build_network
from agents.curling.search.search_player import SearchPlayer

NETWORK = NetworkConfig(stone_width=8, width=8)
CONFIG = SelfPlayConfig(
    network=NETWORK, simulations=6, candidates=4, iterations=3, games=2, updates=2, keep=48, batch=16, least=0
)
SEED = 5


def player_of(config=CONFIG, seed=1):
    network = build_network(config.network, generator=torch.Generator().manual_seed(seed))
    return SearchPlayer(config.player, self_play_world(config), network)
