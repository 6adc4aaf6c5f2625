"""Ready configs of the kinds `kr_dl` and `kr_drl`; a flag given beside a preset changes that one field."""

from agents.curling.network_config import NetworkConfig
from agents.curling.supervised_config import SupervisedConfig

SUPERVISED = {
    "quick": SupervisedConfig(
        epochs=8, optimizer="adam", rate=2e-3, schedule="cosine", weight_decay=0.0, value_target="outcome"
    ),
    "cpu": SupervisedConfig(epochs=30, optimizer="adam", rate=1e-3, schedule="cosine", weight_decay=0.0),
    "paper": SupervisedConfig(network=NetworkConfig("cnn"), pairs=400_000, precision="bfloat16"),
}
"""`quick` takes minutes and `cpu` an hour or so on two cores, with as many pairs as there are; `paper` has
the paper's network, number of pairs and schedule, and wants a GPU."""
