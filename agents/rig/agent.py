"""A trained agent: shown observations and goals in the world's own units, it acts.

N observations, A action, S image side, G numbers of a state.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.rig.autoencoding import build_network
from agents.rig.config import RigConfig
from agents.rig.graphs import RepeatedCalls
from agents.rig.networks import ActorCritic, CodePair, ImagePair
from agents.rig.representation import (
    LatentRepresentation,
    PixelRepresentation,
    Representation,
    StateRepresentation,
)
from agents.rig.sac import OUTPUTS as SAC_OUTPUTS
from agents.rig.sac import squashed_sample
from agents.rig.td3 import OUTPUTS as TD3_OUTPUTS
from agents.runs.checkpoint import Checkpoint, load_checkpoint
from agents.runs.checkpoint_paths import resolve
from agents.runs.config_json import config_from_json
from agents.runs.errors import ConfigError, CorruptFileError
from envs.manipulation.tasks import get_plan

KIND = "rig"
ACTIONS = 2
"""A: the hand's way along x and y."""


class Agent:
    """A policy and the representation it sees the world in.

    Attributes:
        config: of the run.
        representation: encodes observations and goals.
        networks: trunk and policy (and the critics, which acting does not need).
    """

    def __init__(self, config: RigConfig, representation: Representation, networks: ActorCritic) -> None:
        self.config, self.representation, self.networks = config, representation, networks
        self._acted = RepeatedCalls(self._act)

    def towards(self, goal: NDArray) -> Callable[[NDArray], NDArray[np.float32]]:
        """How to act without exploration towards goals [N, ...] that stay the same: they are encoded once.

        Args:
            goal: [N, S, S, 3] uint8 images, or [N, G] metres for the oracle; so are the observations.

        Raises:
            ValueError: when a shape or dtype is not that of the world.
        """
        encode, codes = self.representation.encode, self.representation.encode(goal)
        return lambda observation: self.act_on(encode(observation), codes)

    def act_on(
        self, codes: NDArray, goals: NDArray, *, rng: np.random.Generator | None = None
    ) -> NDArray[np.float32]:
        """Actions for a batch.

        Args:
            codes: what `representation.encode` gave of N observations.
            goals: the same of how they should be.
            rng: explores (TD3 with white noise, SAC by its distribution); None acts greedily.

        Returns:
            [N, 2] float32 in [-1, 1].

        Raises:
            FloatingPointError: when an action is not finite.
        """
        greedy = rng is None
        if self.config.algorithm == "sac":
            noise = np.zeros((len(codes), ACTIONS)) if greedy else rng.standard_normal((len(codes), ACTIONS))
            return self.policy(codes, goals, noise)
        actions = self.policy(codes, goals)
        if greedy:
            return actions
        return np.clip(actions + self.config.noise * rng.standard_normal(actions.shape), -1, 1).astype(
            np.float32
        )

    def policy(
        self, codes: NDArray, goals: NDArray, noise: NDArray[np.floating] | None = None
    ) -> NDArray[np.float32]:
        """The policy's actions [N, 2]; `noise` [N, 2], standard normal, picks from SAC's distribution."""
        device = next(self.networks.parameters()).device
        parts = (codes, goals) if noise is None else (codes, goals, noise.astype(np.float32))
        found = self._acted(*parts, device=device)
        if not np.isfinite(found).all():
            raise FloatingPointError("action: got a number that is not finite")
        return found

    def _act(self, codes: Tensor, goals: Tensor, noise: Tensor | None = None) -> Tensor:
        """What `policy` says, on the device."""
        outputs = self.networks.policy(self.networks.trunk(codes, goals))
        return outputs[:, :ACTIONS].tanh() if noise is None else squashed_sample(outputs, noise)[0]


def build_agent(
    config: RigConfig,
    *,
    generator: torch.Generator,
    latent: LatentRepresentation | None = None,
    device: torch.device | str,
) -> Agent:
    """A fresh agent.

    Args:
        config: of the run.
        generator: draws the weights.
        latent: representation of images, where the config has an autoencoder.
        device: where the networks run.
    """
    if latent is None:
        states = 2 + 2 * get_plan(config.env).things
        representation = (
            PixelRepresentation(config.image_size) if config.visual else StateRepresentation(states)
        )
    else:
        representation = latent
    if isinstance(representation, PixelRepresentation):
        trunk = ImagePair(config.image_size, config.features, generator=generator)
    else:
        trunk = CodePair(representation.code_shape[0])
    networks = ActorCritic(
        trunk,
        actions=ACTIONS,
        outputs=SAC_OUTPUTS if config.algorithm == "sac" else TD3_OUTPUTS,
        hidden=config.hidden,
        generator=generator,
    )
    return Agent(config, representation, networks.to(device))


def load_agent(path: Path, device: torch.device | str = "cpu") -> Agent:
    """The agent of a checkpoint, or of a run folder's best checkpoint (its last, without a best).

    Raises:
        ConfigError: when the path holds no agent of this kind.
        CorruptFileError: when the file is damaged.
        StorageError: when it cannot be read.
    """
    file = resolve(path) if path.is_dir() else path
    if file is None:
        raise ConfigError(f"run: got {path}, expected a run folder with a checkpoint, or a checkpoint")
    return agent_of(load_checkpoint(file), path, device)


def agent_of(checkpoint: Checkpoint, path: Path, device: torch.device | str) -> Agent:
    """The agent in what was read from `path`; see `load_agent`."""
    if checkpoint.kind != KIND:
        raise ConfigError(f"{path}: got a checkpoint of kind {checkpoint.kind}, expected {KIND}")
    try:
        config = config_from_json(RigConfig, checkpoint.config)
    except ConfigError as error:
        raise ConfigError(f"{path}: config {error}") from error
    try:
        return restore_agent(config, checkpoint.state["learner"], device)
    except (KeyError, TypeError, RuntimeError) as error:
        raise CorruptFileError(f"{path}: the state does not fit its config ({error})") from error


def restore_agent(config: RigConfig, state: Mapping[str, Any], device: torch.device | str) -> Agent:
    """The agent in a learner's state; replay and optimisers stay unread."""
    generator, latent = torch.Generator().manual_seed(0), None
    if config.autoencoder:
        network = build_network(config, generator=generator)
        network.load_state_dict(state["autoencoder"]["model"])
        latent = LatentRepresentation(network.to(device).requires_grad_(False))
    agent = build_agent(config, generator=generator, latent=latent, device=device)
    agent.networks.load_state_dict(state["algorithm"]["networks"])
    agent.networks.requires_grad_(False)
    return agent
