"""Augmentation of whole batches on the device: crop, flip, normalisation, cutout and random erasing.

Cutout: DeVries & Taylor 2017, arXiv 1708.04552, section 3. Random erasing: Zhong et al. 2020, arXiv
1708.04896, algorithm 1. Shapes: B batch, C channels, H height, W width. All draws come from the generator
that is passed in, which lives on the device of the images; nothing waits for the device.
"""

import math

import torch
from torch import Tensor

from vision.images.augment_config import AugmentConfig, Normalization

# Rectangles drawn per image before random erasing gives up (Zhong et al. try without end).
ERASE_ATTEMPTS = 10


def augment(
    images: Tensor, config: AugmentConfig, normalization: Normalization, *, generator: torch.Generator
) -> Tensor:
    """Return a varied, normalised copy of a batch.

    Args:
        images: (B, C, H, W) uint8.
        config: which variations.
        normalization: statistics of the training images.
        generator: source of chance, on the device of `images`.

    Returns:
        (B, C, H, W) float32.
    """
    if config.crop_padding or config.flip:
        images = crop_and_flip(images, config, generator=generator)
    varied = normalize(images, normalization)
    if config.cutout:
        varied = cutout(varied, config.cutout, inside=config.cutout_inside, generator=generator)
    if config.erase_probability:
        varied = random_erase(varied, config, generator=generator)
    return varied


def normalize(images: Tensor, normalization: Normalization) -> Tensor:
    """Return (B, C, H, W) uint8 images as float32 with channel means 0 and deviations 1."""
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != len(normalization.mean):
        found = f"{images.dtype} {tuple(images.shape)}"
        raise ValueError(f"images: got {found}, expected uint8 (B, {len(normalization.mean)}, H, W)")
    scale = torch.tensor([1.0 / (255.0 * s) for s in normalization.deviation])
    shift = torch.tensor([-m / s for m, s in zip(normalization.mean, normalization.deviation, strict=True)])
    device = images.device
    scale, shift = (values.to(device, non_blocking=True).view(1, -1, 1, 1) for values in (scale, shift))
    return torch.addcmul(shift, images.float(), scale)


def crop_and_flip(images: Tensor, config: AugmentConfig, *, generator: torch.Generator) -> Tensor:
    """Return a random crop of each padded image, half of them mirrored.

    The crop is a gather: no padded copy is made. Offsets are uniform over the 2 * crop_padding + 1 places of
    each axis. Padding comes before normalisation, so that added pixels are black, as in He et al. 2016.

    Args:
        images: (B, C, H, W) uint8.
        config: crop_padding, padding and flip are used.
        generator: source of chance.
    """
    batch, _, height, width = images.shape
    padding = config.crop_padding
    if config.padding == "reflect" and padding >= min(height, width):
        raise ValueError(f"crop_padding: got {padding}, expected less than the image side to mirror it")
    top, left = torch.randint(
        -padding, padding + 1, (2, batch, 1), generator=generator, device=images.device
    ).unbind()
    rows = top + torch.arange(height, device=images.device)
    columns = left + torch.arange(width, device=images.device)
    if config.flip:
        mirrored = torch.rand((batch, 1), generator=generator, device=images.device) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    return _gather(images, rows, columns, reflect=config.padding == "reflect")


def cutout(images: Tensor, side: int, *, inside: bool, generator: torch.Generator) -> Tensor:
    """Set a square of each image to zero, the mean of normalised images.

    Args:
        images: (B, C, H, W) float.
        side: of the square, in pixels.
        inside: place the whole square inside the image; otherwise its centre is uniform over all pixels and
            the square is clipped at the border, as in the paper.
        generator: source of chance.
    """
    batch, _, height, width = images.shape
    if inside and side > min(height, width):
        raise ValueError(f"side: got {side}, expected at most the image side to lie inside")
    tops = _square_start(batch, height, side, inside, images.device, generator)
    lefts = _square_start(batch, width, side, inside, images.device, generator)
    sides = torch.full_like(tops, side)
    return images.masked_fill(_boxes(tops, lefts, sides, sides, height, width), 0.0)


