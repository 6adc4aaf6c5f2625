"""`run.py table`: every row of a table is trained, compared seed by seed, and never trained twice."""

import json

import pytest

import run
from agents.plots.differences import draw_differences
from agents.runs import tables
from agents.runs.intervals import Interval
from agents.runs.kinds import config_class, preset
from agents.runs.paired import Difference
from agents.runs.tables import TABLES, ResultTable
from agents.vision.config import VisionConfig
from agents.vision.presets import PRESETS
from tests.vision_training.tiny import cifar_files

ROW = VisionConfig(
    model="wrn_10_1_norm", epochs=1.0, batch=16, max_batch=32, rate=0.02, measure_training=True
)


@pytest.fixture
def small_table(monkeypatch, tmp_path):
    """Registers a table of two rows and makes their data in the working folder."""
    monkeypatch.chdir(tmp_path)
    cifar_files(tmp_path / "data")
    monkeypatch.setitem(PRESETS, "one", ROW)
    monkeypatch.setitem(PRESETS, "two", VisionConfig(**(vars(ROW) | {"rate": 0.05})))
    table = ResultTable("two rates", "vision", (("one", "two"),), ("test_accuracy", "accuracy_gap"), 0.5)
    monkeypatch.setitem(tables.TABLES, "small", table)
    return tmp_path


WORDS = ["table", "small", "--data", "data", "--out", "t", "--device", "cpu"]


def test_a_table_trains_compares_and_is_only_read_the_second_time(small_table, capsys):
    assert run.main([*WORDS, "--seeds", "1..2"]) == 0
    printed = capsys.readouterr()
    assert "minus one" in printed.out and "seed 1" not in printed.out
    assert printed.err.count("vision seed 1 1/1") == printed.err.count("vision seed 2 1/1") == 2
    report = json.loads((small_table / "t/table.json").read_text())
    baseline, other = report["blocks"][0]
    difference = other["difference_to_first"]["test_accuracy"]
    pairs = zip(*(row["final"]["test_accuracy"]["values"] for row in (other, baseline)), strict=True)
    assert difference["values"] == [ours - theirs for ours, theirs in pairs]
    gap = other["final"]["accuracy_gap"]["values"]
    assert len(gap) == 2 and baseline["difference_to_first"] == {}
    page = (small_table / "t/table.md").read_text()
    assert page.count("| `one` | 2 |") == page.count("| `two` | 2 |") == 1
    assert "run.py table small --data DIR --seeds 1..2" in page
    for plot in ("t/curves.png", "t/differences.png"):
        assert (small_table / plot).read_bytes().startswith(b"\x89PNG")

    assert run.main([*WORDS, "--seeds", "1..2"]) == 0
    assert capsys.readouterr().err == ""
    assert (small_table / "t/table.md").read_text() == page


def test_rows_of_a_table_can_be_trained_alone_at_another_length(small_table, monkeypatch, capsys):
    monkeypatch.setitem(PRESETS, "three", VisionConfig(**(vars(ROW) | {"rate": 0.1})))
    blocks = (("one", "two", "three"), ("two", "three"))
    table = ResultTable("three rates", "vision", blocks, ("test_accuracy",), 0.5)
    monkeypatch.setitem(tables.TABLES, "small", table)
    flags = ["--seeds", "1", "--epochs", "2", "--rows", "three"]
    assert run.main([*WORDS, *flags]) == 0
    report = json.loads((small_table / "t/table.json").read_text())
    names = [[row["run"] for row in block] for block in report["blocks"]]
    assert names == [["one", "three"], ["two", "three"]]
    assert report["command"] == "run.py table small --data DIR --seeds 1 --epochs 2 --rows three"
    record = json.loads((small_table / "t/three/config.json").read_text())
    assert record["config"]["epochs"] == 2.0
    assert table.only(()) == table
    assert table.only(("two",)).blocks == (("one", "two"), ("two",))
    assert run.main([*WORDS, "--rows", "four"]) == 2
    assert "rows: got 'four', expected some of one, two, three" in capsys.readouterr().err


def test_a_folder_with_other_runs_is_refused_in_one_line(small_table, capsys):
    assert run.main([*WORDS, "--seeds", "1"]) == 0
    assert run.main([*WORDS, "--seeds", "2"]) == 2
    assert "seeds: got [2], expected [1], as in the earlier run in t/one" in capsys.readouterr().err


def test_a_folder_of_something_else_is_refused_in_one_line(small_table, capsys):
    (small_table / "t").mkdir()
    (small_table / "t" / "notes.txt").write_text("mine")
    assert run.main([*WORDS, "--seeds", "1"]) == 2
    assert "out: got t, expected a new or empty folder" in capsys.readouterr().err
    assert [path.name for path in (small_table / "t").iterdir()] == ["notes.txt"]


def test_a_table_whose_data_was_mistaken_can_be_begun_again(small_table, capsys):
    (small_table / "elsewhere").mkdir()
    assert run.main(["table", "small", "--data", "elsewhere", "--out", "t", "--device", "cpu"]) == 3
    assert run.main([*WORDS, "--seeds", "1"]) == 0


def test_an_unknown_table_names_the_known_ones(small_table, capsys):
    assert run.main(["table", "smal", "--data", "data"]) == 2
    assert "expected one of heads" in capsys.readouterr().err
    assert run.main(["table", "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in TABLES)


def test_differences_are_drawn_with_their_intervals_and_the_band_of_equality():
    rows = {
        "near": Difference("score", [1, 2], [0.1, 0.3], Interval(0.2, -0.1, 0.5)),
        "far": Difference("score", [1, 2], [30.0, 50.0], Interval(40.0, 20.0, 60.0)),
    }
    (panel,) = draw_differences(rows, 1.0).axes
    assert panel.get_xscale() == "symlog" and panel.get_xlabel() == "score minus the baseline's"
    assert [label.get_text() for label in panel.get_yticklabels()] == ["near", "far"]
    band = panel.patches[0].get_extents().transformed(panel.transData.inverted())
    assert (round(band.x0, 9), round(band.x1, 9)) == (-1.0, 1.0)
    (panel,) = draw_differences({"near": rows["near"]}, 1.0).axes
    assert panel.get_xscale() == "linear"
    with pytest.raises(ValueError, match="got none"):
        draw_differences({}, 1.0)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_row_of_every_table_is_a_preset_that_takes_data(name):
    table = TABLES[name]
    assert len(set(table.presets)) == len(table.presets) >= 2
    for row in table.presets:
        assert preset(table.kind, row).data == "" and "data" in config_class(table.kind).__dataclass_fields__
    configs = [preset(table.kind, row) for row in table.presets]
    assert len(set(configs)) == len(configs)
