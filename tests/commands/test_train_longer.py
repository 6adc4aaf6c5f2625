"""`run.py train`: runs made longer, the figures at the end, and data folders without their files."""

from pathlib import Path

import pytest

import run
from agents.runs.checkpoint import load_checkpoint
from agents.runs.checkpoint_store import LAST
from agents.runs.run_folder import RunFolder
from tests.commands.train_runs import ENDED, rows

DATA_SETS = (
    *(("kr_dl",), ("language",), ("vision",), ("vision", "--dataset", "mnist")),
    *(("vision", "--dataset", "folder"), ("series", "--dataset", "household")),
    ("interactions", "--dataset", "bike"),
)


@pytest.mark.parametrize(("seeds", "members"), [("4", ("",)), ("4,5", ("seed-4", "seed-5"))])
def test_a_lengthened_run_is_the_run_that_was_as_long_from_the_start(train, tmp_path, seeds, members):
    assert train("--out", "whole", "--updates", "9", "--seeds", seeds) == (0, "")
    assert train("--out", "r", "--updates", "4", "--seeds", seeds) == (0, "")
    assert train("--resume", "r", "--updates", "9", kind=()) == (0, "")
    for member in members:
        whole, lengthened = (tmp_path / name / member for name in ("whole", "r"))
        assert rows(lengthened / "metrics.jsonl") == rows(whole / "metrics.jsonl")
        checkpoints = [load_checkpoint(path / "checkpoints" / LAST) for path in (whole, lengthened)]
        assert checkpoints[0].config == checkpoints[1].config
    assert train("--resume", "r", kind=()) == (0, "")
    assert train("--resume", "r", "--updates", "8")[0] == 2


def test_a_run_killed_while_it_is_lengthened_goes_on_at_its_new_length(train, tmp_path):
    assert train("--out", "r", "--updates", "3") == (0, "")
    with RunFolder.open(tmp_path / "r") as folder:
        folder.lengthen("updates", 5)
    assert train("--resume", "r", kind=()) == (0, "")
    assert len(rows(tmp_path / "r" / "metrics.jsonl")) == 5


def test_a_run_that_has_ended_says_how_it_is_made_longer(tiny_kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    how = "a wave comes to an end; a longer one is a new run: run.py train tiny --config-from w --updates N"
    for name, target, told in (
        ("r", "line", "--resume r --updates N, N above 3, makes it longer"),
        ("w", "wave", how),
    ):
        assert run.main(["train", tiny_kind, "--out", name, "--updates", "3", "--target", target]) == 0
        capsys.readouterr()
        assert run.main(["train", "--resume", name]) == 0
        assert f"{ENDED}{told}" in capsys.readouterr().err.splitlines()
    assert run.main(["train", "--resume", "w", "--updates", "4"]) == 2
    keeps = "run.py: updates: got 4, expected 3, because a continued run keeps its flags; "
    assert capsys.readouterr().err == f"{keeps}{how}\n"


def test_the_last_and_the_best_figures_are_shown_at_the_end(tiny_kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run.main(["train", tiny_kind, "--out", "r", "--updates", "12"]) == 0
    table, last = rows(Path("r/metrics.jsonl")), rows(Path("r/metrics.jsonl"))[-1]
    best = min(table, key=lambda row: row["loss"])
    shown = capsys.readouterr().out
    assert f"best, interval {best['step']}" in shown
    (line,) = (line for line in shown.splitlines() if "loss" in line)
    assert [float(cell) for cell in line.split("│")[2:4]] == pytest.approx(
        [last["loss"], best["loss"]], rel=1e-4
    )
    assert shown.endswith("finished 12 intervals: r\n")


@pytest.mark.parametrize("words", DATA_SETS, ids=" ".join)
@pytest.mark.parametrize("folder", ["empty", "nowhere"])
def test_a_data_folder_without_its_files_is_told_alike_by_every_kind(
    tmp_path, monkeypatch, capsys, words, folder
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run.main(["train", *words, "--data", folder, "--out", "r", "--device", "cpu"]) == 3
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and folder in told and ("hold" in told or "is not a folder" in told)
