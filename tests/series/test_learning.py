"""Laws of the kind `series`: what it learns, how it goes on, and what it refuses."""

import copy
from argparse import Namespace

import numpy as np
import pytest
import torch

from agents.commands.actions.table import _row_config
from agents.runs.kinds import preset, preset_names
from agents.runs.tables import TABLES
from agents.series.config import SeriesConfig
from agents.series.data import prepare
from agents.series.learner import build
from tests.series.tiny import LENGTH, artificial_csv, household_csv, small
from tests.vision_training.tiny import fingerprint
from vision.fit import Fit
from vision.fit_config import FitConfig, OptimizerConfig
from vision.schedules import ScheduleConfig
from vision.series.events import EventSeries
from vision.series.forecast import ForecastError, forecast_windows
from vision.series.model_config import FIELDS, ForecasterConfig
from vision.series.models import create_forecaster, list_forecasters
from vision.series.windows import Windows, measure_scaling, scale, split_events

OF_MODEL = {"layers": 2, "filters": 3, "units": 4}


def of_model(model, **changes):
    """A small config of a network, without the sizes that it does not have."""
    sizes = {name: value for name, value in OF_MODEL.items() if name in FIELDS[model]}
    defaults = {name: getattr(SeriesConfig(), name) for name in ("layers", "filters")}
    return small(model=model, **(defaults | sizes | changes))


def test_a_linear_forecaster_recovers_the_coefficients_of_an_autoregression():
    """The bound is five standard errors of 8,000 training steps with shocks a unit wide."""
    coefficients, values = [0.2, -0.3, 0.6], [0.0, 0.0, 0.0]
    for shock in np.random.default_rng(2).standard_normal(10_000):
        values.append(float(np.dot(coefficients, values[-3:])) + shock)
    order, column = 3, np.array(values)[:, None]
    series = EventSeries(
        times=np.arange(len(values), dtype=np.float64),
        values=np.zeros((len(values), 0)),
        quantities=np.zeros((len(values), 0), np.int64),
        features=np.ones((len(values), 1)),
        observed=column,
        targets=column,
        target_names=("process",),
        source_names=(),
        sources=np.zeros(len(values), np.int64),
    )
    split = split_events(len(series), order)
    scaling = measure_scaling(series, split.training.stop)
    windows = Windows(scale(series, scaling, value_input="observed", device="cpu"), split.training, order)
    model = create_forecaster(ForecasterConfig("linear"), inputs=1, targets=1, length=order)
    schedule = ScheduleConfig(kind="cosine", epochs=8, rate=0.02, batch=128)
    config = FitConfig(schedule, OptimizerConfig(kind="adam", weight_decay=0.0), interval_epochs=8)
    list(Fit(model, ForecastError(), windows, len(windows), config, seed=0).train())
    found = model.map.weight.detach().view(order, 2)[:, 1].numpy()
    assert np.abs(found - coefficients).max() < 5 / 8000**0.5


@pytest.mark.parametrize("model", ["socnn", "cnn"])
def test_a_few_passes_beat_the_last_observed_value(model):
    """Three of the four sources have noise of half the process's deviation or more; 2,000 events."""
    sizes = {"events": 2000, "length": 12, "epochs": 6.0, "rate": 0.02, "interval_epochs": 2.0}
    config = of_model(model, data_seed=0, **sizes)
    reports = list(build(config, seed=1, device="cpu").train())
    assert len(reports) == config.intervals == 3
    assert reports[-1]["test_mse"] < 0.7 * reports[-1]["persistence_mse"]
    assert reports[-1]["validation_mse"] < reports[0]["validation_mse"] * 1.5


def test_the_test_errors_are_those_of_the_interval_with_the_lowest_validation_error():
    learner = build(small(epochs=6.0, rate=0.05), seed=1, device="cpu")
    lowest, seen = float("inf"), {}
    for report in learner.train():
        windows = learner._data.test
        error = forecast_windows(learner.network, windows) - windows.targets
        if report["validation_mse"] < lowest:
            lowest = report["validation_mse"]
            seen = {"test_mse": float(error.square().mean()), "test_mae": float(error.abs().mean())}
        assert {name: report[name] for name in seen} == seen
    assert lowest < float("inf")


