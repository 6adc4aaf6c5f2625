"""Nothing that is put in place of a checkpoint runs code, fills the memory or escapes as a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="memory limits are a Unix facility")

import run
from agents.runs.checkpoint_store import LAST
from tests.runs.hostile_files import hostile_files

ROOT = Path(__file__).parents[2]
MORE_MEMORY = 300 * 2**20
SECONDS_EACH = 2.0


def test_hostile_files_are_refused_within_time_and_memory_and_run_nothing(tmp_path):
    folder, canary = tmp_path / "files", tmp_path / "canary"
    folder.mkdir()
    files = hostile_files(canary)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "link").symlink_to(folder / "text")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")
    command = [sys.executable, "-m", "tests.runs.hostile_files", str(folder), str(MORE_MEMORY)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {name: outcome for name, (outcome, _) in found.items() if outcome != "refused"} == {}
    assert len(found) >= 36
    assert max(seconds for _, seconds in found.values()) < SECONDS_EACH
    assert not canary.exists()


def test_a_run_with_hostile_checkpoints_ends_with_code_five_and_few_lines(tmp_path, capsys, tiny_kind):
    path, canary = tmp_path / "run", tmp_path / "canary"
    assert run.main(["train", tiny_kind, "--out", str(path), "--updates", "1"]) == 0
    for name in ("pickle_system", "torch_zip_with_call", "trillion_elements", "deep_state", "text"):
        for entry in (path / "checkpoints").iterdir():
            entry.write_bytes(hostile_files(canary)[name])
        capsys.readouterr()
        assert run.main(["train", "--resume", str(path)]) == 5
        errors = capsys.readouterr().err
        assert "Traceback" not in errors and LAST in errors
    assert not canary.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"a": NaN}',
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"kind": "../../x"}',
        b" " * (2**20 + 1),
    ],
    ids=["empty", "torn", "deep", "nan", "list", "bare", "binary", "traversal", "long"],
)
def test_a_hostile_config_file_is_refused(tmp_path, capsys, tiny_kind, content):
    (tmp_path / "config.json").write_bytes(content)
    assert run.main(["train", "--resume", str(tmp_path)]) == 5
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1 and "config.json" in errors


def test_a_config_file_with_another_kind_or_bad_fields_is_refused(tmp_path, capsys, tiny_kind):
    path = tmp_path / "run"
    assert run.main(["train", tiny_kind, "--out", str(path), "--updates", "1"]) == 0
    good = json.loads((path / "config.json").read_text())
    for change in (
        {"kind": "../../x"},
        {"config": {}},
        {"config": good["config"] | {"updates": "many"}},
        {"config": good["config"] | {"updates": -1}},
        {"config": good["config"] | {"extra": 1}},
        {"config": good["config"] | {"network": {"width": 10**9}}},
        {"seeds": []},
        {"seeds": ["../x"]},
        {"checkpoint_every": 0},
        {"device": "toaster"},
        {"format": 99},
    ):
        (path / "config.json").write_text(json.dumps(good | change))
        capsys.readouterr()
        assert run.main(["train", "--resume", str(path)]) in (2, 5), change
        errors = capsys.readouterr().err
        assert errors.count("\n") == 1 and "Traceback" not in errors


@pytest.mark.parametrize("name", ["checkpoints", "metrics.jsonl", "run.lock", "config.json"])
def test_a_run_folder_with_a_link_that_leads_outside_is_refused(tmp_path, capsys, tiny_kind, name):
    path, outside = tmp_path / "run", tmp_path / "outside"
    assert run.main(["train", tiny_kind, "--out", str(path), "--updates", "1"]) == 0
    (path / name).rename(outside)
    (path / name).symlink_to(outside)
    before = sorted(outside.iterdir()) if outside.is_dir() else outside.read_bytes()
    assert run.main(["train", "--resume", str(path)]) == 5
    assert "symbolic link" in capsys.readouterr().err
    assert before == (sorted(outside.iterdir()) if outside.is_dir() else outside.read_bytes())
