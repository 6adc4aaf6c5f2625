"""`run.py train` of the tiny kind, for the tests of commands."""

import pytest

import run
from tests.commands.train_runs import ENDED


@pytest.fixture
def train(tiny_kind, tmp_path, monkeypatch, capsys):
    """Runs `run.py train tiny` in an empty folder; returns exit code and error lines, without progress."""
    monkeypatch.chdir(tmp_path)

    def call(*words, kind=("tiny",)):
        capsys.readouterr()
        code = run.main(["train", *kind, *words])
        told = capsys.readouterr().err.splitlines(keepends=True)
        errors = "".join(line for line in told if not line.startswith(("tiny seed ", ENDED)))
        assert "Traceback" not in errors
        return code, errors

    return call
