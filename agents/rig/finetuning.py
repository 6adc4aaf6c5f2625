"""Fine-tuning the autoencoder while the agent learns: new weights, codes of all images anew, goals anew.

Nair et al. (2018), algorithm 1 (on the covering images and replay together); Pong et al. (2020) for the
weights of images. M images.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agents.rig.autoencoding import AutoencoderTraining
from agents.rig.config import RigConfig
from agents.rig.density import log_densities, skew_weights
from agents.rig.goals import ImaginedGoals
from agents.rig.replay import Replay, all_images


class Learning(Protocol):
    """What of a learner takes part."""

    config: RigConfig
    autoencoder: AutoencoderTraining
    goals: ImaginedGoals
    replay: Replay

    def recode_open_episodes(self) -> None:
        """Encode anew what the episodes that are being played saw last."""


def finetune(learner: Learning, rng: np.random.Generator) -> dict[str, float]:
    """Make one round of updates on covering and replayed images, then encode everything anew.

    Returns:
        The mean losses of the round.

    Raises:
        FloatingPointError: in the update that meets a number that is not finite.
    """
    pictures = _seen_images(learner)
    weights = _weights(learner, pictures)

    def draw(count: int) -> NDArray[np.uint8]:
        return pictures[rng.choice(len(pictures), size=count, p=weights)]

    report = learner.autoencoder.finetune(draw)
    encode = learner.autoencoder.representation.distribution
    for slot, count in learner.replay.written():
        learner.replay.recode(slot, *encode(all_images(learner.replay, slot, count)))
    learner.recode_open_episodes()
    refresh_goals(learner, rng)
    return report


def refresh_goals(learner: Learning, rng: np.random.Generator) -> None:
    """Fit the prior to the codes of all images and draw the pool of goals, if there is one, anew."""
    pictures = _seen_images(learner)
    codes = learner.autoencoder.representation.encode(pictures)
    if learner.config.prior == "fitted":
        learner.goals.fit(codes)
    if learner.config.skew:
        learner.goals.fill(rng, codes, _weights(learner, pictures))
    else:
        learner.goals.fill(rng)


def _seen_images(learner: Learning) -> NDArray[np.uint8]:
    """Covering images and those of finished episodes, [M, S, S, 3]."""
    slots, _ = learner.replay.moments()
    episodes = [
        all_images(learner.replay, int(slot), int(learner.replay.lengths[slot]) + 1)
        for slot in np.unique(slots)
    ]
    return np.concatenate([learner.autoencoder.images, *episodes])


def _weights(learner: Learning, pictures: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Weights [M] by the config's skew; None where all images count alike."""
    if not learner.config.skew:
        return None
    fit = learner.autoencoder.fit
    return skew_weights(log_densities(fit.model, pictures, fit.generator), learner.config.skew)
