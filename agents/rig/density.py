"""How likely images are under a VAE, and Skew-Fit's weights that favour the unlikely ones (Pong et al. 2020).

N images, K samples of the encoder, D latent, S image side.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.rig.representation import CHUNK, unit_images
from vision.images.vae import LOG_LIKELIHOODS, VariationalAutoencoder

SAMPLES = 10
"""K, as in the paper's code."""


@torch.no_grad()
def log_densities(
    network: VariationalAutoencoder, images: NDArray[np.uint8], generator: torch.Generator
) -> NDArray[np.float64]:
    """Importance-sampled log p(image) in nats, [N], of images [N, S, S, 3] uint8.

    log of the mean over K latents z of the encoder of p(image | z) p(z) / q(z | image).
    """
    network.eval()
    device = next(network.parameters()).device
    parts = [
        _log_densities(network, unit_images(torch.from_numpy(part).to(device)), generator)
        for part in np.split(images, range(CHUNK, len(images), CHUNK))
    ]
    return torch.cat(parts).double().cpu().numpy()


def _log_densities(network: VariationalAutoencoder, images: Tensor, generator: torch.Generator) -> Tensor:
    mean, log_variance = network.encode(images)
    likelihood = LOG_LIKELIHOODS[network.config.likelihood]
    terms = []
    for _ in range(SAMPLES):
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        latents = mean + noise * (0.5 * log_variance).exp()
        # The constants log(2 pi) / 2 of prior and encoder cancel.
        log_prior_to_encoder = 0.5 * (noise.square() + log_variance - latents.square()).sum(1)
        terms.append(likelihood(network.decoder(latents), images) + log_prior_to_encoder)
    return torch.stack(terms).logsumexp(0) - math.log(SAMPLES)


def skew_weights(log_density: NDArray[np.float64], skew: float) -> NDArray[np.float64]:
    """Weights [N] that add up to 1, in proportion to density**-skew: even for 0, flattening for 1."""
    exponents = -skew * log_density
    weights = np.exp(exponents - exponents.max())
    return weights / weights.sum()
