"""What residual regularizers cost on a GPU: images a second and peak memory of whole updates.

Updates are those of training (`vision.fit`): batches varied on the device, bfloat16, channels last, captured
graphs. Networks take turns, and the fastest turn counts. Peak memory is what torch's tensors held at most,
with the images of the data set.
"""

import gc
import time
from collections.abc import Iterator
from typing import Any

import torch

from vision.fit import Fit
from vision.fit_config import FitConfig, OptimizerConfig
from vision.images.augment import augment
from vision.images.augment_config import AugmentConfig, Normalization
from vision.images.classification import CrossEntropy, ImageBatches
from vision.images.data import ImageSet
from vision.images.model_config import RegularizerConfig
from vision.images.models import create_model
from vision.schedules import ScheduleConfig

IMAGES, CLASSES, BATCH = 8192, 10, 128
UPDATES, TURNS = 60, 3
"""Updates of a turn, and turns."""
AUGMENTED, AUGMENT_REPEATS = 8192, 20
NORMALIZATION = Normalization((0.5,) * 3, (0.25,) * 3)


def measure_networks(
    model: str, regularizers: dict[str, RegularizerConfig], seed: int
) -> Iterator[dict[str, Any]]:
    """Time updates of a network with each regularizer; the first is what the others are compared with.

    Args:
        model: name of the network.
        regularizers: by what they are called.
        seed: of weights, images and draws.
    """
    data = _images(seed).to("cuda")
    fits, peaks = [], []
    for config in regularizers.values():
        gc.collect()
        torch.cuda.empty_cache()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        fits.append(_fit(model, config, data, seed))
        _turn(fits[-1])
        peaks.append(torch.cuda.max_memory_allocated() - before)
    fastest = [min(_turn(fit) for _ in range(TURNS)) for fit in fits]
    for name, seconds, peak in zip(regularizers, fastest, peaks, strict=True):
        yield {
            "case": f"GPU update of {model}, {name}",
            "device": torch.cuda.get_device_name(),
            "batch": BATCH,
            "milliseconds": 1e3 * seconds / UPDATES,
            "time_ratio": seconds / fastest[0],
            "peak_megabytes": peak / 2**20,
            "memory_ratio": peak / peaks[0],
            "images_per_second": BATCH * UPDATES / seconds,
        }


def measure_augmentations(configs: dict[str, AugmentConfig], seed: int) -> Iterator[dict[str, Any]]:
    """Time the variation of a large batch that lies on the GPU; yields one row each."""
    images = _images(seed).images[:AUGMENTED].cuda()
    generator = torch.Generator("cuda").manual_seed(seed)
    for name, config in configs.items():
        augment(images, config, NORMALIZATION, generator=generator)
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(AUGMENT_REPEATS):
            augment(images, config, NORMALIZATION, generator=generator)
        torch.cuda.synchronize()
        seconds = (time.perf_counter() - started) / AUGMENT_REPEATS
        yield {
            "case": f"GPU augmentation, {name}, normalise",
            "device": torch.cuda.get_device_name(),
            "batch": AUGMENTED,
            "milliseconds": 1e3 * seconds,
            "images_per_second": AUGMENTED / seconds,
        }


def _images(seed: int) -> ImageSet:
    """Random ones."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (IMAGES, 3, 32, 32), generator=generator).to(torch.uint8)
    labels = torch.randint(CLASSES, (IMAGES,), generator=generator)
    return ImageSet(images, labels, tuple(map(str, range(CLASSES))))


def _fit(model: str, regularizer: RegularizerConfig, data: ImageSet, seed: int) -> Fit:
    network = create_model(model, num_classes=CLASSES, regularizer=regularizer, seed=seed)
    config = FitConfig(
        ScheduleConfig(kind="constant", epochs=1000.0, rate=0.01, batch=BATCH),
        OptimizerConfig("nesterov"),
        precision="bfloat16",
        channels_last=True,
    )
    fetch = ImageBatches(data, AugmentConfig(), NORMALIZATION)
    return Fit(network, CrossEntropy(), fetch, len(data), config, seed=seed, device="cuda")


def _turn(fit: Fit) -> float:
    """Seconds of some updates."""
    started = time.perf_counter()
    for _ in range(UPDATES):
        fit.advance()
    fit.state_dict()  # waits for the device
    return time.perf_counter() - started
