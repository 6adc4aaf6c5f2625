"""Ready configs of the kinds `kr_dl` and `kr_drl`; a flag given beside a preset changes that one field."""

from dataclasses import replace

from agents.curling.learning.self_play_config import SelfPlayConfig
from agents.curling.learning.supervised_config import SupervisedConfig
from agents.curling.networks.network_config import NetworkConfig

QUICK = SupervisedConfig(
    epochs=10, optimizer="adam", rate=2e-3, schedule="cosine", weight_decay=0.0, value_target="outcome"
)

SUPERVISED = {
    "quick": QUICK,
    "cpu": replace(QUICK, epochs=30, value_target="rollout"),
    "paper": SupervisedConfig(network=NetworkConfig("cnn"), pairs=400_000, precision="bfloat16"),
}
"""`quick` takes minutes and `cpu` an hour or so on two cores, with as many pairs as there are; `paper` has
the paper's network, number of pairs and schedule, and wants a GPU."""

_ADAM = SelfPlayConfig(optimizer="adam", rate=1e-3, weight_decay=0.0)

SELF_PLAY = {
    "quick": replace(_ADAM, simulations=64, iterations=24, games=64, updates=24, keep=20_000, least=3000),
    "cpu": replace(
        _ADAM,
        simulations=160,
        policy_target="improved",
        iterations=120,
        games=128,
        updates=48,
        keep=60_000,
        rate=3e-4,
        groups=2,
        search_batch=128,
    ),
    "paper": SelfPlayConfig(
        network=NetworkConfig("cnn"),
        iterations=77,
        games=4096,
        updates=2048,
        keep=1_000_000,
        least=200_000,
        schedule="decay_rate",
        precision="bfloat16",
        search_batch=256,
        groups=16,
        search="kr_dl_uct",
        search_share=1.0,
    ),
}
"""`quick` takes minutes and `cpu` an hour or two on two cores; `paper` plays as many positions as the paper,
five million, with its network and search, and wants a GPU and 16 cores."""
