"""Laws of the counter-based stream of uniform numbers."""

import pytest
import torch

from vision.random_stream import RandomStream, random_words, take_from_streams, uniform

# First outputs of SplitMix64 from seed 1234567, as published with the generator.
SPLITMIX64_1234567 = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]
COUNT = 200_000


def test_bits_are_the_published_splitmix64_outputs():
    bits = random_words(torch.tensor([1234567, 0]), 5)
    assert [int(value) % 2**64 for value in bits] == SPLITMIX64_1234567


def test_offset_and_position_leap_over_words():
    whole = random_words(torch.tensor([7, 0]), 20)
    assert torch.equal(random_words(torch.tensor([7, 0]), 8, offset=12), whole[12:])
    assert torch.equal(random_words(torch.tensor([7, 12]), 8), whole[12:])


def test_a_word_makes_two_numbers_of_which_that_of_the_lower_half_comes_first():
    words = [int(word) % 2**64 for word in random_words(torch.tensor([7, 0]), 10)]
    halves = [half for word in words for half in (word % 2**32, word // 2**32)]
    signed = [half - 2**32 if half >= 2**31 else half for half in halves]
    expected = [(half // 2**9) / 2**23 + 0.5 + 2**-24 for half in signed]
    assert uniform(torch.tensor([7, 0]), 20).tolist() == expected


@pytest.mark.parametrize("offset", range(5))
@pytest.mark.parametrize("count", range(1, 6))
def test_numbers_from_any_offset_are_those_of_the_whole_stretch(offset, count):
    whole = uniform(torch.tensor([7, 3]), 20)
    assert torch.equal(uniform(torch.tensor([7, 3]), count, offset=offset), whole[offset : offset + count])


def test_numbers_are_uniform_and_strictly_inside_the_unit_interval():
    numbers = uniform(torch.tensor([3, 0]), COUNT).double()
    assert numbers.min() > 0.0 and numbers.max() < 1.0
    standard_error = (1 / 12 / COUNT) ** 0.5
    assert abs(numbers.mean() - 0.5) < 5 * standard_error
    observed = torch.histc(numbers, 100, 0.0, 1.0)
    chi_squared = ((observed - COUNT / 100) ** 2 / (COUNT / 100)).sum()
    assert chi_squared < 99 + 5 * (2 * 99) ** 0.5  # five standard deviations above the mean of chi2(99)


def test_neighbours_and_neighbouring_seeds_are_uncorrelated():
    numbers = uniform(torch.tensor([3, 0]), COUNT).double() - 0.5
    other = uniform(torch.tensor([4, 0]), COUNT).double() - 0.5
    bound = 5 * COUNT**-0.5
    assert abs((numbers[1:] * numbers[:-1]).mean() * 12) < bound
    assert abs((numbers * other).mean() * 12) < bound


def test_advancing_gives_consecutive_stretches(untouched_global_generator):
    stream = RandomStream(9)
    first, second = stream.advance(4), stream.advance(3)
    together = torch.cat((uniform(first, 4), uniform(second, 3)))
    assert torch.equal(together, uniform(torch.tensor([9, 0]), 7))


@pytest.mark.parametrize("count", [5, 6])
def test_no_word_is_used_by_two_stretches(count):
    stream, together = RandomStream(9), RandomStream(9)
    stream.advance(count)
    take_from_streams([together.state], count)
    assert stream.state.tolist() == together.state.tolist() == [9, 3]


def test_a_loaded_stream_draws_what_was_due():
    stream, resumed = RandomStream(9), RandomStream(0)
    stream.advance(1000)
    resumed.load_state_dict(stream.state_dict())
    assert torch.equal(uniform(resumed.advance(5), 5), uniform(stream.advance(5), 5))


def test_a_seed_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="seed is -1"):
        RandomStream(-1)
