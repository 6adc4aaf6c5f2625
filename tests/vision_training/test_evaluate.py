"""Laws of evaluation: exact values on made-up logits, coverage of the intervals, severities of corruption."""

import numpy as np
import pytest
import torch

from tests.vision_training.tiny import striped_images, tiny_network
from vision.evaluate import (
    CALIBRATION_BINS,
    estimate_calibration,
    estimate_mean,
    first_ranks,
    measure,
    predict,
    reliability,
)
from vision.images.augment import normalize
from vision.images.augment_config import Normalization
from vision.images.corruptions import (
    BLUR_DEVIATIONS,
    CONTRAST_FACTORS,
    CORRUPTIONS,
    NOISE_DEVIATIONS,
    corrupt,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def made_up(count=500, classes=7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(count, classes, generator=generator)
    return logits, torch.randint(0, classes, (count,), generator=generator)


def test_a_report_agrees_with_counting_by_hand():
    logits, labels = made_up()
    report = measure(logits, labels, rng=rng())
    ranking = logits.argsort(1, descending=True)
    assert report.top1.mean == pytest.approx(float((ranking[:, 0] == labels).double().mean()))
    assert report.top5.mean == pytest.approx(
        float((ranking[:, :5] == labels[:, None]).any(1).double().mean())
    )
    likelihood = torch.softmax(logits.double(), 1)[torch.arange(500), labels]
    assert report.loss.mean == pytest.approx(float(-likelihood.log().mean()))
    confusion = np.zeros((7, 7), dtype=int)
    for label, given in zip(labels.tolist(), ranking[:, 0].tolist(), strict=True):
        confusion[label, given] += 1
    assert np.array_equal(report.confusion, confusion)


def test_calibration_error_is_the_weighted_gap_of_the_bins():
    logits, labels = made_up()
    confidence = torch.softmax(logits.double(), 1).max(1).values.numpy()
    right = (logits.argmax(1) == labels).double().numpy()
    expected = 0.0
    for low in range(CALIBRATION_BINS):
        inside = (confidence > low / CALIBRATION_BINS) & (confidence <= (low + 1) / CALIBRATION_BINS)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert estimate_calibration(confidence, right, rng()).mean == pytest.approx(expected)


def test_a_calibrated_classifier_has_little_calibration_error_and_a_boaster_much():
    confidence = rng(1).uniform(0.3, 1.0, 20_000)
    right = (rng(2).uniform(size=20_000) < confidence).astype(float)
    assert estimate_calibration(confidence, right, rng()).mean < 0.015
    assert estimate_calibration(np.ones(20_000), right, rng()).mean == pytest.approx(1 - right.mean())


def test_the_interval_of_a_boasters_calibration_error_is_that_of_its_accuracy():
    right = (rng(3).uniform(size=10_000) < 0.9).astype(float)
    found = estimate_calibration(np.ones(10_000), right, rng())
    assert found.low < found.mean < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * (0.09 / 10_000) ** 0.5, rel=0.1)


def test_empty_bins_of_the_reliability_are_marked():
    found = reliability(np.array([0.99, 0.98, 0.5]), np.array([1.0, 0.0, 1.0]))
    assert found.count.sum() == 3
    assert found.accuracy[-1] == 0.5
    assert np.isnan(found.accuracy[0])


def test_no_top_five_among_five_classes():
    assert measure(*made_up(classes=5), rng=rng()).top5 is None


def test_equal_logits_are_no_right_answer():
    assert first_ranks(torch.zeros(3, 4), torch.tensor([0, 1, 2]), 1).sum() == 0


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """200 sets of 80 values: 95 % coverage within 4 standard deviations of a binomial, 6.2 points."""
    covered = 0
    for seed in range(200):
        found = estimate_mean(rng(seed).exponential(size=80), rng(1000 + seed))
        covered += found.low <= 1.0 <= found.high
    assert abs(covered / 200 - 0.95) < 0.062


def test_interval_width_is_that_of_the_normal_law():
    values = (rng(3).uniform(size=10_000) < 0.9).astype(float)
    found = estimate_mean(values, rng())
    assert found.high - found.low == pytest.approx(2 * 1.96 * (0.09 / 10_000) ** 0.5, rel=0.1)


def test_batches_do_not_change_predictions():
    images = striped_images(30).images
    network, normalization = tiny_network(), Normalization((0.3,), (0.2,))
    whole = predict(network, images, lambda part: normalize(part, normalization), batch=30)
    parts = predict(network, images, lambda part: normalize(part, normalization), batch=7)
    assert whole.shape == (30, 4)
    assert torch.allclose(whole, parts, atol=1e-5)
    assert not network.training


@pytest.mark.parametrize(
    ("logits", "labels", "complaint"),
    [
        (torch.zeros(3, 4), torch.zeros(2, dtype=torch.int64), "expected"),
        (torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), "N at least 1"),
        (torch.zeros(3, 4), torch.full((3,), 4), "expected 0 to 3"),
    ],
)
def test_wrong_shapes_and_labels_are_refused(logits, labels, complaint):
    with pytest.raises(ValueError, match=complaint):
        measure(logits, labels, rng=rng())


def test_logits_that_are_not_finite_are_refused():
    with pytest.raises(FloatingPointError, match="not finite"):
        measure(torch.full((2, 3), torch.nan), torch.zeros(2, dtype=torch.int64), rng=rng())


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def photographs(value_range=(60, 200)):
    return torch.randint(*value_range, (20, 3, 16, 16), generator=seeded(), dtype=torch.uint8)


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_noise_has_its_deviation(severity):
    images = torch.full((40, 3, 16, 16), 128, dtype=torch.uint8)
    noise = (corrupt(images, "noise", severity, generator=seeded()).float() - 128) / 255
    assert float(noise.std()) == pytest.approx(NOISE_DEVIATIONS[severity - 1], rel=0.03)


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_contrast_scales_the_distance_to_the_mean(severity):
    images = photographs()
    changed = corrupt(images, "contrast", severity, generator=seeded()).double()
    ratio = changed.std((2, 3)) / images.double().std((2, 3))
    assert torch.allclose(ratio, torch.full_like(ratio, CONTRAST_FACTORS[severity - 1]), rtol=0.02)


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_blur_spreads_a_point_as_a_gaussian_and_keeps_its_light(severity):
    images = torch.zeros(1, 1, 17, 17, dtype=torch.uint8)
    images[0, 0, 8, 8] = 255
    spread = corrupt(images, "blur", severity, generator=seeded())[0, 0].double()
    # Rounding to bytes loses up to half a level in each of the 81 nearest pixels.
    assert float(spread.sum()) == pytest.approx(255, abs=12)
    assert torch.equal(spread, spread.T)
    ratio = float(spread[8, 9] / spread[8, 8])
    assert ratio == pytest.approx(np.exp(-0.5 / BLUR_DEVIATIONS[severity - 1] ** 2), abs=0.01)


@pytest.mark.parametrize("kind", list(CORRUPTIONS))
def test_each_severity_is_worse_than_the_last(kind):
    images = photographs((0, 256)).float()
    harms = [
        float(
            (corrupt(images.to(torch.uint8), kind, level, generator=seeded()).float() - images)
            .square()
            .mean()
        )
        for level in (1, 2, 3, 4, 5)
    ]
    assert harms == sorted(harms)
    assert harms[0] > 0


def test_unknown_corruptions_are_refused():
    with pytest.raises(ValueError, match="kind: got 'fog'"):
        corrupt(photographs(), "fog", 1, generator=seeded())
    with pytest.raises(ValueError, match="severity: got 6"):
        corrupt(photographs(), "blur", 6, generator=seeded())
