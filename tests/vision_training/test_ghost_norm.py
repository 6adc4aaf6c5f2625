"""Laws of ghost batch normalisation and of accumulation."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.vision_training.tiny import CONFIG, striped_images, tiny_fit, with_schedule
from vision.ghost_norm import GhostBatchNorm, ghost_sizes, micro_sizes, use_ghost_norm


@pytest.mark.parametrize("size", [1, 3, 8])
@pytest.mark.parametrize("batch", range(1, 40))
def test_ghost_batches_cover_the_batch_and_none_is_small(batch, size):
    sizes = ghost_sizes(batch, size)
    assert sum(sizes) == batch
    assert set(sizes[:-1]) <= {size}
    assert len(sizes) == 1 or size / 2 <= sizes[-1] < 1.5 * size


@pytest.mark.parametrize("limit", [8, 13, 24])
@pytest.mark.parametrize("batch", range(1, 80))
def test_forward_passes_hold_the_ghost_batches_of_the_whole_batch(batch, limit):
    passes = micro_sizes(batch, limit, 8)
    cut = [size for one in passes for size in ghost_sizes(one, 8)]
    assert cut == ghost_sizes(batch, 8)
    assert all(one <= limit for one in passes[:-1])
    assert passes[-1] <= max(limit, 11)


def features(batch=22, seed=0):
    return 3 * torch.randn(batch, 5, 4, 3, generator=torch.Generator().manual_seed(seed)) + 1


def test_each_ghost_batch_is_normalised_alone():
    ghost = GhostBatchNorm(nn.BatchNorm2d(5), 8)
    pieces = features().split([8, 8, 6])
    alone = torch.cat([nn.BatchNorm2d(5)(piece) for piece in pieces])
    assert torch.equal(ghost(features()), alone)


def test_running_statistics_take_up_ghost_batches_in_turn():
    plain = nn.BatchNorm2d(5)
    ghost = GhostBatchNorm(nn.BatchNorm2d(5), 8)
    ghost(features())
    for piece in features().split([8, 8, 6]):
        plain(piece)
    for name, value in plain.state_dict().items():
        assert torch.equal(value, ghost.state_dict()[name]), name


def test_evaluation_is_ordinary_batch_norm():
    plain = nn.BatchNorm2d(5)
    plain(features())
    ghost = GhostBatchNorm(copy.deepcopy(plain), 8)
    assert torch.equal(ghost.eval()(features(3)), plain.eval()(features(3)))


def test_a_replaced_norm_keeps_the_names_and_values_of_its_state():
    plain = nn.Sequential(nn.Conv2d(1, 5, 1), nn.Sequential(nn.BatchNorm2d(5)))
    before = copy.deepcopy(plain.state_dict())
    use_ghost_norm(plain, 4)
    assert isinstance(plain[1][0], GhostBatchNorm)
    assert list(plain.state_dict()) == list(before)


def test_a_norm_without_running_averages_is_refused():
    with pytest.raises(ValueError, match="running averages"):
        GhostBatchNorm(nn.BatchNorm2d(5, track_running_stats=False), 4)


def weights_after(updates, config):
    fit = tiny_fit(config, data=striped_images(400))
    for _ in range(updates):
        fit.advance()
    return fit.model.state_dict()


def largest_difference(first, second):
    return max(float((first[name].float() - value.float()).abs().max()) for name, value in second.items())


def test_accumulated_ghost_batches_equal_the_large_batch():
    """Five updates of 100 samples in one pass and in passes of 16: rounding apart, the same weights."""
    config = replace(with_schedule(kind="constant", batch=100, max_batch=100), ghost_batch=8)
    whole = weights_after(5, replace(config, micro_batch=0))
    parts = weights_after(5, replace(config, micro_batch=16))
    assert largest_difference(whole, parts) < 2e-5


def test_first_running_statistics_are_bit_equal_under_accumulation():
    config = replace(with_schedule(kind="constant", batch=96, max_batch=96), ghost_batch=8)
    whole = weights_after(1, replace(config, micro_batch=0))
    parts = weights_after(1, replace(config, micro_batch=24))
    assert torch.equal(whole["1.running_mean"], parts["1.running_mean"])
    assert torch.equal(whole["1.running_var"], parts["1.running_var"])


def test_accumulation_without_ghost_batches_is_not_the_large_batch():
    """The control: with ordinary batch normalisation the passes see other statistics."""
    config = replace(with_schedule(kind="constant", batch=100, max_batch=100), ghost_batch=0)
    whole = weights_after(5, replace(config, micro_batch=0))
    parts = weights_after(5, replace(config, micro_batch=16))
    assert largest_difference(whole, parts) > 1e-3


def test_the_ghost_batch_must_fit_into_a_pass():
    with pytest.raises(ValueError, match="ghost_batch"):
        replace(CONFIG, ghost_batch=64, micro_batch=32)
