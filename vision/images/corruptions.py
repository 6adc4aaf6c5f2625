"""Corrupted images at five severities: noise, blur and contrast (Hendrycks & Dietterich 2019).

Shapes: B batch, C channels, H height, W width. The constants are those of the paper's CIFAR variants (arXiv
1903.12261), for images of about 32 pixels.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

SEVERITIES = (1, 2, 3, 4, 5)
# Standard deviation of Gaussian noise, in units of 0 to 1.
NOISE_DEVIATIONS = (0.04, 0.06, 0.08, 0.09, 0.10)
# Standard deviation of the Gaussian kernel, in pixels.
BLUR_DEVIATIONS = (0.4, 0.6, 0.7, 0.8, 1.0)
# Factor of the distance to the image's own mean.
CONTRAST_FACTORS = (0.75, 0.5, 0.4, 0.3, 0.15)
# The blur kernel is cut off after this many standard deviations.
BLUR_REACH = 4.0


def corrupt(images: Tensor, kind: str, severity: int, *, generator: torch.Generator) -> Tensor:
    """Return corrupted copies of images.

    Args:
        images: (B, C, H, W) uint8.
        kind: one of `CORRUPTIONS`.
        severity: 1 (weak) to 5 (strong).
        generator: source of chance, on the device of `images`.

    Returns:
        (B, C, H, W) uint8, rounded to the nearest.
    """
    if kind not in CORRUPTIONS:
        raise ValueError(f"kind: got {kind!r}, expected one of {', '.join(CORRUPTIONS)}")
    if severity not in SEVERITIES:
        raise ValueError(f"severity: got {severity!r}, expected 1 to 5")
    if images.dtype != torch.uint8 or images.ndim != 4:
        raise ValueError(f"images: got {images.dtype} {tuple(images.shape)}, expected uint8 (B, C, H, W)")
    changed = CORRUPTIONS[kind](images.float() / 255.0, severity - 1, generator)
    return (255.0 * changed.clamp(0.0, 1.0)).round().to(torch.uint8)


def _add_noise(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    return images + NOISE_DEVIATIONS[level] * noise


def _blur(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    """Blur rows, then columns; the border pixel is repeated outside."""
    deviation = BLUR_DEVIATIONS[level]
    reach = math.ceil(BLUR_REACH * deviation)
    places = torch.arange(-reach, reach + 1, device=images.device)
    kernel = torch.exp(-0.5 * (places / deviation) ** 2)
    kernel = (kernel / kernel.sum()).view(1, 1, 1, -1)
    single = images.flatten(0, 1)[:, None]
    for _ in range(2):
        padded = functional.pad(single, (reach, reach, 0, 0), mode="replicate")
        single = functional.conv2d(padded, kernel).mT
    return single.view_as(images)


def _lower_contrast(images: Tensor, level: int, generator: torch.Generator) -> Tensor:
    mean = images.mean((2, 3), keepdim=True)
    return mean + CONTRAST_FACTORS[level] * (images - mean)


# name -> function of (images in 0 to 1, severity from 0, generator); only noise draws.
CORRUPTIONS: dict[str, Callable[[Tensor, int, torch.Generator], Tensor]] = {
    "noise": _add_noise,
    "blur": _blur,
    "contrast": _lower_contrast,
}
