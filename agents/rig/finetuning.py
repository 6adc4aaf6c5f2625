"""Fine-tuning the autoencoder while the agent learns: new weights, codes of all images anew, goals anew.

Nair et al. (2018), algorithm 1 (on the covering images and replay together); Pong et al. (2020) for the
weights of images. M images.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agents.rig.autoencoding import AutoencoderTraining
from agents.rig.config import RigConfig
from agents.rig.density import log_densities, skew_weights
from agents.rig.goals import ImaginedGoals
from agents.rig.replay import Replay, all_images, goal_image
from agents.rig.representation import CHUNK


class Learning(Protocol):
    """What of a learner takes part."""

    config: RigConfig
    autoencoder: AutoencoderTraining
    goals: ImaginedGoals
    replay: Replay

    def recode_open_episodes(self) -> None:
        """Encode anew what the episodes that are being played saw last, and their goals."""


class Pictures:
    """Covering images and those of finished episodes, M together, without a copy of them all."""

    def __init__(self, learner: Learning) -> None:
        self._covering, self._replay = learner.autoencoder.images, learner.replay
        self._slots, self._times = self._replay.moments()

    def __len__(self) -> int:
        return len(self._covering) + len(self._slots)

    def take(self, indices: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Images [B, S, S, 3] at places [B] below M."""
        first = indices < len(self._covering)
        later = indices[~first] - len(self._covering)
        images = np.empty((len(indices), *self._covering.shape[1:]), np.uint8)
        images[first] = self._covering[indices[first]]
        if len(later):
            images[~first] = self._replay.images_at(self._slots[later], self._times[later])
        return images

    def codes(self, encode: Callable[[NDArray[np.uint8]], NDArray]) -> NDArray[np.float32]:
        """[M, D]; those of replay are the ones it holds."""
        return np.concatenate([encode(self._covering), self._replay.codes[self._slots, self._times]])

    def each(self, measure: Callable[[NDArray[np.uint8]], NDArray]) -> NDArray:
        """What `measure` says of all images, in chunks."""
        chunks = np.split(np.arange(len(self)), range(CHUNK, len(self), CHUNK))
        return np.concatenate([measure(self.take(chunk)) for chunk in chunks])


def finetune(learner: Learning, rng: np.random.Generator) -> dict[str, float]:
    """Make one round of updates on covering and replayed images, then encode everything anew.

    Returns:
        The mean losses of the round.

    Raises:
        FloatingPointError: in the update that meets a number that is not finite.
    """
    pictures = Pictures(learner)
    weights = _weights(learner, pictures)

    def draw(count: int) -> NDArray[np.uint8]:
        return pictures.take(rng.choice(len(pictures), size=count, p=weights))

    report = learner.autoencoder.finetune(draw)
    encode = learner.autoencoder.representation.distribution
    for slot, count in learner.replay.written():
        images = all_images(learner.replay, slot, count)
        # Its goal keeps the image that the autoencoder of its time made of it.
        codes, log_variances = encode(np.concatenate([images, goal_image(learner.replay, slot)[None]]))
        learner.replay.recode(slot, codes[:-1], log_variances[:-1])
        learner.replay.recode_goal(slot, codes[-1])
    learner.recode_open_episodes()
    refresh_goals(learner, rng)
    return report


def refresh_goals(learner: Learning, rng: np.random.Generator) -> None:
    """Fit the prior to the codes of all images, and draw the pool of goals, if there is one, anew."""
    pictures, config = Pictures(learner), learner.config
    if config.prior == "fitted" or config.skew:
        codes = pictures.codes(learner.autoencoder.representation.encode)
    if config.prior == "fitted":
        learner.goals.fit(codes)
    if config.skew:
        learner.goals.fill(rng, codes, _weights(learner, pictures))
    else:
        learner.goals.fill(rng)


def _weights(learner: Learning, pictures: Pictures) -> NDArray[np.float64] | None:
    """Weights [M] by the config's skew; None where all images count alike."""
    if not learner.config.skew:
        return None
    fit = learner.autoencoder.fit
    densities = pictures.each(lambda images: log_densities(fit.model, images, fit.generator))
    return skew_weights(densities, learner.config.skew)
