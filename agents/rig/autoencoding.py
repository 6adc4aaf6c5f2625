"""The autoencoder on its way: trained on covering images first, then fine-tuned on what the policy sees.

N images, S image side.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.rig.config import RigConfig
from agents.rig.mean_image import around_mean_image, fit_mean_image
from agents.rig.representation import LatentRepresentation, unit_images
from vision.fit import Batch, Fit
from vision.fit_config import FitConfig, OptimizerConfig
from vision.images.model_config import AutoencoderConfig
from vision.images.vae import Autoencoder, Terms, VariationalAutoencoder, build_autoencoder
from vision.schedules import ScheduleConfig, Setting

EPOCH_UPDATES = 100
"""Updates in an epoch, whatever the number of images, as in the code of Nair et al. (2018)."""
CROWDED_SHARE = 0.5
"""Of the epochs, the first: they show all things where their number varies. An autoencoder that meets each
puck in half of the images only learns to draw none of them, or one."""
MOMENTUM = 0.9
"""Adam's first decay rate."""


class AutoencoderLoss:
    """Minus the evidence lower bound, or minus the log-likelihood of an autoencoder without variances."""

    def __init__(self, beta: Callable[[], float]) -> None:
        """Takes what tells the weight of the KL divergence in the present update."""
        self._beta = beta

    def __call__(
        self, network: Callable[..., Terms], batch: Batch, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """See `vision.fit.Loss`; the batch is images [B, S, S, 3] uint8 and noise (B, D), or images alone."""
        images, *noise = batch
        terms = network(unit_images(images), *noise, **({"beta": self._beta()} if noise else {}))
        return terms.loss, {"log_likelihood": terms.log_likelihood, "kl": terms.kl}


class AutoencoderTraining:
    """An autoencoder, its optimiser and the images of the covering policy, which `begin` gives it.

    Args:
        config: of the run.
        seed: of weights, order and noise.
        device: where to compute.
    """

    def __init__(self, config: RigConfig, *, seed: int, device: torch.device | str) -> None:
        self.config = config
        side = config.image_size
        self.images = np.empty((0, side, side, 3), np.uint8)
        """[N, S, S, 3]; none until `begin` or `take_images`."""
        self._crowded: NDArray[np.uint8] | None = None
        """[N, S, S, 3] with all things, for the first epochs, where their number varies."""
        self._resident: tuple[Tensor, ...] = ()
        """Both on a GPU, so that no batch of them is sent there."""
        self._latent = config.latent
        self._device = torch.device(device)
        network = build_network(config, generator=torch.Generator().manual_seed(seed))
        self._variational = isinstance(network, VariationalAutoencoder)
        self.fit = Fit(
            network,
            AutoencoderLoss(self.beta),
            self._fetch,
            config.vae_images,
            fit_config(config, config.vae_images),
            seed=seed,
            device=device,
        )
        self.representation = LatentRepresentation(network)

    def beta(self) -> float:
        """Weight of the KL divergence now: it rises from 0 over the first `beta_warmup` of pretraining."""
        rise = self.config.beta_warmup * self._pretraining_samples
        return self.config.beta * min(1.0, self.fit.samples / rise if rise else 1.0)

    @property
    def _pretraining_samples(self) -> int:
        return EPOCH_UPDATES * self.config.vae_epochs * self.config.vae_batch

    def pretrain(self) -> Iterator[dict[str, float]]:
        """Train from here to the end of the first epochs, yielding one report an epoch.

        Raises:
            FloatingPointError: in the update that meets a loss or gradient that is not finite.
        """
        for report in self.fit.train():
            yield _named(report)

    def finetune(self, draw: Callable[[int], NDArray[np.uint8]]) -> dict[str, float]:
        """Make one round of updates on images that `draw(count)` gives.

        Raises:
            FloatingPointError: in the update that meets a loss or gradient that is not finite.
        """
        setting = Setting(self.config.vae_rate, MOMENTUM, self.config.vae_batch)
        reports = [
            self.fit.step(self._batch(draw(self.config.vae_batch)), setting)
            for _ in range(self.config.finetune_updates)
        ]
        return _named({name: float(np.mean([r[name] for r in reports])) for name in reports[0]})

    def begin(self, images: NDArray[np.uint8], crowded: NDArray[np.uint8] | None = None) -> None:
        """Learn on these covering images, [N, S, S, 3], from the start: the mean image is theirs.

        Args:
            images: as the task's episodes show it.
            crowded: with all things, where their number varies; they come first.

        Raises:
            ValueError: when they are of another number or size.
        """
        self.take_images(images, crowded)
        fit_mean_image(self.fit.model, images)

    def take_images(self, images: NDArray[np.uint8], crowded: NDArray[np.uint8] | None = None) -> None:
        """Go on with the covering images of the run that is continued; see `begin`.

        Raises:
            ValueError: when they are of another number or size.
        """
        expected = (self.config.vae_images, *self.images.shape[1:])
        given = [images] if crowded is None else [images, crowded]
        for part in given:
            if part.shape != expected:
                raise ValueError(f"covering images: got {part.shape}, expected {expected}")
        self.images, self._crowded = images, crowded
        if self._device.type == "cuda":
            self._resident = tuple(
                torch.from_numpy(np.require(part, requirements="CW")).to(self._device) for part in given
            )

    def state_dict(self) -> dict[str, Any]:
        """All that changes, without the images."""
        return self.fit.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.fit.load_state_dict(state)

    def _fetch(self, indices: Tensor, generator: torch.Generator) -> Batch:
        crowd = self._crowded is not None and self.fit.samples < CROWDED_SHARE * self._pretraining_samples
        if self._resident:
            return self._with_noise(self._resident[crowd][indices.to(self._device, non_blocking=True)])
        return self._batch((self._crowded if crowd else self.images)[indices.numpy()])

    def _batch(self, images: NDArray[np.uint8]) -> Batch:
        return self._with_noise(torch.from_numpy(images).to(self._device))

    def _with_noise(self, pixels: Tensor) -> Batch:
        if not self._variational:
            return (pixels,)
        noise = torch.randn((len(pixels), self._latent), generator=self.fit.generator, device=self._device)
        return pixels, noise


def build_network(config: RigConfig, *, generator: torch.Generator) -> VariationalAutoencoder | Autoencoder:
    """The autoencoder that a run's config describes, around a mean image; the generator draws the weights."""
    shape = AutoencoderConfig(
        kind=config.autoencoder,
        side=config.image_size,
        latent=config.latent,
        likelihood=config.likelihood,
        points=0 if config.autoencoder == "spatial" else config.points,
    )
    return around_mean_image(build_autoencoder(shape, generator=generator))


def fit_config(config: RigConfig, images: int) -> FitConfig:
    """The supervised loop of `vae_epochs` over so many images."""
    passes = EPOCH_UPDATES * config.vae_batch / images
    schedule = ScheduleConfig(
        kind="constant",
        epochs=config.vae_epochs * passes,
        rate=config.vae_rate,
        momentum=MOMENTUM,
        batch=config.vae_batch,
        max_batch=config.vae_batch,
    )
    optimizer = OptimizerConfig(kind="adam", weight_decay=0.0)
    return FitConfig(
        schedule=schedule, optimizer=optimizer, precision=config.vae_precision, interval_epochs=passes
    )


def _named(report: dict[str, float]) -> dict[str, float]:
    names = ("loss", "log_likelihood", "kl", "gradient_norm")
    return {f"vae_{name}": report[name] for name in names if name in report}
