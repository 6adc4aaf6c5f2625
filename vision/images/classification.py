"""Image classification for the supervised loop: fetching varied batches and the cross-entropy loss.

Shapes: B batch, C channels, H height, W width, K classes.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from vision.images.augment import augment
from vision.images.augment_config import AugmentConfig, Normalization
from vision.images.data import ImageSet


class ImageBatches:
    """Fetches augmented training batches from images that lie on the device.

    Args:
        data: the training set, on the device.
        variation: see `AugmentConfig`.
        normalization: statistics of the training images.
    """

    def __init__(self, data: ImageSet, variation: AugmentConfig, normalization: Normalization) -> None:
        self.data = data
        self.variation = variation
        self.normalization = normalization

    def __call__(self, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return ((B, C, H, W) float32 images, (B,) int64 labels) for (B,) int64 indices."""
        chosen = self.data.select(indices)
        images = augment(chosen.images, self.variation, self.normalization, generator=generator)
        return images, chosen.labels


class CrossEntropy:
    """Mean cross-entropy, with smoothed labels (Szegedy et al. 2016, section 7), and training accuracy.

    Args:
        smoothing: share of each label that is spread over all classes, in [0, 1).
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing: got {smoothing}, expected a number in [0, 1)")
        self.smoothing = smoothing

    def __call__(
        self, network: Callable[..., Any], part: tuple[Tensor, ...], generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss and the accuracy on part of a batch; `generator` is not used."""
        images, labels = part
        logits = network(images).float()
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.smoothing)
        return loss, {"accuracy": (logits.argmax(1) == labels).float().mean()}
