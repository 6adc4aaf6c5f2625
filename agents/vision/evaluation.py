"""Evaluates checkpoints of kind `vision`: from a checkpoint to a report on the test images."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from agents.runs.checkpoint import Checkpoint
from agents.runs.config_json import config_from_json
from agents.runs.errors import ConfigError, CorruptFileError
from agents.vision.config import VisionConfig
from vision.evaluate import Estimate, Report, estimate_mean, first_ranks, measure, predict
from vision.images.augment import normalize
from vision.images.augment_config import Normalization
from vision.images.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from vision.images.data import ImageSet, read_images
from vision.images.models import create_model
from vision.images.networks.classifier import ImageClassifier

Weights = Literal["auto", "last", "average"]


@dataclass(frozen=True)
class Classifier:
    """A trained network with what its input needs."""

    network: ImageClassifier
    normalization: Normalization
    classes: tuple[str, ...]
    config: VisionConfig
    step: int

    def prepare(self, images: Tensor) -> Tensor:
        """Return (N, C, H, W) uint8 images as the network's input."""
        return normalize(images, self.normalization)


@dataclass(frozen=True)
class Evaluation:
    """The report on one checkpoint.

    Attributes:
        name: the checkpoint's name for people.
        step: intervals that it was trained for.
        report: on the clean test images.
        corrupted: accuracy by corruption, one estimate per severity; empty if not asked for.
        difference: paired difference of accuracy to the first checkpoint; None for that one.
    """

    name: str
    step: int
    report: Report
    corrupted: dict[str, list[Estimate]]
    difference: Estimate | None


def restore_classifier(checkpoint: Checkpoint, *, weights: Weights, device: str) -> Classifier:
    """Return the trained network of a checkpoint in evaluation mode.

    Args:
        checkpoint: of kind `vision`.
        weights: the averaged ones, the last ones, or averaged if there are any.
        device: where to put it.

    Raises:
        ConfigError: if it is of another kind or has no average.
        CorruptFileError: if its state does not fit its config.
    """
    if checkpoint.kind != "vision":
        raise ConfigError(f"checkpoint: got kind {checkpoint.kind}, expected vision")
    config = config_from_json(VisionConfig, checkpoint.config)
    try:
        fit, data = checkpoint.state["learner"]["fit"], checkpoint.state["learner"]["data"]
        if weights == "average" and not fit["average"]:
            raise ConfigError("weights: got average, expected last, because the run kept no average")
        values = fit["average"] if fit["average"] and weights != "last" else fit["model"]
        network = create_model(
            config.model,
            num_classes=len(data["classes"]),
            in_channels=data["channels"],
            regularizer=config.regularizer_config,
            head=config.head_config,
        )
        network.load_state_dict(values)
        normalization = Normalization(tuple(data["mean"]), tuple(data["deviation"]))
    except (KeyError, TypeError, RuntimeError) as error:
        raise CorruptFileError(f"checkpoint: its state does not fit its config ({error})") from error
    classes = tuple(data["classes"])
    return Classifier(network.to(device).eval(), normalization, classes, config, checkpoint.step)


def read_test_images(classifier: Classifier, folder: Path, device: str) -> ImageSet:
    """Return the test images of the data set that a classifier was trained on.

    Raises:
        ConfigError: if they have other classes.
    """
    try:
        images = read_images(classifier.config.dataset, folder, "test")
    except ValueError as error:
        raise ConfigError(f"data: {error}") from error
    if images.classes != classifier.classes:
        raise ConfigError(f"data: got the classes {images.classes}, expected {classifier.classes}")
    return images.to(device)


def evaluate_all(
    classifiers: dict[str, Classifier], images: ImageSet, *, corruptions: bool, seed: int
) -> list[Evaluation]:
    """Evaluate named classifiers on the same images, corrupted alike for all.

    Args:
        classifiers: at least one.
        images: on the networks' device.
        corruptions: also measure accuracy under every corruption and severity.
        seed: of the corruptions and the bootstrap.
    """
    labels = images.labels.cpu()
    first: np.ndarray | None = None
    found = []
    for name, classifier in classifiers.items():
        logits = predict(classifier.network, images.images, classifier.prepare)
        right = first_ranks(logits, labels, 1)
        rng = np.random.default_rng(seed)
        found.append(
            Evaluation(
                name,
                classifier.step,
                measure(logits, labels, rng=rng),
                _under_corruption(classifier, images, seed) if corruptions else {},
                None if first is None else estimate_mean(right - first, rng),
            )
        )
        first = right if first is None else first
    return found


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as plain JSON values; empty bins of the reliability are null."""
    report = evaluation.report
    estimates = ("top1", "top5", "loss", "calibration_error")
    bins = report.reliability
    return {
        "checkpoint": evaluation.name,
        "step": evaluation.step,
        **{name: _plain(getattr(report, name)) for name in estimates},
        "difference_to_first": _plain(evaluation.difference),
        "corrupted": {
            kind: [_plain(estimate) for estimate in row] for kind, row in evaluation.corrupted.items()
        },
        "reliability": {
            "confidence": [None if np.isnan(value) else float(value) for value in bins.confidence],
            "accuracy": [None if np.isnan(value) else float(value) for value in bins.accuracy],
            "count": bins.count.tolist(),
        },
        "confusion": report.confusion.tolist(),
    }


def _under_corruption(classifier: Classifier, images: ImageSet, seed: int) -> dict[str, list[Estimate]]:
    """Return the accuracy under each corruption at each severity."""
    labels = images.labels.cpu()
    table: dict[str, list[Estimate]] = {}
    for kind in CORRUPTIONS:
        for severity in SEVERITIES:
            generator = torch.Generator(images.images.device).manual_seed(seed)
            changed = corrupt(images.images, kind, severity, generator=generator)
            logits = predict(classifier.network, changed, classifier.prepare)
            right = first_ranks(logits, labels, 1)
            table.setdefault(kind, []).append(estimate_mean(right, np.random.default_rng(seed)))
    return table


def _plain(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else asdict(estimate)
