"""Laws of the schedules, and the update counts of Smith et al. 2018 on CIFAR-10."""

import math

import pytest

from vision.schedules import (
    ScheduleConfig,
    Setting,
    batch_length,
    noise_scale,
    phases,
    setting_at,
    total_samples,
    update_count,
    updates,
)

CIFAR = 50_000
PAPER = ("decay_rate", "increase_batch", "hybrid", "increased_rate", "increased_momentum")
PUBLISHED_UPDATES = {
    "decay_rate": 78_125,
    "increase_batch": 29_141,
    "hybrid": 34_375,
    "increased_rate": 6_406,
    "increased_momentum": 2_305,
}


@pytest.mark.parametrize("kind", PAPER)
def test_update_counts_are_the_papers(kind):
    assert update_count(ScheduleConfig(kind=kind), CIFAR) == PUBLISHED_UPDATES[kind]


@pytest.mark.parametrize("kind", PAPER)
def test_a_walked_run_takes_the_counted_updates_and_every_sample(kind):
    config = ScheduleConfig(kind=kind)
    batches = [setting.batch for _, setting in updates(config, CIFAR)]
    assert len(batches) == PUBLISHED_UPDATES[kind]
    assert sum(batches) == 200 * CIFAR


@pytest.mark.parametrize("count", [1, 7, 1000, 5000, 12_345])
@pytest.mark.parametrize("kind", ["constant", "cosine", *PAPER])
def test_walk_and_count_agree_for_any_amount_of_data(kind, count):
    config = ScheduleConfig(kind=kind, epochs=3.7, batch=48, max_batch=700, milestones=(0.21, 0.5, 0.83))
    walked = [setting.batch for _, setting in updates(config, count)]
    assert sum(walked) == total_samples(config, count)
    assert abs(len(walked) - update_count(config, count)) <= 1
    assert min(walked) >= 1


def test_batches_of_each_schedule_are_the_papers():
    batches = {kind: [s.batch for _, s in phases(ScheduleConfig(kind=kind))] for kind in PAPER}
    assert batches == {
        "decay_rate": [128, 128, 128, 128],
        "increase_batch": [128, 640, 3200, 5120],
        "hybrid": [128, 640, 640, 640],
        "increased_rate": [640, 3200, 5120, 5120],
        "increased_momentum": [3200, 5120, 5120, 5120],
    }


def test_all_five_schedules_share_one_noise_scale_throughout():
    """For small batches g = eps N / (B (1 - m)): 390.625 in the first phase, then a fifth per step."""
    for kind in PAPER:
        for step, (_, setting) in enumerate(phases(ScheduleConfig(kind=kind))):
            small_batch_noise = setting.rate * CIFAR / (setting.batch * (1 - setting.momentum))
            assert small_batch_noise == pytest.approx(390.625 / 5**step, rel=1e-12)


def test_rate_decays_only_after_the_largest_batch_is_reached():
    rates = [s.rate for _, s in phases(ScheduleConfig(kind="increase_batch"))]
    assert rates[:3] == pytest.approx([0.1, 0.1, 0.1])
    assert rates[3] == pytest.approx(0.1 * 5120 / 16_000)


def test_increased_momentum_starts_at_the_papers_setting():
    (_, first), *_ = phases(ScheduleConfig(kind="increased_momentum"))
    assert (first.batch, first.momentum) == (3200, 0.98)
    assert first.rate == pytest.approx(0.5)


def test_noise_scale_is_its_formula_and_vanishes_for_the_whole_set():
    assert noise_scale(Setting(0.1, 0.9, 128), CIFAR) == pytest.approx(1.0 * (50_000 / 128 - 1))
    assert noise_scale(Setting(0.1, 0.0, CIFAR), CIFAR) == 0.0


def test_a_batch_over_a_milestone_takes_equal_shares_of_both_phases():
    """60 epochs hold 23,437.5 batches of 128: the next takes half of 128 and half of 640."""
    config = ScheduleConfig(kind="increase_batch")
    assert batch_length(config, CIFAR, 23_437 * 128) == 64 + 320


def test_a_small_remainder_joins_the_last_batch():
    config = ScheduleConfig(kind="constant", epochs=1, batch=100)
    assert [s.batch for _, s in updates(config, 1049)] == [100] * 9 + [149]
    assert [s.batch for _, s in updates(config, 1050)] == [100] * 10 + [50]


def test_cosine_falls_per_update_from_the_full_rate_to_zero():
    config = ScheduleConfig(kind="cosine", rate=0.2)
    assert setting_at(config, 0.0).rate == pytest.approx(0.2)
    assert setting_at(config, 0.5).rate == pytest.approx(0.1)
    assert setting_at(config, 1.0).rate == pytest.approx(0.0, abs=1e-16)
    assert setting_at(config, 0.25).rate == pytest.approx(0.1 * (1 + math.cos(math.pi / 4)))


def test_warm_up_rises_linearly_and_leaves_the_rest_alone():
    config = ScheduleConfig(kind="decay_rate", epochs=100, warmup_epochs=5)
    plain = ScheduleConfig(kind="decay_rate", epochs=100)
    assert setting_at(config, 0.025).rate == pytest.approx(0.05)
    for progress in (0.05, 0.3, 0.7, 1.0):
        assert setting_at(config, progress) == setting_at(plain, progress)


def test_rate_changes_exactly_at_the_milestone():
    config = ScheduleConfig(kind="decay_rate")
    assert setting_at(config, 0.3 - 1e-12).rate == pytest.approx(0.1)
    assert setting_at(config, 0.3).rate == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "linear"),
        ("epochs", 0),
        ("epochs", math.nan),
        ("rate", -0.1),
        ("rate", math.inf),
        ("momentum", 1.0),
        ("batch", 0),
        ("factor", 0.5),
        ("milestones", (0.5, 0.3)),
        ("milestones", (0.5, 1.0)),
        ("max_batch", 0),
        ("raised_momentum", -0.1),
        ("warmup_epochs", 300),
    ],
)
def test_a_field_out_of_range_is_named(field, value):
    with pytest.raises(ValueError, match=rf"ScheduleConfig\.{field}: got "):
        ScheduleConfig(**{field: value})


def test_a_position_past_the_end_is_refused():
    with pytest.raises(ValueError, match="position"):
        batch_length(ScheduleConfig(epochs=1), 100, 100)
