"""Laws of the Walsh-Hadamard product and of the codes of signs made from it."""

import math

import numpy as np
import pytest
import torch

from vision.images.sign_codes import (
    build_sign_code,
    kerdock_bases,
    kerdock_signs,
    truncated_hadamard_coherence,
)
from vision.images.walsh_hadamard import WalshHadamard, best_split, hadamard_matrix, next_power_of_two

SIZES = [
    (1, 1),
    (2, 3),
    (8, 8),
    (64, 10),
    (100, 7),
    (64, 64),
    (342, 100),
    (128, 512),
    (300, 700),
    (1024, 1024),
]


def cosines(rows):
    """Cosines between different rows, (C, C) with zeros on the diagonal."""
    products = rows.astype(np.float64) @ rows.T / rows.shape[1]
    np.fill_diagonal(products, 0.0)
    return products


@pytest.mark.parametrize("order", [1, 2, 16, 64])
def test_hadamard_rows_are_orthogonal_and_symmetric(order):
    matrix = hadamard_matrix(order)
    assert torch.equal(matrix @ matrix.T, order * torch.eye(order))
    assert torch.equal(matrix, matrix.T)
    assert torch.equal(matrix.abs(), torch.ones(order, order))


def test_an_order_that_is_no_power_of_two_is_refused():
    with pytest.raises(ValueError, match="order is 12"):
        hadamard_matrix(12)


@pytest.mark.parametrize(("inputs", "outputs"), SIZES)
def test_the_transform_is_the_dense_product_and_so_is_its_gradient(inputs, outputs):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, inputs, dtype=torch.float64, generator=generator, requires_grad=True)
    weights = torch.randn(5, outputs, dtype=torch.float64, generator=generator)
    dense = hadamard_matrix(next_power_of_two(max(inputs, outputs)))[:outputs, :inputs].double()
    fast, slow = WalshHadamard(inputs, outputs)(x), x @ dense.T
    torch.testing.assert_close(fast, slow, atol=1e-11, rtol=1e-11)
    fast_gradient, slow_gradient = (torch.autograd.grad(y, x, weights)[0] for y in (fast, slow))
    torch.testing.assert_close(fast_gradient, slow_gradient, atol=1e-11, rtol=1e-11)


def test_whole_numbers_are_transformed_exactly():
    x = torch.randint(-100, 100, (4, 4096), generator=torch.Generator().manual_seed(0)).float()
    transform = WalshHadamard(4096, 4096)
    assert torch.equal(transform(transform(x)), 4096 * x)


def test_the_transform_saves_no_features_for_the_backward_pass():
    saved = set()
    x = torch.ones(64, 1024, requires_grad=True)
    transform = WalshHadamard(1024, 1024)

    def note(tensor):
        saved.add(tensor.untyped_storage().data_ptr())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        transform(x)
    assert saved == {transform.left.data_ptr(), transform.right.data_ptr()}


@pytest.mark.parametrize("order", [256, 1024, 16384])
def test_a_square_transform_takes_order_to_the_three_halves_multiplications(order):
    assert best_split(order, order).multiplications <= 3 * order**1.5


@pytest.mark.parametrize("exponent", [1, 2, 3, 4, 5, 6])
def test_all_kerdock_rows_are_distinct_and_meet_at_the_known_cosines(exponent):
    order = 2**exponent
    code = build_sign_code(2 * order * kerdock_bases(order), order, seed=0)
    rows = code.rows()
    assert len(np.unique(rows, axis=0)) == code.classes
    values = np.unique(np.abs(cosines(rows)).round(9))
    unbiased = 2.0 ** -(exponent // 2)  # 1 / sqrt(S), or sqrt(2 / S) for odd exponents
    expected = {0.0, 1.0} | ({unbiased} if kerdock_bases(order) > 1 else set())
    assert set(values) == expected
    assert code.coherence == max(expected - {1.0})


def test_the_kerdock_bases_stay_unbiased_at_order_256():
    signs = kerdock_signs(256, 128).astype(np.float32)
    transform = WalshHadamard(256, 256)
    for other in range(1, 128):
        spectrum = transform(torch.from_numpy(signs[0] * signs[other]))
        assert torch.equal(spectrum.abs(), torch.full((256,), 16.0))


@pytest.mark.parametrize(("classes", "features"), [(100, 64), (1000, 512), (128, 64), (65, 64)])
def test_up_to_twice_a_power_of_two_no_cosine_is_positive(classes, features):
    code = build_sign_code(classes, features, seed=0)
    rows = code.rows()
    assert len(np.unique(rows, axis=0)) == classes
    assert cosines(rows).max() == 0.0 and code.coherence == 0.0


@pytest.mark.parametrize(
    ("classes", "features", "bound"),
    [(1000, 342, 0.11), (1000, 960, 0.03), (600, 513, 0.1), (1000, 100, 0.3)],
)
def test_rows_of_other_widths_are_distinct_and_as_far_apart_as_stated(classes, features, bound):
    code = build_sign_code(classes, features, seed=0)
    rows = code.rows()
    found = np.abs(cosines(rows))
    assert len(np.unique(rows, axis=0)) == classes
    assert found[found < 1 - 1e-9].max() <= code.coherence + 1e-9
    assert code.coherence < bound


@pytest.mark.parametrize(
    ("classes", "features", "distance"),
    [
        (129, 8, 1),
        (256, 8, 1),
        (257, 16, 4),
        (5000, 16, 2),
        (3000, 32, 8),
        (300, 9, 1),
        (32, 5, 1),
        (64, 6, 1),
    ],
)
def test_beyond_kerdock_rows_are_distinct_as_long_as_there_are_any(classes, features, distance):
    code = build_sign_code(classes, features, seed=0)
    rows = code.rows()
    assert len(np.unique(rows, axis=0)) == classes
    places = (features - rows @ rows.T) / 2
    assert places[~np.eye(classes, dtype=bool)].min() >= distance


@pytest.mark.parametrize(("classes", "features"), [(257, 8), (5, 2), (513, 9), (40, 5)])
def test_more_classes_than_distinct_rows_is_an_error(classes, features):
    with pytest.raises(ValueError, match=f"classes is {classes}"):
        build_sign_code(classes, features, seed=0)


@pytest.mark.parametrize(
    ("classes", "features", "expected"),
    [(100, 342, 0.123), (1000, 1664, 0.231), (100, 640, 0.0), (10, 64, 0.0), (1000, 2048, 0.0)],
)
def test_the_coherence_of_cut_hadamard_rows_is_known(classes, features, expected):
    coherence = truncated_hadamard_coherence(classes, features)
    assert coherence == pytest.approx(expected, abs=5e-4)
    rows = hadamard_matrix(next_power_of_two(features)).numpy()[:classes, :features]
    assert np.abs(cosines(rows)).max() <= coherence + 1e-6


def test_too_many_bases_are_refused():
    with pytest.raises(ValueError, match="at most 8 at order 16"):
        kerdock_signs(16, 9)
    assert math.prod(kerdock_signs(16, 8).shape) == 128
