"""The stated interactions of F1 to F10 are those of their values, for every set of inputs.

By definition the inputs of a set S interact if, somewhere, the mixed difference over S does not vanish: the
sum over the corners of a box of the function with alternating signs.
"""

import numpy as np
import pytest

from vision.interactions.functions import FUNCTIONS, INPUTS

BOXES = 40
VANISHING, CLEAR = 1e-11, 1e-6


def mixed_differences(function, rng):
    """[2**p] float64: of every set, as a number of bits, the largest difference over several boxes.

    A box with the corner that it keeps is two random points; input i is the bit of value 2**i.
    """
    largest = np.zeros(2**INPUTS)
    choices = (np.arange(2**INPUTS)[:, None] >> np.arange(INPUTS)) & 1 == 1
    for _ in range(BOXES):
        start, end = function.draw(2, rng)
        values = function(np.where(choices, end, start)).reshape((2,) * INPUTS)
        for axis in range(INPUTS):
            off, on = np.take(values, 0, axis), np.take(values, 1, axis)
            values = np.stack([off, on - off], axis)
        largest = np.maximum(largest, np.abs(values.ravel()))
    return largest


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_set_interacts_if_and_only_if_it_lies_in_a_stated_interaction(name):
    function = FUNCTIONS[name]
    found = mixed_differences(function, np.random.default_rng(1))
    for bits in range(1, 2**INPUTS):
        inputs = frozenset(place for place in range(INPUTS) if bits >> place & 1)
        if len(inputs) < 2:
            continue
        is_stated = any(inputs <= one for one in function.truth)
        size = found[bits]
        assert size > CLEAR if is_stated else size < VANISHING, (name, sorted(inputs), size)


def test_the_mixed_difference_sees_an_interaction_that_is_not_stated():
    honest = FUNCTIONS["f10"]

    class Crooked:
        draw = honest.draw

        def __call__(self, inputs):
            return honest(inputs) + 1e-3 * inputs[:, 0] * inputs[:, 9]

    found = mixed_differences(Crooked(), np.random.default_rng(1))
    assert found[1 | 1 << 9] > CLEAR and found[1 | 1 << 8] < VANISHING


def test_the_stated_interactions_are_those_of_the_paper():
    stated = {name: [sorted(place + 1 for place in one) for one in f.truth] for name, f in FUNCTIONS.items()}
    assert stated == {
        "f1": [[1, 2, 3], [3, 5], [7, 8, 9, 10], [2, 7]],
        "f2": [[1, 2, 3], [3, 5], [7, 8, 9, 10], [2, 7]],
        "f3": [[1, 2], [2, 3], [3, 4], [4, 5, 7, 8]],
        "f4": [[1, 2], [2, 3], [3, 4], [4, 5, 7, 8], [1, 4]],
        "f5": [[1, 2, 3], [4, 5], [6, 7], [8, 9, 10]],
        "f6": [[1, 2], [3, 4], [5, 6, 8], [8, 9, 10]],
        "f7": [[1, 2], [3, 4, 6], [4, 5, 6, 7, 8], [7, 9]],
        "f8": [[1, 2], [3, 5, 6], [3, 4, 5, 7], [7, 8, 9]],
        "f9": [[1, 2, 3, 4, 5], [5, 6], [6, 7, 8], [9, 10]],
        "f10": [[1, 2], [3, 5, 7], [4, 5], [7, 9]],
    }


# The value at inputs of 0.7 each (0.7 lies in every range), from the formulas written out.
AT_SEVEN_TENTHS = {
    "f1": np.pi**0.49 * 1.4**0.5 - np.arcsin(0.7) + np.log(1.4) - 1.0 - 0.49,
    "f2": (np.pi**0.49 * 1.4**0.5 - np.arcsin(0.35) + np.log(2.4) + 0.7 / 1.7 * (0.7 / 1.7) ** 0.5 - 0.49),
    "f3": 1.0 + 0.49 - 0.49**0.7 + np.log(4 * 0.49) + 0.7 + 1 / 1.49,
    "f4": 1.0 + 0.49 - 0.49**0.7 + np.log(4 * 0.49) + 0.7 + 1 / 1.49 + 0.49**2,
    "f5": 1 / (1 + 3 * 0.49) + np.exp(0.7) + 1.4 + 0.343,
    "f6": np.exp(1.49) - np.exp(2.4) + np.cos(0.7) + (3 * 0.49) ** 0.5,
    "f7": 4 * np.arctan(0.7) ** 2 + 1.19 - 1 / (1 + 0.7**10) + (0.7 / 1.7) ** 5 + 7.0,
    "f8": 0.49 + 2**2.1 + 2**2.8 + np.sin(0.7 * np.sin(1.4)) + np.arccos(0.63),
    "f9": np.tanh(0.98) * 0.7**0.5 + np.exp(1.4) + np.log(0.343**2 + 1) + 0.49 + 1 / 1.7,
    "f10": np.sinh(1.4) + np.arccos(np.tanh(2.1)) + np.cos(1.4) + 1 / np.cos(0.49),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_are_those_of_the_written_formulas(name):
    assert FUNCTIONS[name](np.full((2, INPUTS), 0.7)) == pytest.approx([AT_SEVEN_TENTHS[name]] * 2)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_inputs_fill_their_ranges_and_values_are_finite(name):
    function, rng = FUNCTIONS[name], np.random.default_rng(0)
    drawn = function.draw(20_000, rng)
    low = (
        [0.6 if number in (4, 5, 8, 10) else 0.0 for number in range(1, 11)] if name == "f1" else [-1.0] * 10
    )
    assert np.all(drawn >= low) and np.all(drawn <= 1.0)
    assert np.allclose(drawn.min(0), low, atol=2e-3) and np.allclose(drawn.max(0), 1.0, atol=2e-3)
    assert np.isfinite(function(drawn)).all()
    again = function.draw(20_000, np.random.default_rng(0))
    assert np.array_equal(drawn, again)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"got shape \(3, 9\), expected \(N, 10\)"):
        FUNCTIONS["f3"](np.zeros((3, 9)))
