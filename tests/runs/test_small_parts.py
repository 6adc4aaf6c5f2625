"""Laws of the small parts: intervals, seeds, configs as JSON, measurements, random states, folder names."""

from dataclasses import make_dataclass

import numpy as np
import pytest
import torch

from agents.runs.config_json import changed_fields, config_from_json, config_to_json
from agents.runs.errors import ConfigError, NumericalError
from agents.runs.fields import check_choice, check_real, check_whole
from agents.runs.intervals import interquartile_interval, interquartile_mean, mean_interval, t_quantile
from agents.runs.metrics import check_measurements
from agents.runs.random_state import numpy_state, restore_numpy, restore_torch, torch_state
from agents.runs.seeds import parse_seeds
from tests.runs.tiny_config import TinyConfig, TinyNetwork


@pytest.mark.parametrize(
    ("degrees", "quantile"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (9, 2.2622), (30, 2.0423), (999, 1.9623)],
)
def test_student_quantiles_agree_with_the_printed_tables(degrees, quantile):
    assert t_quantile(degrees) == pytest.approx(quantile, abs=6e-5)


def test_the_t_interval_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    samples = rng.normal(3.0, 2.0, size=(4000, 5))
    intervals = [mean_interval(sample) for sample in samples]
    covered = np.mean([interval.low <= 3.0 <= interval.high for interval in intervals])
    assert abs(covered - 0.95) < 0.0138  # four standard errors of a proportion over 4,000


def test_one_value_has_no_interval_and_equal_values_have_an_empty_one():
    assert mean_interval(np.array([2.0])) == (2.0, None, None)
    assert mean_interval(np.array([2.0, 2.0, 2.0])) == (2.0, 2.0, 2.0)


def test_the_interquartile_mean_drops_a_quarter_at_each_end():
    assert interquartile_mean(np.array([[0.0, 1.0, 2.0, 100.0]])) == pytest.approx([1.5])
    assert interquartile_mean(np.array([[9.0, 1.0, 2.0, 3.0, -50.0]])) == pytest.approx(
        [(0.75 * 1 + 2 + 0.75 * 3) / 2.5]
    )
    assert interquartile_mean(np.full((2, 7), 4.0)) == pytest.approx([4.0, 4.0])


def test_the_bootstrap_interval_is_repeatable_holds_the_estimate_and_needs_five_values():
    values = np.random.default_rng(1).normal(size=9)
    interval = interquartile_interval(values)
    assert interval == interquartile_interval(values)
    assert interval.low < interval.estimate < interval.high
    with pytest.raises(ValueError, match="expected at least 5"):
        interquartile_interval(values[:4])


@pytest.mark.parametrize(
    ("text", "seeds"), [("7", [7]), ("1..5", [1, 2, 3, 4, 5]), ("3,1", [3, 1]), ("1, 3..4", [1, 3, 4])]
)
def test_seed_lists_read_as_people_write_them(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    "text", ["", "x", "1..", "..3", "5..1", "1,1", "1..2,2", "-1", "1.5", "0..99999", f"{2**63}", "٣"]
)
def test_other_seed_lists_are_refused(text):
    with pytest.raises(ConfigError, match="seeds: got"):
        parse_seeds(text)


def test_a_config_survives_json():
    config = TinyConfig(updates=7, target="wave", network=TinyNetwork(width=9))
    assert config_from_json(TinyConfig, config_to_json(config)) == config


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"updates": 1.5}, "updates"),
        ({"updates": True}, "updates"),
        ({"updates": "7"}, "updates"),
        ({"updates": 0}, "updates"),
        ({"learning_rate": None}, "learning_rate"),
        ({"target": "circle"}, "target"),
        ({"network": []}, "network"),
        ({"network": {"width": 1000}}, "network.width"),
        ({"network": {"height": 1}}, "network.height"),
        ({"extra": 1}, "extra"),
    ],
)
def test_reading_a_config_is_strict_and_names_the_field(change, named):
    with pytest.raises(ConfigError, match=named):
        config_from_json(TinyConfig, config_to_json(TinyConfig()) | change)


def test_a_field_that_an_earlier_version_did_not_write_has_its_default():
    written = config_to_json(TinyConfig(updates=7))
    del written["target"], written["network"]["width"]
    assert config_from_json(TinyConfig, written) == TinyConfig(updates=7)


def test_a_field_without_a_default_must_be_there():
    named = make_dataclass("Named", [("name", str), ("size", int, 1)], frozen=True)
    with pytest.raises(ConfigError, match="name: missing"):
        config_from_json(named, {"size": 2})


def test_changed_fields_are_listed_with_dotted_names():
    changes = changed_fields(TinyConfig(), TinyConfig(updates=3, network=TinyNetwork(width=5)))
    assert changes == [("updates", 12, 3), ("network.width", 4, 5)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_measurements_must_be_finite(value):
    with pytest.raises(NumericalError, match="interval 3: loss is"):
        check_measurements({"loss": value}, 3)


@pytest.mark.parametrize(
    "measured", [{"a b": 1.0}, {"step": 1.0}, {"": 1.0}, {"loss": "1"}, {"loss": True}, {"x": [1]}]
)
def test_measurements_of_a_wrong_kind_are_a_defect_of_the_learner(measured):
    with pytest.raises(TypeError, match="measurement"):
        check_measurements(measured, 1)


@pytest.mark.parametrize("algorithm", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_a_numpy_generator_goes_on_exactly_where_its_state_was_taken(algorithm):
    rng = np.random.Generator(algorithm(5))
    rng.integers(3, size=7, dtype=np.uint8)
    state, expected = numpy_state(rng), None
    expected = rng.normal(size=9)
    other = np.random.Generator(algorithm(6))
    restore_numpy(other, state)
    assert np.array_equal(other.normal(size=9), expected)


def test_a_torch_generator_goes_on_exactly_where_its_state_was_taken():
    generator = torch.Generator().manual_seed(5)
    torch.rand(3, generator=generator)
    state = torch_state(generator)
    expected = torch.randn(9, generator=generator)
    other = torch.Generator()
    restore_torch(other, state)
    assert torch.equal(torch.randn(9, generator=other), expected)


def test_random_states_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="bit_generator: got 'PCG64'"):
        restore_numpy(np.random.Generator(np.random.Philox(1)), numpy_state(np.random.default_rng(1)))
    with pytest.raises(ValueError, match="malformed"):
        restore_numpy(np.random.default_rng(1), {"bit_generator": "PCG64"})
    with pytest.raises(ValueError, match="malformed"):
        restore_torch(torch.Generator(), torch.zeros(3, dtype=torch.uint8))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1.5, True, "1"])
def test_field_checks_name_field_value_and_expectation(value):
    with pytest.raises(ConfigError, match=r"^rate: got .*, expected a .*number from 0 to 1$"):
        check_real("rate", value, low=0, high=1)
    with pytest.raises(ConfigError, match=r"^size: got .*, expected a whole number from 1 to 9$"):
        check_whole("size", value, low=1, high=9)
    with pytest.raises(ConfigError, match=r"^mode: got .*, expected one of a, b$"):
        check_choice("mode", value, ("a", "b"))
