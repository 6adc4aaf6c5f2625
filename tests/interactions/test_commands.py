"""`run.py train interactions`, `evaluate` and `table interactions` from the command line."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

import run
from agents.interactions.presets import PRESETS
from agents.plots.pair_strengths import PairPanel, draw_pairs
from agents.runs.tables import TABLES
from tests.interactions.test_tabular import write
from tests.interactions.tiny import TINY

FLAGS = [
    *("--hidden", "12", "6", "--univariate", "4", "--epochs", "3", "--batch", "30"),
    *("--interval-epochs", "1", "--device", "cpu"),
]


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A small run on f5 in the working folder, called r."""
    monkeypatch.chdir(tmp_path)
    words = ["train", "interactions", "--function", "f5", "--rows", "300", *FLAGS, "--out", "r"]
    assert run.main(words) == 0
    return tmp_path


def evaluated(*words):
    assert run.main(["evaluate", *words, "--device", "cpu", "--json", "e.json"]) == 0
    return json.loads(Path("e.json").read_text())["checkpoints"]


def test_what_a_run_measured_is_found_again(trained, capsys):
    ((found,),) = [one["functions"] for one in evaluated("r/checkpoints/last.safetensors")]
    last = json.loads((trained / "r/metrics.jsonl").read_text().splitlines()[-1])
    mean, low, high = found["rmse"]
    assert mean == pytest.approx(last["test_rmse"], rel=1e-5) and low < mean < high
    for name in ("pair_auc", "r_precision", "top_rank_recall"):
        assert found["scores"][name] == pytest.approx(last[name])
    assert found["truth"][0] == ["x1", "x2", "x3"] and len(found["pairs"]) == 45
    strengths = [pair["strength"] for pair in found["pairs"]]
    assert strengths == sorted(strengths, reverse=True)
    assert "pair AUC" in capsys.readouterr().out


def test_another_mean_gives_other_strengths_of_the_same_network(trained):
    found = {mean: evaluated("r", "--mean", mean)[0]["functions"][0] for mean in ("min", "max")}
    assert found["min"]["rmse"] == found["max"]["rmse"]
    smaller, larger = (
        {tuple(pair["inputs"]): pair["strength"] for pair in found[mean]["pairs"]} for mean in ("min", "max")
    )
    assert all(smaller[pair] < larger[pair] for pair in smaller)


def test_the_best_checkpoint_is_evaluated_and_heat_maps_are_drawn(trained, capsys):
    (found,) = evaluated("r", "--plots", "p")
    rows = [json.loads(line) for line in (trained / "r/metrics.jsonl").read_text().splitlines()]
    assert found["step"] == min(rows, key=lambda row: row["validation_loss"])["step"]
    (picture,) = (trained / "p").iterdir()
    content = picture.read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert content.startswith(b"\x89PNG") and min(width, height) > 200


def test_the_cutoff_is_shown_and_written(trained, capsys):
    (found,) = evaluated("r", "--cutoff", "1")
    cutoff = found["cutoff"]
    assert len(cutoff["validation_losses"]) == len(cutoff["sets"]) + 1 <= 2
    assert cutoff["reached"] == (cutoff["validation_losses"][-1] <= cutoff["full_validation_loss"])
    assert "with 0 interactions" in capsys.readouterr().out


@pytest.mark.parametrize("dataset", ["bike", "california", "letter"])
def test_a_data_set_is_learnt_from_and_ranked(dataset, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    write(tmp_path / "files", dataset)
    words = ["--data", "files", "--dataset", dataset, "--network", "mlp_m", *FLAGS, "--out", "r"]
    assert run.main(["train", "interactions", *words]) == 0
    (tmp_path / "files").rename(tmp_path / "moved")
    assert run.main(["evaluate", "r"]) == 3
    assert "holds no" in capsys.readouterr().err
    (found,) = evaluated("r", "--data", "moved")
    (one,) = found["functions"]
    assert one["scores"] is None and one["truth"] is None
    assert (one["test_auc"] is None) == (one["rmse"] is not None) == (dataset != "letter")
    shown = capsys.readouterr().out
    assert "pair AUC" not in shown and "true?" not in shown


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["train", "interactions"], 2, "function: got nothing"),
        (["train", "interactions", "--function", "f11"], 2, "function"),
        (["train", "interactions", "--dataset", "bike", "--data", "."], 3, "holds no bike_hour.csv"),
        (["train", "interactions", "--function", "f1", "--dataset", "bike"], 2, "dataset: got 'bike'"),
        (["table", "interactions", "--data", "."], 2, "data: got ., expected nothing"),
        (["table", "heads"], 2, "--data: got nothing, expected the folder"),
        (["evaluate", "interactions", "nowhere"], 2, "checkpoints: got nowhere"),
    ],
)
def test_bad_input_is_one_clear_line(words, code, complaint, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run.main(words) == code
    error = capsys.readouterr().err
    assert complaint in error and error.count("\n") == 1


def test_a_cutoff_of_a_suite_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["train", "interactions", "--function", "suite", "--rows", "60", *FLAGS, "--out", "r"]
    assert run.main(words) == 0
    assert run.main(["evaluate", "r", "--cutoff", "1"]) == 2
    assert "cutoff: got a run of several functions" in capsys.readouterr().err
    (found,) = evaluated("r")
    assert [one["function"] for one in found["functions"]] == [f"f{number}" for number in range(1, 11)]


def test_the_table_trains_both_networks_without_a_folder_of_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    metrics = ("pair_auc", "f10_pair_auc")  # a panel each takes its time
    monkeypatch.setitem(TABLES, "interactions", TABLES["interactions"]._replace(metrics=metrics))
    small = {"function": "suite", "rows": 60, "epochs": 1.0, "batch": 30}
    for name, network in (("suite_mlp", "mlp"), ("suite_mlp_m", "mlp_m")):
        monkeypatch.setitem(PRESETS, name, type(TINY)(**vars(TINY) | small | {"network": network}))
    assert run.main(["table", "interactions", "--seeds", "1..2", "--device", "cpu", "--out", "t"]) == 0
    report = json.loads(Path("t/table.json").read_text())
    assert report["command"] == "run.py table interactions --seeds 1..2"
    ((first, second),) = report["blocks"]
    assert (first["run"], second["run"]) == ("suite_mlp", "suite_mlp_m")
    assert set(first["final"]) == set(metrics)


def test_a_heat_map_frames_the_true_pairs_and_leaves_the_diagonal_out():
    strengths = np.array([[0.0, 4.0, 1.0], [4.0, 0.0, 2.0], [1.0, 2.0, 0.0]])
    true = strengths == 4.0
    known = PairPanel("f", ("a", "b", "c"), strengths, true)
    figure = draw_pairs([known, PairPanel("g", ("d", "e", "f"), strengths, None)])
    left, right, bar = figure.axes
    assert [label.get_text() for label in left.get_xticklabels()] == ["a", "b", "c"]
    assert len(left.patches) == 2 and len(right.patches) == 0
    image = left.images[0].get_array()
    assert image.mask.diagonal().all() and image.max() == 1.0
    assert "framed: true" in bar.get_ylabel()
    with pytest.raises(ValueError, match="panels: got none"):
        draw_pairs([])
    with pytest.raises(ValueError, match="for 2 inputs"):
        draw_pairs([PairPanel("f", ("a", "b"), strengths, None)])
