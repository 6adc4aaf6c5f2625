"""What a policy sees of the world: codes of images, scaled states, or the images themselves.

N observations, S image side, D code, G numbers of a state.
"""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.rig.graphs import RepeatedCalls
from vision.images.vae import Autoencoder, VariationalAutoencoder

CHUNK = 256
"""Images in one forward pass."""
STATE_UNIT = 0.1
"""metres; codes of states are in this unit, so that a network's inputs are about one."""
STATE_CENTRE = (0.0, 0.6)
"""metres; x and y in the middle of the tables' goals."""


class Representation(Protocol):
    """Turns observations into what policy and critics take."""

    code_shape: tuple[int, ...]

    def encode(self, observations: NDArray) -> NDArray:
        """Codes [N, *code_shape] of observations [N, ...] in the environment's units."""


class StateRepresentation:
    """States [N, G] in metres as codes in decimetres from the middle of the table."""

    def __init__(self, size: int) -> None:
        self.code_shape = (size,)
        self._centre = np.tile(STATE_CENTRE, size // 2)
        self._missing = self.encode(np.zeros(size))[:2]

    def encode(self, observations: NDArray) -> NDArray[np.float32]:
        """[N, G] metres to [N, G] float32 decimetres."""
        return ((observations - self._centre) / STATE_UNIT).astype(np.float32)

    def with_things_of(self, seen: NDArray[np.float32], goals: NDArray[np.float32]) -> NDArray[np.float32]:
        """Codes of goals [N, G] without the things that take no part in the codes `seen` [N, G]."""
        places = seen.reshape(len(seen), -1, 2)
        missing = (places == self._missing).all(axis=2)
        return np.where(np.repeat(missing, 2, axis=1), seen, goals)


class PixelRepresentation:
    """Images as they are."""

    def __init__(self, side: int) -> None:
        self.code_shape = (side, side, 3)

    def encode(self, observations: NDArray) -> NDArray[np.uint8]:
        """[N, S, S, 3] uint8, unchanged."""
        return observations


class LatentRepresentation:
    """Images as the codes of an autoencoder: the mean, where the encoder is a distribution.

    Args:
        network: on its device; it is put into evaluation mode when used.
    """

    def __init__(self, network: VariationalAutoencoder | Autoencoder) -> None:
        self.network = network
        self._encoded = RepeatedCalls(self._encode)
        self.code_shape = (network.config.latent,)

    def encode(self, observations: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, S, S, 3] uint8 to [N, D] float32.

        Raises:
            ValueError: when the images are not uint8 of the network's side.
            FloatingPointError: when a code is not finite.
        """
        return self.distribution(observations)[0]

    def distribution(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Means and log-variances, [N, D] float32 each; an encoder without variances has zeros for these.

        Raises:
            ValueError: when the images are not uint8 of the network's side.
            FloatingPointError: when a code is not finite.
        """
        self._check(images)
        self._rest()
        parts = np.split(images, _edges(len(images)))
        found = np.concatenate([self._encoded(part, device=self._device) for part in parts])
        if not np.isfinite(found).all():
            raise FloatingPointError("code of an image: got a number that is not finite")
        mean, log_variance = np.split(found, 2, axis=1)
        return np.ascontiguousarray(mean), np.ascontiguousarray(log_variance)

    @torch.no_grad()
    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """[N, D] to mean images [N, S, S, 3] uint8."""
        self._rest()
        images = [self.network.decode(self._tensor(part)) for part in np.split(codes, _edges(len(codes)))]
        pixels = torch.cat(images).mul(255).round().to(torch.uint8)
        return pixels.movedim(1, -1).contiguous().cpu().numpy()

    def _rest(self) -> None:
        """Evaluation mode, without a walk through all modules for every image."""
        if self.network.training:
            self.network.eval()

    def _encode(self, images: Tensor) -> Tensor:
        """[N, S, S, 3] uint8 to means and log-variances side by side, (N, 2 D)."""
        found = self.network.encode(unit_images(images))
        return torch.cat(found if isinstance(found, tuple) else (found, torch.zeros_like(found)), dim=1)

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def _tensor(self, array: NDArray) -> Tensor:
        whole = np.require(array, requirements="CW")  # torch warns of arrays that are sealed
        return torch.from_numpy(whole).to(self._device)

    def _check(self, images: NDArray[np.uint8]) -> None:
        side = self.network.config.side
        if images.dtype != np.uint8 or images.shape[1:] != (side, side, 3):
            raise ValueError(
                f"images: got {images.dtype} {images.shape}, expected uint8 [N, {side}, {side}, 3]"
            )


def unit_images(images: Tensor) -> Tensor:
    """[N, S, S, 3] uint8 to (N, 3, S, S) float32 in [0, 1]."""
    return images.movedim(-1, 1).float().div(255)


def _edges(count: int) -> list[int]:
    return list(range(CHUNK, count, CHUNK))
