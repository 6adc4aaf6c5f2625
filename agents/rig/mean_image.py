"""Autoencoders that see and draw only how an image differs from the mean image.

Differs from Nair et al. (2018), whose networks take images as they are: at 48 pixels the hand covers some 25
of 2,304, and most of the training would go into the background, which never changes.

B batch, N images, S image side, D latent.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vision.images.vae import Autoencoder, VariationalAutoencoder

LEAST_DEVIATION = 1 / 255
"""Of pixels in [0, 1]: images that are all alike are not blown up."""
FIRST_CONTRAST = 0.1
"""Factor of the decoder's last weights at the start."""
LEAST_PROBABILITY = 1e-3
"""Of a mean pixel's value and of the rest to 1, so that its logit stays finite."""


class Centred(nn.Module):
    """An encoder of deviations from the mean image, in standard deviations of all pixels together."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, encoder: nn.Module, side: int) -> None:
        super().__init__()
        self.inner = encoder
        self.register_buffer("mean", torch.zeros(3, side, side))
        self.register_buffer("deviation", torch.ones(()))

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) in [0, 1] to what the encoder makes of them."""
        return self.inner((images - self.mean) / self.deviation)


class Added(nn.Module):
    """A decoder whose outputs are added to those of the mean image: logits, or means."""

    base: Tensor

    def __init__(self, decoder: nn.Module, side: int) -> None:
        super().__init__()
        self.inner = decoder
        self.register_buffer("base", torch.zeros(3, side, side))

    def forward(self, latents: Tensor) -> Tensor:
        """(B, D) to (B, 3, S, S), as the likelihood reads them."""
        return self.base + self.inner(latents)


def around_mean_image(
    network: VariationalAutoencoder | Autoencoder,
) -> VariationalAutoencoder | Autoencoder:
    """The network with its encoder and decoder wrapped, and with faint first drawings.

    Until `fit_mean_image` the mean image is black. A decoder that begins with strong drawings of nothing
    learns to ignore the latents before it learns to use them.
    """
    with torch.no_grad():
        network.decoder.up[-1].weight.mul_(FIRST_CONTRAST)
    network.encoder = Centred(network.encoder, network.config.side)
    network.decoder = Added(network.decoder, network.config.side)
    return network


def fit_mean_image(network: VariationalAutoencoder | Autoencoder, images: NDArray[np.uint8]) -> None:
    """Take the mean and the deviation of images [N, S, S, 3]."""
    mean = images.mean(0) / 255
    deviation = float(np.mean([np.square(image / 255 - mean).mean() for image in images]) ** 0.5)
    network.encoder.mean.copy_(torch.from_numpy(mean).movedim(-1, 0))
    network.encoder.deviation.fill_(max(deviation, LEAST_DEVIATION))
    base = network.encoder.mean
    if network.config.likelihood == "bernoulli":
        base = base.clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY).logit()
    network.decoder.base.copy_(base)
