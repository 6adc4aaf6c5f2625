"""Autoencoders of images: beta-VAE (Kingma and Welling 2014; Higgins et al. 2017) and deterministic ones.

Conventions: the log-likelihood of an image is summed over its pixels and channels, the KL divergence over its
latents, and both are averaged over the batch; loss = beta KL - log-likelihood. A beta that was tuned for a
likelihood averaged over pixels corresponds to beta times the number of pixels and channels here.

B batch, C image channels, S image side, D latent.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vision.images.encoders import (
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    PointEncoder,
    SpatialEncoder,
)
from vision.images.model_config import AutoencoderConfig

HEAD_BOUND = 1e-3
"""A dense encoder's last weights start uniform within this, as in the code of Nair et al. (2018). Positions
of feature points differ little at first: behind such weights they never learn to follow a small thing."""


def bernoulli_log_likelihood(logits: Tensor, images: Tensor) -> Tensor:
    """Log-probability of pixels in [0, 1], (B, C, S, S) each, summed to (B,) in nats."""
    return -F.binary_cross_entropy_with_logits(logits, images, reduction="none").flatten(1).sum(1)


def gaussian_log_likelihood(means: Tensor, images: Tensor) -> Tensor:
    """Log-density under N(means, 1), (B, C, S, S) each, summed to (B,) in nats."""
    squared = (images - means).square().flatten(1)
    return -0.5 * (squared.sum(1) + squared.shape[1] * math.log(2 * math.pi))


LOG_LIKELIHOODS = {"bernoulli": bernoulli_log_likelihood, "gaussian": gaussian_log_likelihood}


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)), (B, D) each, summed to (B,) in nats."""
    return -0.5 * (1.0 + log_variance - mean.square() - log_variance.exp()).sum(1)


class Terms(NamedTuple):
    """Loss and its parts, averaged over the batch, each () floating."""

    loss: Tensor
    log_likelihood: Tensor
    kl: Tensor


class VariationalAutoencoder(nn.Module):
    """A Gaussian encoder with diagonal variances and a convolutional decoder."""

    def __init__(self, config: AutoencoderConfig, *, generator: torch.Generator) -> None:
        """Draws the weights from `generator`."""
        super().__init__()
        self.config = config
        self.encoder = _dense_encoder(config, 2 * config.latent, generator)
        if not config.points:
            nn.init.uniform_(self.encoder.head.weight, -HEAD_BOUND, HEAD_BOUND, generator=generator)
        self.decoder = ConvolutionalDecoder(config.side, config.channels, config.latent, generator=generator)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, S, S) in [0, 1] to means and log-variances, (B, D) each."""
        mean, spread = self.encoder(images).chunk(2, dim=1)
        return mean, math.log(self.config.min_variance) + spread.abs()

    def decode(self, latents: Tensor) -> Tensor:
        """(B, D) to the mean images, (B, C, S, S) in [0, 1]."""
        return _mean_images(self.decoder(latents), self.config.likelihood)

    def forward(self, images: Tensor, noise: Tensor, *, beta: float) -> Terms:
        """The negative evidence lower bound with the KL weighed by beta.

        Args:
            images: (B, C, S, S) floating in [0, 1].
            noise: (B, D) standard normal, the reparameterised sample's.
            beta: weight of the KL divergence, at least 0.
        """
        mean, log_variance = self.encode(images)
        latents = mean + noise * (0.5 * log_variance).exp()
        log_likelihood = LOG_LIKELIHOODS[self.config.likelihood](self.decoder(latents), images).mean()
        kl = kl_to_standard_normal(mean, log_variance).mean()
        return Terms(beta * kl - log_likelihood, log_likelihood, kl)


class Autoencoder(nn.Module):
    """A deterministic encoder, dense or of feature points, and a convolutional decoder."""

    def __init__(self, config: AutoencoderConfig, *, generator: torch.Generator) -> None:
        """Draws the weights from `generator`."""
        super().__init__()
        self.config = config
        shape = (config.side, config.channels, config.latent)
        if config.kind == "spatial":
            self.encoder: nn.Module = SpatialEncoder(*shape, generator=generator)
        else:
            self.encoder = _dense_encoder(config, config.latent, generator)
        self.decoder = ConvolutionalDecoder(*shape, generator=generator)

    def encode(self, images: Tensor) -> Tensor:
        """(B, C, S, S) in [0, 1] to (B, D)."""
        return self.encoder(images)

    def decode(self, latents: Tensor) -> Tensor:
        """(B, D) to the mean images, (B, C, S, S) in [0, 1]."""
        return _mean_images(self.decoder(latents), self.config.likelihood)

    def forward(self, images: Tensor) -> Terms:
        """The negative log-likelihood of (B, C, S, S) images in [0, 1]; the KL is zero."""
        likelihood = LOG_LIKELIHOODS[self.config.likelihood]
        log_likelihood = likelihood(self.decoder(self.encoder(images)), images).mean()
        return Terms(-log_likelihood, log_likelihood, torch.zeros_like(log_likelihood))


def _dense_encoder(
    config: AutoencoderConfig, outputs: int, generator: torch.Generator
) -> ConvolutionalEncoder | PointEncoder:
    """The encoder that ends in a linear map, of all features or of the positions of feature points."""
    if config.points:
        return PointEncoder(config.channels, outputs, points=config.points, generator=generator)
    return ConvolutionalEncoder(
        config.side, config.channels, outputs, residual_blocks=config.residual_blocks, generator=generator
    )


def _mean_images(outputs: Tensor, likelihood: str) -> Tensor:
    return outputs.sigmoid() if likelihood == "bernoulli" else outputs.clamp(0.0, 1.0)


def build_autoencoder(
    config: AutoencoderConfig, *, generator: torch.Generator
) -> VariationalAutoencoder | Autoencoder:
    """The autoencoder that `config` describes, on the CPU in float32."""
    if config.kind == "variational":
        return VariationalAutoencoder(config, generator=generator)
    return Autoencoder(config, generator=generator)
