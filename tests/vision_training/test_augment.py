"""Laws of batched augmentation. Chi-squared tests use fixed seeds and the critical value at alpha = 0.001."""

import pytest
import torch

from vision.images.augment import augment, crop_and_flip, cutout, normalize, random_erase
from vision.images.augment_config import AugmentConfig, Normalization

SIDE = 12
PADDING = 3
PLAIN = Normalization((0.0,), (1.0,))
# Upper 0.001 quantiles of chi-squared with 3, 6 and 48 degrees of freedom.
CHI_SQUARED_3 = 16.266
CHI_SQUARED_6 = 22.458
CHI_SQUARED_48 = 84.037


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered(batch):
    """Images whose pixel (h, w) holds 1 + 12 h + w, so that a crop tells where it was taken."""
    return (1 + torch.arange(SIDE * SIDE).view(1, 1, SIDE, SIDE)).to(torch.uint8).repeat(batch, 1, 1, 1)


def offsets(crops):
    """Return the (B, 2) int64 vertical and horizontal shift of unmirrored crops of numbered images."""
    centre = crops[:, 0, SIDE // 2, SIDE // 2].long() - 1
    return torch.stack([centre // SIDE, centre % SIDE], 1) - SIDE // 2


def chi_squared(counts):
    expected = counts.sum() / counts.numel()
    return float(((counts - expected) ** 2 / expected).sum())


def test_crop_offsets_are_uniform_over_all_places():
    config = AugmentConfig(crop_padding=PADDING, flip=False)
    found = offsets(crop_and_flip(numbered(9800), config, generator=seeded())) + PADDING
    places = 2 * PADDING + 1
    counts = torch.bincount(found[:, 0] * places + found[:, 1], minlength=places**2).double()
    assert counts.numel() == 49
    assert chi_squared(counts) < CHI_SQUARED_48


@pytest.mark.parametrize("padding", ["zero", "reflect"])
def test_a_crop_is_a_window_of_the_padded_image(padding):
    config = AugmentConfig(crop_padding=PADDING, flip=False, padding=padding)
    images = numbered(64)
    crops = crop_and_flip(images, config, generator=seeded(1))
    mode = {"zero": "constant", "reflect": "reflect"}[padding]
    padded = torch.nn.functional.pad(images.float(), (PADDING,) * 4, mode=mode).to(torch.uint8)
    for crop, whole, (down, right) in zip(crops, padded, offsets(crops).tolist(), strict=True):
        window = whole[:, PADDING + down :, PADDING + right :][:, :SIDE, :SIDE]
        assert torch.equal(crop, window)


def test_half_of_the_images_are_mirrored():
    """4,000 fair coins: within 3.29 standard deviations, alpha = 0.001."""
    config = AugmentConfig(crop_padding=0)
    images = numbered(4000)
    moved = crop_and_flip(images, config, generator=seeded(2))
    mirrored = (moved == images.flip(3)).flatten(1).all(1)
    assert torch.equal(moved[~mirrored], images[~mirrored])
    assert abs(int(mirrored.sum()) - 2000) < 3.29 * (4000 * 0.25) ** 0.5


def test_colour_channels_and_images_stay_together():
    images = torch.randint(0, 256, (8, 3, SIDE, SIDE), generator=seeded(3), dtype=torch.uint8)
    config = AugmentConfig(crop_padding=PADDING)
    together = crop_and_flip(images, config, generator=seeded(4))
    for channel in range(3):
        alone = crop_and_flip(images[:, channel : channel + 1], config, generator=seeded(4))
        assert torch.equal(together[:, channel : channel + 1], alone)


def test_cutout_areas_are_those_of_a_uniform_centre_clipped_at_the_border():
    """A side of 6 in 12 rows shows 3 to 6 rows: 3, 4, 5 once on each border, 6 elsewhere (4 + 7 places)."""
    kept = cutout(torch.ones(9600, 1, SIDE, SIDE), 6, inside=False, generator=seeded(5))
    hidden = (kept == 0)[:, 0]
    rows, columns = hidden.any(2).sum(1), hidden.any(1).sum(1)
    assert torch.equal(hidden.sum((1, 2)), rows * columns)
    places = torch.tensor([1.0, 2.0, 2.0, 7.0]) / 12
    for sizes in (rows, columns):
        counts = torch.bincount(sizes - 3, minlength=4).double()
        expected = places * len(sizes)
        assert float(((counts - expected) ** 2 / expected).sum()) < CHI_SQUARED_3


def test_inside_cutout_always_hides_the_whole_square():
    kept = cutout(torch.ones(500, 2, SIDE, SIDE), 5, inside=True, generator=seeded(6))
    assert torch.equal((kept == 0).sum((1, 2, 3)), torch.full((500,), 2 * 25))


def test_inside_cutout_corners_are_uniform():
    kept = cutout(torch.ones(7000, 1, SIDE, SIDE), 6, inside=True, generator=seeded(7))
    corner = (kept == 0)[:, 0].any(2).int().argmax(1)
    assert chi_squared(torch.bincount(corner, minlength=7).double()) < CHI_SQUARED_6


def test_erased_rectangles_keep_to_their_area_and_probability():
    config = AugmentConfig(erase_probability=0.4, erase_area=(0.1, 0.3), erase_aspect=0.5)
    before = torch.full((3000, 1, 32, 32), 9.0)
    changed = (random_erase(before, config, generator=seeded(8)) != before)[:, 0]
    hit = changed.any(2).any(1)
    assert abs(int(hit.sum()) - 1200) < 3.29 * (3000 * 0.24) ** 0.5
    heights, widths = changed[hit].any(2).sum(1).double(), changed[hit].any(1).sum(1).double()
    assert torch.equal(changed[hit].sum((1, 2)).double(), heights * widths)
    share = heights * widths / 1024
    # Rounding a side moves it by at most half a pixel: a share of at most (h + w + 0.5) / 2 / 1024.
    slack = (heights + widths + 0.5) / 2 / 1024
    assert bool(((share >= 0.1 - slack) & (share <= 0.3 + slack)).all())


def erased(count, *, aspect):
    """Rectangles erased in 32-pixel images: their tops, lefts, heights and widths, and what fills them."""
    config = AugmentConfig(erase_probability=1.0, erase_area=(0.1, 0.2), erase_aspect=aspect)
    before = torch.full((count, 1, 32, 32), 9.0)
    after = random_erase(before, config, generator=seeded(12))
    changed = (after != before)[:, 0]
    sizes = [changed.any(axis).sum(1) for axis in (2, 1)]
    starts = [changed.any(axis).int().argmax(1) for axis in (2, 1)]
    return *starts, *sizes, after[:, 0][changed]


def test_erased_aspects_fill_their_range_evenly_in_the_logarithm():
    """The bound is five standard errors of a uniform logarithm; sides are rounded to whole pixels."""
    _, _, heights, widths, _ = erased(4000, aspect=0.5)
    assert bool(
        ((heights - 0.5) / (widths + 0.5) <= 2.0).all() and ((widths - 0.5) / (heights + 0.5) <= 2.0).all()
    )
    logarithm = (heights / widths).log2()
    assert logarithm.min() < -0.9 and logarithm.max() > 0.9
    assert abs(logarithm.mean()) < 5 * (1 / 3 / 4000) ** 0.5
    assert float(logarithm.var()) == pytest.approx(1 / 3, rel=0.1)


def test_erased_rectangles_lie_anywhere_and_hold_standard_normal_noise():
    """Bounds are five standard errors."""
    tops, lefts, heights, widths, noise = erased(4000, aspect=0.5)
    for starts, sizes in ((tops, heights), (lefts, widths)):
        places = 33.0 - sizes
        assert starts.min() == 0 and (starts + sizes).max() == 32
        deviation = float(((places**2 - 1) / 12).sum()) ** 0.5
        assert abs(float((starts - (places - 1) / 2).sum())) < 5 * deviation
    assert abs(float(noise.mean())) < 5 / len(noise) ** 0.5
    assert abs(float(noise.square().mean()) - 1.0) < 5 * (2 / len(noise)) ** 0.5


def test_normalised_images_have_the_stated_moments():
    images = torch.randint(0, 256, (50, 2, 8, 8), generator=seeded(9), dtype=torch.uint8)
    floats = images.double() / 255
    mean = tuple(floats.mean((0, 2, 3)).tolist())
    deviation = tuple(floats.std((0, 2, 3), correction=0).tolist())
    normal = normalize(images, Normalization(mean, deviation)).double()
    assert torch.allclose(normal.mean((0, 2, 3)), torch.zeros(2).double(), atol=1e-6)
    assert torch.allclose(normal.std((0, 2, 3), correction=0), torch.ones(2).double(), atol=1e-6)


def test_the_same_generator_state_gives_the_same_batch():
    config = AugmentConfig(cutout=4, erase_probability=0.5)
    first = augment(numbered(20), config, PLAIN, generator=seeded(10))
    assert torch.equal(first, augment(numbered(20), config, PLAIN, generator=seeded(10)))
    assert not torch.equal(first, augment(numbered(20), config, PLAIN, generator=seeded(11)))


def test_no_variation_is_plain_normalisation():
    config = AugmentConfig(crop_padding=0, flip=False)
    images = numbered(4)
    assert torch.equal(augment(images, config, PLAIN, generator=seeded()), normalize(images, PLAIN))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("crop_padding", -1),
        ("padding", "wrap"),
        ("cutout", -2),
        ("erase_probability", 1.5),
        ("erase_aspect", 0),
    ],
)
def test_a_field_out_of_range_is_named(field, value):
    with pytest.raises(ValueError, match=rf"AugmentConfig\.{field}: got "):
        AugmentConfig(**{field: value})


def test_a_float_batch_is_refused():
    with pytest.raises(ValueError, match="expected uint8"):
        normalize(torch.zeros(1, 1, 4, 4), PLAIN)
