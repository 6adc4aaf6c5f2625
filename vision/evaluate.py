"""Reports on a classifier's logits: accuracy, likelihood, calibration, confusion, with bootstrap intervals.

Expected calibration error: Guo et al. 2017, On Calibration of Modern Neural Networks, section 2; percentile
bootstrap: Efron & Tibshirani 1993, chapter 13. Shapes: N samples, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

CONFIDENCE = 0.95
RESAMPLES = 1000
CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Estimate:
    """A mean over `count` samples with its bootstrap interval of coverage CONFIDENCE."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy in equally wide bins of confidence.

    Attributes:
        confidence: (bins,) float64 mean confidence of each bin; nan where it is empty.
        accuracy: (bins,) float64 share of right answers in it; nan where it is empty.
        count: (bins,) int64 samples in it.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray


@dataclass(frozen=True)
class Report:
    """How well a classifier does on one set of samples.

    Attributes:
        top1, top5: share of samples whose label is the first, or among the first five, of the ranking; top5
            is None for five classes or fewer.
        loss: mean negative log-likelihood in nats.
        calibration_error: expected difference of confidence and accuracy over the bins.
        reliability: the bins behind it.
        confusion: (K, K) int64 samples of the true class (row) that were given the class (column).
    """

    top1: Estimate
    top5: Estimate | None
    loss: Estimate
    calibration_error: Estimate
    reliability: Reliability
    confusion: np.ndarray


@torch.no_grad()
def predict(
    network: nn.Module, images: Tensor, prepare: Callable[[Tensor], Tensor], *, batch: int = 512
) -> Tensor:
    """Return the (N, K) float32 logits of images on the CPU; the network is left in evaluation mode.

    Args:
        network: the classifier.
        images: (N, C, H, W) uint8 on the network's device.
        prepare: turns uint8 images into the network's input.
        batch: images in one forward pass.
    """
    network.eval()
    return torch.cat([network(prepare(part)).float().cpu() for part in images.split(batch)])


def measure(logits: Tensor, labels: Tensor, *, rng: np.random.Generator) -> Report:
    """Return the report on (N, K) logits of samples with (N,) int64 labels in [0, K).

    Raises:
        ValueError: if shapes or labels are wrong, or a logit is not finite.
    """
    _check(logits, labels)
    log_likelihood = functional.log_softmax(logits.double(), 1)
    confidence = log_likelihood.max(1).values.exp().numpy()
    labels = labels.cpu()
    right = first_ranks(logits, labels, 1)
    loss = functional.nll_loss(log_likelihood, labels, reduction="none").numpy()
    classes = logits.shape[1]
    top5 = first_ranks(logits, labels, 5) if classes > 5 else None
    pairs = (labels * classes + logits.argmax(1)).numpy()
    return Report(
        top1=estimate_mean(right, rng),
        top5=None if top5 is None else estimate_mean(top5, rng),
        loss=estimate_mean(loss, rng),
        calibration_error=estimate_calibration(confidence, right, rng),
        reliability=reliability(confidence, right),
        confusion=np.bincount(pairs, minlength=classes**2).reshape(classes, classes),
    )


def first_ranks(logits: Tensor, labels: Tensor, ranks: int) -> np.ndarray:
    """Return (N,) float64, 1 where the label is among the `ranks` highest logits; ties count against it."""
    own = logits.gather(1, labels[:, None])
    above = (logits >= own).sum(1) - 1
    return (above < ranks).double().numpy()


def estimate_mean(values: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Return the mean of (N,) values with its interval; used for paired differences too."""
    sums = _resampled_sums(values[:, None], rng)[:, 0]
    return _estimate(float(values.mean()), sums / len(values), len(values))


def estimate_calibration(confidence: np.ndarray, right: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Return the expected calibration error of (N,) confidences and (N,) right (1) or wrong (0) answers.

    Being a sum of absolute values, it cannot average to zero: near zero its interval lies too high.
    """
    gaps = np.zeros((len(confidence), CALIBRATION_BINS))
    gaps[np.arange(len(confidence)), _bins(confidence)] = confidence - right
    resampled = np.abs(_resampled_sums(gaps, rng)).sum(1)
    return _estimate(float(np.abs(gaps.sum(0)).sum() / len(gaps)), resampled / len(gaps), len(confidence))


def reliability(confidence: np.ndarray, right: np.ndarray) -> Reliability:
    """Return accuracy against confidence over the bins."""
    bins = _bins(confidence)
    count = np.bincount(bins, minlength=CALIBRATION_BINS)
    filled = np.where(count > 0, count, np.nan)
    means = [np.bincount(bins, values, CALIBRATION_BINS) / filled for values in (confidence, right)]
    return Reliability(means[0], means[1], count)


def _bins(confidence: np.ndarray) -> np.ndarray:
    """Return (N,) int64 bin numbers; a bin holds its upper edge, as in the source."""
    return np.clip(np.ceil(confidence * CALIBRATION_BINS).astype(np.int64) - 1, 0, CALIBRATION_BINS - 1)


def _resampled_sums(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (RESAMPLES, M) sums of (N, M) values over samples drawn with replacement."""
    count = len(values)
    draws = (np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(RESAMPLES))
    return np.stack([draw @ values for draw in draws])


def _estimate(mean: float, resampled: np.ndarray, count: int) -> Estimate:
    tail = 50.0 * (1.0 - CONFIDENCE)
    low, high = np.percentile(resampled, [tail, 100.0 - tail])
    return Estimate(mean, float(low), float(high), count)


def _check(logits: Tensor, labels: Tensor) -> None:
    """Refuse inputs that are no logits and labels of the same samples."""
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or len(labels) == 0:
        shapes = f"{tuple(logits.shape)} and {tuple(labels.shape)}"
        raise ValueError(f"logits and labels: got {shapes}, expected (N, K) and (N,), N at least 1")
    if not bool(logits.isfinite().all()):
        raise FloatingPointError("logits: got a value that is not finite")
    if int(labels.min()) < 0 or int(labels.max()) >= logits.shape[1]:
        found = f"{int(labels.min())} to {int(labels.max())}"
        raise ValueError(f"labels: got {found}, expected 0 to {logits.shape[1] - 1}")
