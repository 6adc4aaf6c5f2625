"""Labelled images held as bytes in memory or on the device: reading by name, subsets and splits.

Shapes: N images, C channels, H height, W width.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vision.images.formats import RawImages, read_cifar10, read_cifar100, read_folder, read_mnist

READERS: dict[str, Callable[[Path, str], RawImages]] = {
    "cifar10": read_cifar10,
    "cifar100": read_cifar100,
    "mnist": read_mnist,
    "folder": read_folder,
}


@dataclass(frozen=True)
class ImageSet:
    """Images with their classes.

    Attributes:
        images: (N, C, H, W) uint8.
        labels: (N,) int64, class numbers in [0, len(classes)).
        classes: name of each class.
        note: what a reader should know about the source, such as parts that were missing; empty if nothing.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            found = f"{self.images.dtype} {tuple(self.images.shape)}"
            raise ValueError(f"ImageSet.images: got {found}, expected uint8 of shape (N, C, H, W)")
        if self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]:
            found = f"{self.labels.dtype} {tuple(self.labels.shape)}"
            raise ValueError(f"ImageSet.labels: got {found}, expected int64, one for each image")

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device | str) -> "ImageSet":
        """Return the set with its tensors on `device`."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def select(self, indices: Tensor) -> "ImageSet":
        """Return the images at `indices`, (n,) int64 on the CPU or the images' device, in that order."""
        indices = indices.to(self.images.device, non_blocking=True)
        return replace(self, images=self.images[indices], labels=self.labels[indices])


def read_images(dataset: str, folder: Path, part: str) -> ImageSet:
    """Read one part of a data set from its official files.

    Args:
        dataset: one of `READERS`.
        folder: where the files lie, or a folder that holds the official folder.
        part: "train" or "test".

    Raises:
        ValueError: for an unknown data set or part, or a file that is not what its format says.
        FileNotFoundError: if the files are not there.
    """
    if dataset not in READERS:
        raise ValueError(f"dataset: got {dataset!r}, expected one of {', '.join(READERS)}")
    if part not in ("train", "test"):
        raise ValueError(f"part: got {part!r}, expected 'train' or 'test'")
    raw = READERS[dataset](Path(folder), part)
    labels = torch.from_numpy(raw.labels.astype(np.int64))
    return ImageSet(torch.from_numpy(raw.images), labels, raw.classes, raw.note)


def stratified_subset(data: ImageSet, size: int, rng: np.random.Generator, *, field: str = "size") -> Tensor:
    """Return `size` indices whose class shares are those of `data` to within one image, in random order.

    Args:
        data: the set to draw from.
        size: number of images, from 1 to len(data).
        rng: the only source of chance.
        field: what errors call the size.

    Returns:
        (size,) int64 on the CPU, without repeats.
    """
    if not 1 <= size <= len(data):
        raise ValueError(f"{field}: got {size}, expected 1 to {len(data)} images")
    labels = data.labels.cpu().numpy()
    counts = np.bincount(labels, minlength=len(data.classes))
    quotas = _largest_remainders(counts * (size / len(data)), size)
    chosen = [
        rng.permutation(np.flatnonzero(labels == label))[:quota]
        for label, quota in enumerate(quotas)
        if quota > 0
    ]
    return torch.from_numpy(rng.permutation(np.concatenate(chosen)))


def split_validation(data: ImageSet, size: int, rng: np.random.Generator) -> tuple[ImageSet, ImageSet]:
    """Split into (training, validation) sets; the validation set is stratified and has `size` images."""
    if not 1 <= size < len(data):
        raise ValueError(
            f"validation_images: got {size}, expected 1 to {len(data) - 1}, of {len(data)} images"
        )
    held_out = stratified_subset(data, size, rng)
    kept = torch.ones(len(data), dtype=torch.bool)
    kept[held_out] = False
    return data.select(torch.nonzero(kept).flatten()), data.select(held_out)


def channel_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel of (N, C, H, W) uint8 images, in units of 0 to 1."""
    if len(images) == 0:
        raise ValueError("images is empty: expected at least one image")
    levels = torch.arange(256, dtype=torch.float64)
    means, deviations = [], []
    for channel in images.unbind(1):
        counts = torch.bincount(channel.flatten().long(), minlength=256).cpu().double()
        share = counts / counts.sum()
        mean = (share * levels).sum()
        means.append(float(mean) / 255.0)
        deviations.append(float((share * (levels - mean) ** 2).sum().sqrt()) / 255.0)
    return tuple(means), tuple(deviations)


def _largest_remainders(shares: np.ndarray, total: int) -> np.ndarray:
    """Round `shares` to whole numbers that sum to `total`; the largest fractions are rounded up."""
    whole = np.floor(shares + 1e-9).astype(np.int64)
    order = np.argsort(-(shares - whole), kind="stable")
    whole[order[: total - whole.sum()]] += 1
    return whole
