"""A tiny classification problem with every moving part of the supervised loop."""

import hashlib
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from vision.fit import Fit
from vision.fit_config import FitConfig, OptimizerConfig
from vision.images.augment_config import AugmentConfig, Normalization
from vision.images.classification import CrossEntropy, ImageBatches
from vision.images.data import ImageSet
from vision.schedules import ScheduleConfig

CLASSES = 4
SIDE = 8
PLAIN = AugmentConfig(crop_padding=0, flip=False)
SCHEDULE = ScheduleConfig(
    kind="increase_batch", epochs=4, rate=0.05, batch=8, factor=2, milestones=(0.3, 0.6), max_batch=24
)
CONFIG = FitConfig(schedule=SCHEDULE, clip=5.0, average_half_life=0.5, micro_batch=16, ghost_batch=4)


def tiny_network(seed=0, norm=True):
    """Two convolutions; class evidence by average pooling."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        middle = [nn.BatchNorm2d(6)] if norm else []
        return nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1),
            *middle,
            nn.ReLU(),
            nn.Conv2d(6, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(8 * SIDE * SIDE // 4, CLASSES),
        )


def striped_images(count, seed=0, noise=40):
    """Images whose class is the place of a bright stripe, in noise."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, CLASSES, (count,), generator=generator)
    images = torch.randint(0, 2 * noise, (count, 1, SIDE, SIDE), generator=generator)
    for image, label in zip(images, labels, strict=True):
        image[0, 2 * label : 2 * label + 2] += 120
    return ImageSet(images.to(torch.uint8), labels, ("a", "b", "c", "d"))


def tiny_fit(config=CONFIG, *, data=None, variation=None, seed=3, network=None, loss=None, fetch=None):
    """A fit of the tiny network on 50 striped images unless told otherwise."""
    data = striped_images(50) if data is None else data
    variation = AugmentConfig(crop_padding=1, cutout=2) if variation is None else variation
    fetch = fetch or ImageBatches(data, variation, Normalization((0.3,), (0.2,)))
    network = tiny_network() if network is None else network
    return Fit(network, loss or CrossEntropy(0.1), fetch, len(data), config, seed=seed)


def cifar_files(folder):
    """Writes 100 training and 50 test images in CIFAR-10's layout, whose class is the brightness; returns
    the folder."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for name, count in (("data_batch_1.bin", 100), ("test_batch.bin", 50)):
        labels = np.arange(count, dtype=np.uint8) % 10
        pixels = 12 * labels[:, None] + rng.integers(0, 40, (count, 3072), dtype=np.uint8)
        np.concatenate([labels[:, None], pixels.astype(np.uint8)], 1).tofile(folder / name)
    return folder


def with_schedule(config=CONFIG, **changes):
    return replace(config, schedule=replace(config.schedule, **changes))


def with_optimizer(kind, config=CONFIG):
    rate = 0.005 if kind.startswith("adam") else config.schedule.rate
    return replace(with_schedule(config, rate=rate), optimizer=OptimizerConfig(kind=kind))


def fingerprint(value):
    """SHA-256 over every leaf of a nested state, with names, types and shapes."""
    digest = hashlib.sha256()

    def add(leaf, name):
        if isinstance(leaf, dict):
            for key in sorted(leaf):
                add(leaf[key], f"{name}/{key}")
        elif isinstance(leaf, torch.Tensor):
            digest.update(f"{name}:{leaf.dtype}{tuple(leaf.shape)}".encode())
            digest.update(leaf.detach().contiguous().numpy().tobytes())
        else:
            digest.update(f"{name}={leaf!r}".encode())

    add(value, "")
    return digest.hexdigest()
