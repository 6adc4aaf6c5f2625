"""`run.py evaluate series`: what a run measured is measured again, beside simple forecasts, in one table."""

import json
from pathlib import Path

import numpy as np
import pytest

import run
from agents.plots.forecasts import Stretch, draw_forecasts
from agents.series.evaluation import Significance
from tests.series.tiny import artificial_csv, household_csv

FLAGS = ["--length", "6", "--epochs", "2", "--batch", "16", "--device", "cpu"]
SMALL = ["--layers", "2", "--filters", "3", *FLAGS]
GENERATED = ["--events", "300", "--sources", "4"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trained(out, *flags):
    assert run.main(["train", "series", "--out", out, *flags]) == 0


def evaluated(*words):
    assert run.main(["evaluate", *words, "--device", "cpu", "--json", "e.json"]) == 0
    return json.loads(Path("e.json").read_text())


def test_a_runs_own_test_error_is_found_again_with_an_interval_beside_simple_forecasts(here, capsys):
    trained("r", *GENERATED, *SMALL, "--rate", "0.05")
    report = evaluated("r")
    last = json.loads(Path("r/metrics.jsonl").read_text().splitlines()[-1])
    (series,) = report["series"]
    (found,) = series["checkpoints"]
    assert found["mse"]["mean"] == pytest.approx(last["test_mse"], rel=1e-5)
    assert found["mae"]["mean"] == pytest.approx(last["test_mae"], rel=1e-5)
    assert found["mse"]["low"] < found["mse"]["mean"] < found["mse"]["high"]
    simple = series["simple"]
    assert simple["persistence"]["mse"]["mean"] == pytest.approx(last["persistence_mse"], rel=1e-5)
    assert simple["var"]["mse"]["mean"] == pytest.approx(last["var_mse"], rel=1e-5)
    difference = found["mse"]["mean"] - simple["var"]["mse"]["mean"]
    assert found["mse_minus_var"]["mean"] == pytest.approx(difference, rel=1e-5)
    assert simple["var"]["mse_minus_var"] is None
    printed = capsys.readouterr().out
    for words in ("persistence", "ridge", "units of the standardised targets", "blocks of at most 50 events"):
        assert words in printed


def test_checkpoints_of_one_series_share_their_simple_forecasts_in_one_table(here, capsys):
    trained("one", *GENERATED, *SMALL, "--data-seed", "1")
    trained("two", *GENERATED, *FLAGS, "--data-seed", "1", "--model", "linear")
    trained("leak", *GENERATED, *SMALL, "--data-seed", "1", "--value-input", "clean")
    capsys.readouterr()
    groups = [group["checkpoints"] for group in evaluated("one", "leak", "two")["series"]]
    names = [[(one["model"], one["value_input"]) for one in group] for group in groups]
    assert names == [[("socnn", "observed"), ("linear", "observed")], [("socnn", "clean")]]
    printed = capsys.readouterr().out
    assert printed.count("persistence") == 2 and printed.count("socnn (clean)") == 1


def test_seeds_that_learnt_from_one_file_are_compared_with_the_same_simple_forecasts(here):
    artificial_csv(here / "x_artificial.csv")
    trained("r", "--dataset", "artificial", "--data", ".", *SMALL, "--seeds", "1..2")
    (series,) = evaluated("r")["series"]
    assert [Path(one["name"]).parts[1] for one in series["checkpoints"]] == ["seed-1", "seed-2"]


def test_a_picture_is_made_for_each_checkpoint(here):
    trained("r", *GENERATED, *SMALL)
    assert run.main(["evaluate", "r", "--plots", "p", "--device", "cpu", "--start", "5"]) == 0
    (picture,) = Path("p").iterdir()
    assert picture.name.endswith("forecasts.png") and picture.read_bytes().startswith(b"\x89PNG")


def test_the_files_of_a_run_may_have_moved_but_not_changed(here, capsys):
    (here / "data").mkdir()
    household_csv(here / "data/household_power.csv", 700)
    trained("r", "--dataset", "household", "--data", "data", *SMALL)
    (here / "data").rename(here / "moved")
    assert run.main(["evaluate", "r", "--device", "cpu"]) == 3
    assert "holds no file" in capsys.readouterr().err
    (series,) = evaluated("r", "--data", "moved")["series"]
    assert len(series["targets"]) == 7
    household_csv(here / "moved/household_power.csv", 680)
    assert run.main(["evaluate", "r", "--data", "moved", "--device", "cpu"]) == 2
    assert "data: got another series" in capsys.readouterr().err


def test_a_malformed_file_ends_training_in_one_line(here, capsys):
    artificial_csv(here / "x_artificial.csv")
    text = (here / "x_artificial.csv").read_text()
    (here / "x_artificial.csv").write_text(text.replace("\n9,", "\nnine,"))
    assert run.main(["train", "series", "--dataset", "artificial", "--data", ".", *SMALL]) == 2
    error = capsys.readouterr().err
    assert "x_artificial.csv, line 11: got a field that is no number" in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--start", "29"], "start: got 29, expected at most 28"),
        (["--plots", "e.txt"], "plots: got e.txt, which is a file"),
        (["--data", "nowhere"], "data: got nowhere, expected an existing folder"),
    ],
)
def test_what_cannot_be_drawn_or_read_is_said_in_one_line(words, complaint, here, capsys):
    (here / "e.txt").write_text("")
    trained("r", *GENERATED, *SMALL)
    capsys.readouterr()
    assert run.main(["evaluate", "series", "r", "--plots", "p", "--device", "cpu", *words]) == 2
    error = capsys.readouterr().err
    assert complaint in error and error.count("\n") == 1


def drawn(targets, significance):
    events = np.arange(20.0)
    columns = np.stack([np.sin(events + target) for target in range(targets)], 1)
    names = tuple(f"quantity {target}" for target in range(targets))
    return draw_forecasts(
        Stretch(events, columns, columns + 0.1, {"socnn": columns - 0.1}, names), significance
    )


def test_a_picture_has_a_panel_a_target_and_one_of_the_weights():
    shares, by_source = np.full((30, 6, 2), 1 / 6), np.array([[0.5, 1.0], [1.5, 1.0], [1.0, 1.0]])
    with_weights, without = drawn(2, Significance(shares, by_source)), drawn(2, None)
    assert len(with_weights.axes) == 4 and len(without.axes) == 2
    assert with_weights.axes[3].lines[0].get_ydata().tolist() == [0.5, 1.5, 1.0]
    assert len(drawn(2, Significance(shares, by_source[:0])).axes) == 3
    forecast = without.axes[1].lines[-1].get_ydata()
    assert np.allclose(forecast, np.sin(np.arange(20.0) + 1) - 0.1)
    lags = with_weights.axes[2].lines[0]
    assert lags.get_xdata().tolist() == [6, 5, 4, 3, 2, 1] and np.allclose(lags.get_ydata(), 1 / 6)
    assert len(drawn(9, None).axes) == 7