def random_erase(images: Tensor, config: AugmentConfig, *, generator: torch.Generator) -> Tensor:
    """Fill a random rectangle with standard normal noise, with probability `erase_probability` per image.

    Differs from the paper: the aspect is log-uniform instead of uniform, so that high and wide rectangles are
    as frequent; of ERASE_ATTEMPTS rectangles the first that fits is used, and the image is kept if none does;
    and the noise is that of normalised images.

    Args:
        images: (B, C, H, W) float.
        config: the erase fields are used.
        generator: source of chance.
    """
    batch, _, height, width = images.shape
    device = images.device
    area, aspect, vertical, horizontal = torch.rand(
        (4, batch, ERASE_ATTEMPTS), generator=generator, device=device
    ).unbind()
    smallest, largest = config.erase_area
    area = (smallest + (largest - smallest) * area) * (height * width)
    aspect = torch.exp((2.0 * aspect - 1.0) * -math.log(config.erase_aspect))
    heights = torch.sqrt(area * aspect).round().long()
    widths = torch.sqrt(area / aspect).round().long()
    fits = (heights < height) & (widths < width)
    first = fits.int().argmax(1, keepdim=True)
    heights, widths, vertical, horizontal, fits = (
        values.gather(1, first) for values in (heights, widths, vertical, horizontal, fits)
    )
    tops = (vertical * (height - heights + 1)).long()
    lefts = (horizontal * (width - widths + 1)).long()
    erased = torch.rand((batch, 1), generator=generator, device=device) < config.erase_probability
    heights = torch.where(fits & erased, heights, 0)
    noise = torch.randn(images.shape, generator=generator, device=device, dtype=images.dtype)
    return torch.where(_boxes(tops, lefts, heights, widths, height, width), noise, images)


def _gather(images: Tensor, rows: Tensor, columns: Tensor, *, reflect: bool) -> Tensor:
    """Return images[b, :, rows[b, h], columns[b, w]], mirrored or black where an index is outside."""
    batch, channels, height, width = images.shape
    if reflect:
        rows, columns = _mirror(rows, height), _mirror(columns, width)
    places = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]
    places = places.view(batch, 1, height * width).expand(-1, channels, -1)
    moved = images.reshape(batch, channels, height * width).gather(2, places).view_as(images)
    if reflect:
        return moved
    outside = ((rows < 0) | (rows >= height))[:, :, None] | ((columns < 0) | (columns >= width))[:, None, :]
    return moved.masked_fill(outside[:, None], 0)


def _mirror(index: Tensor, size: int) -> Tensor:
    """Reflect indices outside [0, size) at the border pixels, which are not repeated."""
    index = index.abs()
    return torch.where(index >= size, 2 * (size - 1) - index, index)


def _square_start(
    batch: int, length: int, side: int, inside: bool, device: torch.device, generator: torch.Generator
) -> Tensor:
    """Return (B, 1) int64 first rows or columns of squares; clipped squares may start before 0."""
    places = length - side + 1 if inside else length
    start = torch.randint(places, (batch, 1), generator=generator, device=device)
    return start if inside else start - side // 2


def _boxes(tops: Tensor, lefts: Tensor, heights: Tensor, widths: Tensor, height: int, width: int) -> Tensor:
    """Return (B, 1, H, W) bool, true inside each rectangle; the arguments are (B, 1) int64 pixels."""
    rows = torch.arange(height, device=tops.device)
    columns = torch.arange(width, device=tops.device)
    in_rows = (rows >= tops) & (rows < tops + heights)
    in_columns = (columns >= lefts) & (columns < lefts + widths)
    return (in_rows[:, :, None] & in_columns[:, None, :])[:, None]
