"""`run.py compare`: groups by config, tables with intervals, curves, and clear errors."""

import json

import pytest

import run


@pytest.fixture
def runs(tiny_kind, tmp_path, monkeypatch, capsys):
    """Two runs of one config, one of another, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for words in (["a", "--seed", "1"], ["b", "--seed", "2"], ["c", "--target", "wave"]):
        assert run.main(["train", tiny_kind, "--updates", "4", "--out", *words]) == 0
    capsys.readouterr()
    return tmp_path


def test_runs_that_differ_only_in_their_seed_form_one_group(runs, capsys):
    assert run.main(["compare", "a", "b", "c", "--json", "f.json", "--out", "c.png"]) == 0
    report = json.loads((runs / "f.json").read_text())
    assert [group["seeds"] for group in report] == [[1, 2], [0]]
    lasts = [
        json.loads((runs / name / "metrics.jsonl").read_text().splitlines()[-1])["loss"] for name in "ab"
    ]
    assert report[0]["final"]["loss"]["values"] == lasts
    assert report[0]["final"]["loss"]["mean"]["estimate"] == pytest.approx(sum(lasts) / 2)
    assert (runs / "c.png").read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr().out
    assert "loss" in shown and "samples" in shown and "c.png" in shown


def test_runs_of_one_folder_name_are_told_apart_by_their_paths(runs, capsys):
    for place, name in (("one", "a"), ("two", "c")):
        (runs / place).mkdir()
        (runs / name).rename(runs / place / "run")
    assert run.main(["compare", "one/run", "two/run", "b", "--json", "f.json"]) == 0
    report = json.loads((runs / "f.json").read_text())
    assert [(group["run"], group["seeds"]) for group in report] == [("one/run", [1, 2]), ("two/run", [0])]


def test_one_measurement_can_be_chosen_and_an_unknown_one_is_named(runs, capsys):
    assert run.main(["compare", "a", "--metric", "loss"]) == 0
    assert "samples" not in capsys.readouterr().out
    assert run.main(["compare", "a", "--metric", "los"]) == 2
    assert capsys.readouterr().err == "run.py: metric: got los, expected one of loss, samples\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["a", "a"], 2, "config and seed are those of another run"),
        (["."], 2, "expected a run folder with config.json"),
        (["a", "--out", "x.jpg"], 2, "expected a file name ending in .png"),
        (["a", "--json", "x"], 2, "expected a file name ending in .json"),
        (["a", "--out", "no/such/folder/x.png"], 2, "expected a file in a folder that exists"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_line(runs, capsys, words, code, told):
    assert run.main(["compare", *words]) == code
    errors = capsys.readouterr().err
    assert told in errors and errors.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"step": 1, "loss": NaN}',
        b'{"step": 2}',
        b'{"step": 1, "loss": "x"}',
        b"[]",
        b"\xff",
    ],
)
def test_a_hostile_metrics_file_is_refused(runs, capsys, line):
    (runs / "a" / "metrics.jsonl").write_bytes(line + b"\n")
    assert run.main(["compare", "a"]) == 5
    errors = capsys.readouterr().err
    assert "metrics.jsonl" in errors and errors.count("\n") == 1


def test_a_run_that_has_not_measured_yet_is_named(runs, capsys):
    (runs / "a" / "metrics.jsonl").write_bytes(b"")
    assert run.main(["compare", "a"]) == 2
    assert "expected a run with at least one finished interval" in capsys.readouterr().err


def test_runs_of_one_seed_are_compared_with_the_first_within_a_margin(tiny_kind, runs, capsys):
    assert (
        run.main(["train", tiny_kind, "--updates", "4", "--target", "wave", "--seed", "1", "--out", "d"]) == 0
    )
    for margin, expected in (("1e9", "not shown"), ("0.5", "not shown")):
        words = ["compare", "a", "d", "--metric", "loss", "--within", margin, "--json", "f.json"]
        assert run.main(words) == 0
        found = json.loads((runs / "f.json").read_text())[1]["difference_to_first"]["loss"]
        assert (found["shown"], found["seeds"], found["within"]) == (expected, [1], float(margin))
    capsys.readouterr()
    assert (
        run.main(["train", tiny_kind, "--updates", "4", "--target", "wave", "--seed", "2", "--out", "e"]) == 0
    )
    assert run.main(["compare", "a", "b", "d", "e", "--metric", "loss", "--within", "1e9"]) == 0
    assert "equal (within 1e+09)" in capsys.readouterr().out
    assert run.main(["compare", "a", "d", "--within", "-1"]) == 2
    assert "within: got -1" in capsys.readouterr().err
