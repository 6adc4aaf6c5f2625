"""The learner of kind `vision`: an image classifier in the supervised loop, measured on unseen images."""

import gc
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from agents.vision.config import VisionConfig
from vision.evaluate import predict
from vision.fit import Fit
from vision.images.augment import normalize
from vision.images.augment_config import Normalization
from vision.images.classification import CrossEntropy, ImageBatches
from vision.images.data import (
    ImageSet,
    channel_statistics,
    read_images,
    split_validation,
    stratified_subset,
)
from vision.images.models import create_model
from vision.images.networks.classifier import ImageClassifier
from vision.processes import Processes


@dataclass(frozen=True)
class Images:
    """What a run learns from and is measured on.

    Attributes:
        training: the images of the updates.
        measured: the images of the measurements.
        part: what these are: "validation" or "test".
        normalization: statistics of the training images.
    """

    training: ImageSet
    measured: ImageSet
    part: str
    normalization: Normalization


class VisionLearner:
    """An image classifier on its way through a run.

    Args:
        config: see `VisionConfig`.
        images: from `load_images`.
        seed: of the weights, the order and the augmentation.
        device: "cpu" or "cuda".
    """

    def __init__(self, config: VisionConfig, images: Images, *, seed: int, device: str) -> None:
        self.config = config
        if torch.device(device).type == "cuda":
            gc.collect()  # what a run before held is in cycles, and would count as held by this one
            torch.cuda.reset_peak_memory_stats(device)
        self.network = build_network(config, images.training, seed)
        self._part, self._measured = images.part, images.measured.to(device)
        self._normalization = images.normalization
        training = images.training.to(device)
        self._training = training if config.measure_training else None
        self._fit = Fit(
            self.network,
            CrossEntropy(config.label_smoothing),
            ImageBatches(training, config.augment, images.normalization),
            len(training),
            config.fit,
            seed=seed,
            device=device,
        )
        self._data = _data_record(images)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about the data, such as missing files."""
        return (self._data["note"],) if self._data["note"] else ()

    def share(self, processes: Processes) -> None:
        """Make the updates together with other processes; see `vision.fit.Fit.share`."""
        self._fit.share(processes)

    def train(self) -> Iterator[dict[str, float]]:
        """Train to the end of the schedule; see `vision.fit.Fit.train` for what is raised."""
        started, seen = time.perf_counter(), self._fit.samples
        for report in self._fit.train():
            spent = time.perf_counter() - started
            yield report | self._measure() | self._on_gpu((self._fit.samples - seen) / spent)
            started, seen = time.perf_counter(), self._fit.samples

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the loop and what the checkpoint's reader must know about the data."""
        return {"fit": self._fit.state_dict(), "data": dict(self._data)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: if the state is of other data or another network.
        """
        for name, value in self._data.items():
            found = state["data"].get(name)
            if found != value:
                raise ValueError(f"data {name}: got {value} in the files, expected {found} as in the run")
        self._fit.load_state_dict(state["fit"])

    def _measure(self) -> dict[str, float]:
        """Return accuracy and loss on the measured images, and the scale of a head that has one."""
        with self._fit.averaged():
            found = self._measure_part(self._part, self._measured)
            if self._training is not None:
                found |= self._measure_part("training", self._training)
                found["accuracy_gap"] = found["training_accuracy"] - found[f"{self._part}_accuracy"]
        scale = getattr(self.network.head, "scale", None)
        return found if scale is None else found | {"head_scale": float(scale.detach())}

    def _measure_part(self, part: str, images: ImageSet) -> dict[str, float]:
        """Return accuracy and loss on unvaried images, named after their part of the data."""
        logits = predict(self.network, images.images, self._prepare)
        labels = images.labels.cpu()
        return {
            f"{part}_accuracy": float((logits.argmax(1) == labels).double().mean()),
            f"{part}_loss": float(functional.cross_entropy(logits.double(), labels)),
        }

    def _on_gpu(self, rate: float) -> dict[str, float]:
        """Return what the papers' GPU runs are compared by, if this is one: images a second in training, and
        the most memory that tensors have held. On a CPU neither, so that its rows repeat bit for bit."""
        if self._fit.device.type != "cuda":
            return {}
        peak = torch.cuda.max_memory_allocated(self._fit.device) / 2**20
        return {"images_per_second": rate, "peak_megabytes": peak}

    def _prepare(self, images: Tensor) -> Tensor:
        return normalize(images, self._normalization)


def load_images(config: VisionConfig) -> Images:
    """Read, reduce and split the data that a config names.

    Raises:
        ValueError: if a file is not what it should be, or has too few images.
        OSError: if a file is missing.
    """
    if not config.data:
        raise ValueError("data: got nothing, expected the folder of the data set")
    folder = Path(config.data)
    training = read_images(config.dataset, folder, "train")
    subset_rng, split_rng, label_rng = np.random.default_rng(config.data_seed).spawn(3)
    if config.train_images:
        training = training.select(
            stratified_subset(training, config.train_images, subset_rng, field="train_images")
        )
    if config.validation_images:
        training, measured = split_validation(training, config.validation_images, split_rng)
        part = "validation"
    else:
        measured, part = read_images(config.dataset, folder, "test"), "test"
        _check_alike(training, measured, folder)
    if config.shuffle_labels:
        shuffled = training.labels[torch.from_numpy(label_rng.permutation(len(training)))]
        training = replace(training, labels=shuffled)
    normalization = Normalization(*channel_statistics(training.images))
    return Images(training, measured, part, normalization)


def _check_alike(training: ImageSet, measured: ImageSet, folder: Path) -> None:
    """Check that training and test images have the same classes and sizes.

    Raises:
        ValueError: if they have not.
    """
    if training.classes != measured.classes:
        got, wanted = (", ".join(part.classes)[:200] for part in (measured, training))
        raise ValueError(f"{folder}: got test classes {got}, expected those of the training images: {wanted}")
    got, wanted = (tuple(part.images.shape[1:]) for part in (measured, training))
    if got != wanted:
        raise ValueError(f"{folder}: got test images of (C, H, W) {got}, expected {wanted} as in training")


def build_network(config: VisionConfig, images: ImageSet, seed: int) -> ImageClassifier:
    """Return the network of a config for images of this kind, with weights drawn from `seed`."""
    return create_model(
        config.model,
        num_classes=len(images.classes),
        in_channels=images.images.shape[1],
        regularizer=config.regularizer_config,
        head=config.head_config,
        seed=seed,
    )


def build(config: VisionConfig, *, seed: int, device: str) -> VisionLearner:
    """Build the learner of kind `vision`; see `agents.runs.learner.Builder`."""
    return VisionLearner(config, load_images(config), seed=seed, device=device)


def _data_record(images: Images) -> dict[str, Any]:
    """Return what a checkpoint says about its data, in plain values."""
    return {
        "classes": list(images.training.classes),
        "channels": images.training.images.shape[1],
        "images": len(images.training),
        "mean": list(images.normalization.mean),
        "deviation": list(images.normalization.deviation),
        "note": "; ".join(dict.fromkeys(filter(None, (images.training.note, images.measured.note)))),
    }