@pytest.mark.parametrize("model", list_forecasters())
def test_a_resumed_run_ends_bit_equal(model):
    changes = {"dropout": 0.3} if "dropout" in FIELDS[model] else {}
    changes |= {"auxiliary": 0.1} if model == "socnn" else {}
    config = of_model(model, epochs=3.0, **changes)
    whole = build(config, seed=1, device="cpu")
    expected = list(whole.train())
    first = build(config, seed=1, device="cpu")
    begun = next(first.train())
    second = build(config, seed=1, device="cpu")
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert [begun, *second.train()] == expected
    assert fingerprint(second.state_dict()) == fingerprint(whole.state_dict())


def test_a_run_does_not_go_on_with_another_series():
    state = build(small(data_seed=1), seed=0, device="cpu").state_dict()
    other = build(small(data_seed=2), seed=0, device="cpu")
    with pytest.raises(ValueError, match="data: got another series"):
        other.load_state_dict(state)
    with pytest.raises(ValueError, match="state: got keys"):
        other.load_state_dict({"fit": state["fit"]})


def test_each_seed_has_a_series_of_its_own_unless_one_is_given():
    def centre(seed, **changes):
        return build(small(**changes), seed=seed, device="cpu").state_dict()["series"]["centre"]

    assert centre(1) != centre(2)
    assert centre(1, data_seed=7) == centre(2, data_seed=7)


def test_building_and_training_leave_the_global_generators_alone():
    torch.manual_seed(3)
    before, drawn = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    next(build(of_model("cnn", dropout=0.2), seed=1, device="cpu").train())
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(drawn, np.random.get_state()[1])  # noqa: NPY002


def test_a_file_is_found_by_its_name_or_named_where_there_are_several(tmp_path):
    config = SeriesConfig(dataset="artificial", length=LENGTH)
    with pytest.raises(ValueError, match="data: got nothing"):
        prepare(config, "", seed=0, device="cpu")
    with pytest.raises(FileNotFoundError, match=r"holds no file \*artificial"):
        prepare(config, str(tmp_path), seed=0, device="cpu")
    artificial_csv(tmp_path / "my_artificial.csv")
    assert len(prepare(config, str(tmp_path), seed=0, device="cpu").series) == 80
    artificial_csv(tmp_path / "other_artificial.csv", 180)
    with pytest.raises(ValueError, match="file: got none, expected which of my_artificial"):
        prepare(config, str(tmp_path), seed=0, device="cpu")
    named = SeriesConfig(dataset="artificial", length=LENGTH, file="other_artificial.csv")
    assert len(prepare(named, str(tmp_path), seed=0, device="cpu").series) == 60


def test_a_household_is_thinned_by_the_seed(tmp_path):
    household_csv(tmp_path / "household_power.csv", 700)
    config = SeriesConfig(dataset="household", length=LENGTH)
    one, same, other = (prepare(config, str(tmp_path), seed=seed, device="cpu") for seed in (1, 1, 2))
    assert np.array_equal(one.series.sources, same.series.sources)
    assert one.record == same.record != other.record
    one.check_record(same.record)


@pytest.mark.parametrize(
    ("field", "value", "others"),
    [
        ("data_seed", -1, {}),
        ("length", 0, {}),
        ("sources", 0, {}),
        ("file", "x.csv", {}),
        ("data", "folder", {}),
        ("events", 500, {"dataset": "household"}),
        ("asynchronous", False, {"dataset": "artificial"}),
    ],
)
def test_a_field_out_of_range_or_of_another_data_set_is_named(field, value, others):
    with pytest.raises(ValueError, match=rf"SeriesConfig\.{field}: got "):
        SeriesConfig(**{field: value}, **others)


def test_a_series_shorter_than_its_windows_is_refused():
    with pytest.raises(ValueError, match="events: got 60, expected more, for windows of 60"):
        build(SeriesConfig(events=60), seed=0, device="cpu")


def test_every_preset_builds_its_network_and_every_table_its_rows():
    for name in preset_names("series"):
        config = preset("series", name)
        create_forecaster(config.forecaster, inputs=3, targets=2, length=config.length)
    for name in ("forecasting", "paper_forecasting"):
        assert set(TABLES[name].presets) <= set(preset_names("series"))


def test_a_table_gives_its_folder_to_the_rows_that_read_files_alone():
    given = Namespace(data="folder", epochs=2.0)
    generated, household = (
        _row_config(preset("series", f"quick_{name}_socnn"), given) for name in ("async16", "household")
    )
    assert (generated.data, household.data) == ("", "folder")
    assert generated.epochs == household.epochs == 2.0
