"""Network files: checkpoints whose config has `network` and whose state has `network`, its weights.

Where the state has `best` too, as that of self-play behind a gate, those weights count: the latest ones have
not won their match.

Runs that train networks write such checkpoints, with the state under `learner`; `save_network` writes small
ones with nothing else in them.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.curling.compiled.end_step import OUTCOMES
from agents.curling.networks.conditions import FORMER, Conditions, conditions_of
from agents.curling.networks.network_config import NetworkConfig
from agents.curling.networks.policy_value import PolicyValueNetwork, build_network
from agents.curling.player_tokens import pretrained_names, pretrained_path
from agents.runs.atomic import write_file
from agents.runs.checkpoint import Checkpoint, encode, load_checkpoint
from agents.runs.config_json import config_from_json, config_to_json
from agents.runs.errors import ConfigError, CorruptFileError
from agents.runs.origin import versions

KIND = "curling_network"
"""Kind of the small files."""


class LoadedNetwork(NamedTuple):
    """A network from a file: in evaluation mode, with what made it.

    conditions: that it learned in.
    hammer_points: [K] int64, ends of its self-play by the points of the team with the hammer from -8 to 8, of
    which `winning` makes chances to win; None where it has played none.
    """

    network: PolicyValueNetwork
    config: NetworkConfig
    kind: str
    step: int
    conditions: Conditions = FORMER
    hammer_points: NDArray[np.int64] | None = None


def load_network(
    path: str | Path, device: str | torch.device = "cpu", *, content: bytes | None = None
) -> LoadedNetwork:
    """Reads the network of a file, or of the pretrained network of that name; a Path is always a file.

    Args:
        path: the file.
        device: where the network is put.
        content: of the file, if it lies on another machine.

    Raises:
        ConfigError: the file holds something else.
        CorruptFileError: it is damaged.
        StorageError: it cannot be read.
    """
    path = pretrained_path(path) if isinstance(path, str) and path in pretrained_names() else Path(path)
    checkpoint = load_checkpoint(path, content)
    if "network" not in checkpoint.config:
        raise ConfigError(f"{path}: got a checkpoint of kind {checkpoint.kind}, expected a curling network")
    try:
        config = config_from_json(NetworkConfig, checkpoint.config["network"])
        network = build_network(config, generator=torch.Generator())
        state = checkpoint.state.get("learner", checkpoint.state)
        network.load_state_dict(state.get("best") or state["network"])
        ends = _checked_ends(state.get("hammer_points"))
        conditions = conditions_of(checkpoint.config, checkpoint.state)
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        problem = " ".join(str(error).split())[:200]
        raise CorruptFileError(
            f"{path}: holds no network of ours ({type(error).__name__}: {problem})"
        ) from error
    made = (config, checkpoint.kind, checkpoint.step, conditions, ends)
    return LoadedNetwork(network.to(device).eval(), *made)


def save_network(
    path: Path,
    network: PolicyValueNetwork,
    config: NetworkConfig,
    *,
    kind: str = KIND,
    step: int = 0,
    conditions: Conditions = FORMER,
    hammer_points: NDArray[np.int64] | None = None,
) -> None:
    """Writes a network, its config and conditions, and the ends of its self-play if there are any
    (`LoadedNetwork`).

    Raises:
        NumericalError: a weight is not finite.
        StorageError: the file cannot be written.
    """
    state: dict[str, Any] = {"network": dict(network.state_dict())}
    if hammer_points is not None:
        state["hammer_points"] = _checked_ends(hammer_points)
    made = {"network": config_to_json(config), **conditions._asdict()}
    checkpoint = Checkpoint(kind, made, step, versions(), state)
    write_file(path, b"".join(encode(checkpoint)))


def _checked_ends(counts: Any) -> NDArray[np.int64] | None:
    if counts is None:
        return None
    counts = np.array(counts)
    if counts.shape != (OUTCOMES,) or counts.dtype != np.int64 or (counts < 0).any():
        raise ValueError(f"hammer_points: got {counts}, expected {OUTCOMES} counts of ends")
    return counts


def weights_hash(weights: Mapping[str, Tensor]) -> str:
    """SHA-256, as hexadecimal digits, over names, types, shapes and numbers of weights."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
