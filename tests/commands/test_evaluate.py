"""Laws of `run.py evaluate`: the kind is the checkpoint's, its flags are its own, and wrong paths say so."""

from types import SimpleNamespace

import pytest

import run
from agents.commands import evaluate
from agents.runs.atomic import publish, stage
from agents.runs.checkpoint import encode, read_kind
from agents.runs.checkpoint_paths import run_label
from agents.runs.errors import CorruptFileError
from agents.runs.kinds import KINDS
from tests.runs.checkpoints import small_checkpoint


@pytest.fixture
def checkpoint(tmp_path):
    """A run folder of kind tiny with one checkpoint."""
    file = tmp_path / "run" / "checkpoints" / "last.safetensors"
    file.parent.mkdir(parents=True)
    publish(stage(file, encode(small_checkpoint())), file)
    return file


@pytest.fixture
def called(monkeypatch, tiny_kind):
    """The tiny kind can be evaluated; returns the list of configs its evaluation was called with."""
    from agents.commands.evaluate_vision import Config

    calls = []
    module = SimpleNamespace(Config=Config, run=lambda config: calls.append(config) or 0)
    monkeypatch.setitem(KINDS, "tiny", KINDS["tiny"]._replace(evaluation="tiny_evaluation"))
    monkeypatch.setattr(evaluate, "import_module", {"tiny_evaluation": module}.__getitem__)
    return calls


@pytest.mark.parametrize("words", [["tiny"], []])
def test_the_kind_is_the_first_word_or_the_checkpoint_s(words, called, checkpoint, tmp_path):
    for path in (checkpoint, checkpoint.parents[1], tmp_path / "run"):
        assert run.main(["evaluate", *words, str(path), "--data", str(tmp_path)]) == 0
    assert [config.checkpoints for config in called][:1] == [(str(checkpoint),)]
    assert len(called) == 3


def test_files_that_are_values_of_flags_are_passed_over(called, checkpoint, tmp_path):
    report = tmp_path / "report.json"
    report.write_text("{}")
    words = ["--json", str(report), "--data", str(tmp_path), str(checkpoint)]
    assert run.main(["evaluate", *words]) == 0
    assert called[0].json == str(report)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "got none"),
        (["nowhere"], "got nowhere"),
        (["kr_dl", "."], "kind: got kr_dl, expected one that can be evaluated: vision"),
    ],
)
def test_without_a_checkpoint_or_an_evaluation_one_line_says_so(words, complaint, capfd):
    assert run.main(["evaluate", *words]) == 2
    error = capfd.readouterr().err
    assert complaint in error and error.count("\n") == 1


def test_a_file_that_is_no_checkpoint_is_refused_as_damaged(tmp_path, capfd):
    file = tmp_path / "model.safetensors"
    for content in (b"", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0{}", b"\x06\0\0\0\0\0\0\0[1, 2]"):
        file.write_bytes(content)
        assert run.main(["evaluate", str(file)]) == 5
        assert "has no checkpoint header" in capfd.readouterr().err
        with pytest.raises(CorruptFileError):
            read_kind(file)


def test_the_kind_is_read_from_the_header_alone(checkpoint):
    assert read_kind(checkpoint) == "tiny"


def test_the_help_lists_the_kinds_that_can_be_evaluated(capsys):
    assert run.main(["evaluate", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "vision" in shown and "language" in shown and "kr_dl" not in shown


def test_labels_name_the_run_and_the_seed(tmp_path):
    run_folder = tmp_path / "pusher"
    assert run_label(run_folder) == "pusher"
    assert run_label(run_folder / "seed-2") == "pusher/seed-2"
    assert run_label(run_folder / "seed-2" / "checkpoints" / "last.safetensors") == "pusher/seed-2"
