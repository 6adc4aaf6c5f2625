"""`run.py train`: run folders, continuing, several seeds, and what must not be written."""

import json
import os
import sys

import pytest

from agents.commands.actions.train import train_rows
from agents.commands.train import Options, parse
from agents.runs.checkpoint import load_checkpoint, read_step
from agents.runs.checkpoint_store import BEST, LAST, PREVIOUS, CheckpointStore
from agents.runs.errors import ConfigError, Stopped, StorageError
from agents.runs.metrics import METRICS_NAME, read_metrics
from tests.commands.train_runs import rows
from tests.runs.tiny_config import TinyConfig
from tests.runs.tiny_learner import TinyLearner


def files(folder):
    return {
        path.name: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "run.lock"
    }


def test_a_run_folder_tells_everything_needed_to_repeat_the_run(train, tmp_path):
    assert train("--out", "r", "--updates", "5", "--seed", "3", "--network.width", "6") == (0, "")
    record = json.loads((tmp_path / "r" / "config.json").read_text())
    assert (
        record["kind"] == "tiny" and record["seeds"] == [3] and record["resolved_device"] in ("cpu", "cuda")
    )
    assert record["config"] == {
        "updates": 5,
        "learning_rate": 0.01,
        "target": "line",
        "pause": 0.0,
        "poison_at": 0,
        "network": {"width": 6},
    }
    assert {"python", "torch", "numpy", "hogline"} <= record["versions"].keys()
    assert record["revision"] and record["started"] and record["machine"]["cores"]
    assert {path.name for path in (tmp_path / "r" / "checkpoints").iterdir()} == {LAST, PREVIOUS, BEST}
    assert load_checkpoint(tmp_path / "r" / "checkpoints" / LAST).config == record["config"]


def test_rerunning_from_the_saved_config_gives_the_same_hundred_steps(train, tmp_path):
    words = ("--updates", "100", "--seed", "9", "--target", "wave", "--learning-rate", "0.02")
    assert train("--out", "a", *words, "--checkpoint-every", "50")[0] == 0
    assert train("--config-from", "a", "--out", "b")[0] == 0
    assert train("--config-from", "a/config.json", "--out", "c", "--seed", "8")[0] == 0
    first = rows(tmp_path / "a" / "metrics.jsonl")
    assert len(first) == 100 and first == rows(tmp_path / "b" / "metrics.jsonl")
    assert first != rows(tmp_path / "c" / "metrics.jsonl")


def test_the_best_checkpoint_is_the_one_of_the_lowest_loss(train, tmp_path):
    assert train("--out", "r", "--updates", "30")[0] == 0
    table = rows(tmp_path / "r" / "metrics.jsonl")
    lowest = min(table, key=lambda row: row["loss"])
    assert load_checkpoint(tmp_path / "r" / "checkpoints" / BEST).step == lowest["step"]


def test_a_best_file_lost_to_a_kill_comes_back(train, tmp_path):
    assert train("--out", "r", "--updates", "1")[0] == 0
    folder = tmp_path / "r" / "checkpoints"
    (folder / BEST).unlink()
    assert train("--resume", "r") == (0, "")
    assert load_checkpoint(folder / BEST).step == load_checkpoint(folder / LAST).step == 1


def test_checkpoints_that_are_to_stay_stay(train, tmp_path):
    flags = ("--updates", "7", "--checkpoint-every", "3", "--keep-every", "2")
    assert train("--out", "r", *flags)[0] == 0
    folder = tmp_path / "r" / "checkpoints"
    kept = {path.name: load_checkpoint(path).step for path in folder.glob("step-*")}
    assert kept == {f"step-00000{step}.safetensors": step for step in (2, 4, 6)}
    assert train("--resume", "r", "--keep-every", "3") == (
        2,
        "run.py: keep-every: got 3, expected 2, because a continued run keeps its flags\n",
    )


def test_a_checkpoint_to_stay_that_was_lost_to_a_kill_comes_back(train, tmp_path):
    assert train("--out", "r", "--updates", "4", "--keep-every", "4")[0] == 0
    file = tmp_path / "r" / "checkpoints" / "step-000004.safetensors"
    content = file.read_bytes()
    file.unlink()
    assert train("--resume", "r") == (0, "")
    assert file.read_bytes() == content


def test_a_run_of_an_earlier_version_continues(train, tmp_path):
    assert train("--out", "r", "--updates", "3")[0] == 0
    file = tmp_path / "r" / "config.json"
    record = json.loads(file.read_bytes())
    del record["keep_every"], record["config"]["target"]
    file.write_text(json.dumps(record), encoding="utf-8")
    for name in ("last", "best", "previous"):
        (tmp_path / "r" / "checkpoints" / f"{name}.safetensors").unlink()
    (tmp_path / "r" / "metrics.jsonl").write_bytes(b"")
    assert train("--resume", "r") == (0, "")
    assert len(rows(tmp_path / "r" / "metrics.jsonl")) == 3


def test_the_last_state_is_saved_even_between_two_checkpoints(train, tmp_path):
    assert train("--out", "r", "--updates", "7", "--checkpoint-every", "5")[0] == 0
    assert load_checkpoint(tmp_path / "r" / "checkpoints" / LAST).step == 7
    assert load_checkpoint(tmp_path / "r" / "checkpoints" / PREVIOUS).step == 5


def test_a_finished_run_continues_to_nothing(train, tmp_path):
    assert train("--out", "r", "--updates", "3")[0] == 0
    before = rows(tmp_path / "r" / "metrics.jsonl")
    assert train("--resume", "r", kind=())[0] == 0
    assert train("--resume", "r")[0] == 0
    assert rows(tmp_path / "r" / "metrics.jsonl") == before


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--learning-rate", "0.5"), "learning-rate: got 0.5, expected 0.01"),
        (("--network.width", "9"), "network.width: got 9, expected 4"),
        (("--seed", "1"), "seed: got [1], expected [0]"),
        (("--checkpoint-every", "4"), "checkpoint-every: got 4, expected 1"),
        (("--seeds", "1..2"), "seeds: got [1, 2], expected [0]"),
        (("--out", "x"), "out: got x, expected nothing beside --resume"),
        (("--config-from", "r"), "config-from: got r, expected nothing beside --resume"),
    ],
)
def test_a_continued_run_refuses_changed_flags_by_name(train, words, named):
    assert train("--out", "r", "--updates", "2")[0] == 0
    code, errors = train("--resume", "r", *words)
    assert code == 2 and errors.startswith(f"run.py: {named}") and errors.count("\n") == 1


def test_a_continued_run_takes_unchanged_flags(train):
    assert train("--out", "r", "--updates", "2")[0] == 0
    assert train("--resume", "r", "--updates", "2", "--seed", "0", "--device", "cpu")[0] == 0
    assert train("--resume=r", kind=())[0] == 0


def test_every_spelling_of_a_flag_that_names_a_run_means_the_same(train, tmp_path):
    assert train("--out", "a", "--updates", "2")[0] == 0
    for place, words in enumerate((["--config-from", "a"], ["--config_from", "a"], ["--config_from=a"])):
        assert train(*words, "--out", f"b{place}")[0] == 0
        assert len(rows(tmp_path / f"b{place}" / "metrics.jsonl")) == 2


def test_a_new_run_never_overwrites_an_old_one(train, tmp_path):
    assert train("--out", "r", "--updates", "2")[0] == 0
    before = files(tmp_path / "r")
    code, errors = train("--out", "r", "--updates", "3")
    assert code == 2 and "expected a new or empty folder" in errors
    (tmp_path / "r" / "checkpoints" / LAST).unlink()
    (tmp_path / "r" / "config.json").unlink()
    assert train("--out", "r", "--updates", "3")[0] == 2
    assert (tmp_path / "r" / "checkpoints" / PREVIOUS).read_bytes() == before[PREVIOUS]


def test_damage_to_the_last_checkpoint_is_told_and_the_run_goes_on_to_the_same_end(train, tmp_path):
    assert train("--out", "r", "--updates", "9")[0] == 0
    before = rows(tmp_path / "r" / "metrics.jsonl")
    last = tmp_path / "r" / "checkpoints" / LAST
    last.write_bytes(last.read_bytes()[:-5])
    code, errors = train("--resume", "r")
    assert code == 0 and "the SHA-256 does not fit" in errors
    assert f"continuing from {PREVIOUS} at step 8" in errors
    assert rows(tmp_path / "r" / "metrics.jsonl") == before


def test_a_torn_metrics_line_is_dropped_and_a_missing_one_is_an_error(train, tmp_path):
    assert train("--out", "r", "--updates", "4")[0] == 0
    metrics = tmp_path / "r" / "metrics.jsonl"
    whole = metrics.read_bytes()
    metrics.write_bytes(whole + b'{"step":5,"lo')
    assert train("--resume", "r")[0] == 0
    assert metrics.read_bytes() == whole
    metrics.write_bytes(b"".join(whole.splitlines(keepends=True)[1:]))
    code, errors = train("--resume", "r")
    assert code == 5 and "line 1 has step 2, expected 1" in errors


def test_weights_that_are_not_finite_end_with_code_four_and_are_never_written(train, tmp_path):
    code, errors = train("--out", "r", "--updates", "9", "--poison-at", "4")
    assert code == 4 and errors.count("\n") == 1 and "network/0.weight" in errors
    folder = tmp_path / "r" / "checkpoints"
    assert load_checkpoint(folder / LAST).step == 3 and load_checkpoint(folder / PREVIOUS).step == 2
    assert {path.name for path in folder.iterdir()} == {LAST, PREVIOUS, BEST}


def test_a_loss_that_is_not_finite_ends_with_code_four(train, tmp_path):
    code, errors = train("--out", "r", "--updates", "9", "--poison-at", "4", "--checkpoint-every", "9")
    assert code == 4 and "interval 5: loss is nan" in errors
    assert len(rows(tmp_path / "r" / "metrics.jsonl")) == 4


def test_several_seeds_make_one_run_each_and_a_summary(train, tmp_path):
    assert train("--out", "s", "--updates", "4", "--seeds", "1..5")[0] == 0
    report = json.loads((tmp_path / "s" / "summary.json").read_text())
    final = report[0]["final"]["loss"]
    assert report[0]["seeds"] == [1, 2, 3, 4, 5] and len(final["values"]) == 5
    assert final["mean"]["low"] < final["mean"]["estimate"] < final["mean"]["high"]
    assert (tmp_path / "s" / "curves.png").read_bytes().startswith(b"\x89PNG")
    alone = [row["loss"] for row in TinyLearner(TinyConfig(updates=4), 3, "cpu").train()]
    assert [row["loss"] for row in rows(tmp_path / "s" / "seed-3" / "metrics.jsonl")] == alone


def test_several_seeds_continue_where_they_were_stopped(train, tmp_path):
    assert train("--out", "s", "--updates", "3", "--seeds", "1,2")[0] == 0
    before = rows(tmp_path / "s" / "seed-2" / "metrics.jsonl")
    for path in sorted((tmp_path / "s" / "seed-2").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert train("--resume", "s")[0] == 0
    assert rows(tmp_path / "s" / "seed-2" / "metrics.jsonl") == before
    assert train("--resume", "s", "--seeds", "1..2")[0] == 0
    assert train("--resume", "s", "--seeds", "1..3")[0] == 2


@pytest.mark.parametrize(
    ("seeds", "told"),
    [
        ("1", "stopped and saved at step 1: --resume s"),
        ("1,2", "seed 1 stopped and saved at step 1: --resume s"),
    ],
)
def test_a_stopped_run_says_which_folder_goes_on(train, monkeypatch, seeds, told):
    def stop(*_, **__):
        raise Stopped(2, "stopped and saved at step 1")

    monkeypatch.setattr("agents.commands.actions.train.train_run", stop)
    assert train("--out", "s", "--seeds", seeds) == (130, f"run.py: {told}\n")


def test_a_run_without_a_named_folder_gets_one_of_its_own(train, tmp_path):
    assert train("--updates", "1")[0] == 0
    assert train("--updates", "1")[0] == 0
    made = list((tmp_path / "runs").iterdir())
    assert len(made) == 2 and all(path.name.startswith("tiny-") and "seed0" in path.name for path in made)


@pytest.mark.parametrize("name", ["CON", "nul.txt", "x/COM1", "a" * 300, "file"])
def test_folder_names_that_cannot_be_are_refused(train, tmp_path, name):
    (tmp_path / "file").write_text("in the way")
    code, errors = train("--out", name, "--updates", "1")
    assert code == 2 and errors.startswith("run.py: out: got ") and errors.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs Unix file limits")
def test_a_full_disk_ends_with_code_three_and_the_run_goes_on_later(train, tmp_path):
    import resource

    assert train("--out", "r", "--updates", "2")[0] == 0
    assert train("--out", "w", "--updates", "40", "--network.width", "64", "--checkpoint-every", "40")[0] == 0
    (tmp_path / "w" / "checkpoints" / LAST).unlink()
    for name in (BEST, PREVIOUS):
        (tmp_path / "w" / "checkpoints" / name).unlink(missing_ok=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        code, errors = train("--resume", "w")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 3 and errors.count("\n") == 1 and "File too large" in errors
    assert list((tmp_path / "w").rglob("*.tmp")) == []
    assert train("--resume", "w")[0] == 0
    assert load_checkpoint(tmp_path / "w" / "checkpoints" / LAST).step == 40


def test_cuda_without_a_gpu_is_a_clear_error(train, monkeypatch, tmp_path):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    code, errors = train("--device", "cuda", "--out", "r")
    assert code == 2 and errors.startswith("run.py: device: got cuda, expected auto or cpu")
    assert not (tmp_path / "r").exists()


@pytest.mark.gpu
def test_auto_means_the_gpu_and_a_run_may_move_to_the_cpu(train, tmp_path):
    assert train("--out", "r", "--updates", "3")[0] == 0
    assert json.loads((tmp_path / "r" / "config.json").read_text())["resolved_device"] == "cuda"
    code, errors = train("--resume", "r", "--device", "cpu")
    assert code == 0 and "began on cuda and goes on on cpu" in errors


def test_tensorboard_events_hold_every_step_once(train, tmp_path):
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    assert train("--out", "r", "--updates", "6")[0] == 0
    (events,) = (tmp_path / "r").glob("events.out.tfevents*")
    found = [event for event in EventFileLoader(os.fspath(events)).Load() if event.summary.value]
    assert [event.step for event in found] == [1, 2, 3, 4, 5, 6]
    assert {value.tag for value in found[0].summary.value} == {"loss", "samples"}


@pytest.mark.parametrize("seeds", [("--seed", "1"), ("--seeds", "1..2")])
def test_a_run_that_cannot_be_built_leaves_its_name_free(train, tmp_path, monkeypatch, seeds):
    def unbuildable(config, *, seed, device):
        raise ValueError("data: got none, expected a folder")

    with monkeypatch.context() as patch:
        patch.setattr("tests.runs.tiny_learner.build", unbuildable)
        assert train("--out", "r", *seeds) == (2, "run.py: data: got none, expected a folder\n")
    assert [path.name for path in (tmp_path / "r").rglob("*")] == ["run.lock"]
    assert train("--out", "r", *seeds, "--updates", "2") == (0, "")


def test_a_run_that_has_begun_is_kept_whatever_happens(train, tmp_path, monkeypatch):
    def spoilt(learner):
        yield {"loss": 1.0}
        raise ConfigError("data: got another")

    monkeypatch.setattr(TinyLearner, "train", spoilt)
    assert train("--out", "r") == (2, "run.py: data: got another\n")
    assert len(read_metrics(tmp_path / "r" / "metrics.jsonl")) == 1 and (tmp_path / "r/config.json").exists()


def test_continuing_a_run_that_cannot_be_built_leaves_it_as_it_is(train, tmp_path, monkeypatch):
    assert train("--out", "r", "--updates", "3") == (0, "")
    before = files(tmp_path / "r")

    def unbuildable(config, *, seed, device):
        raise ValueError("data: got none, expected a folder")

    monkeypatch.setattr("tests.runs.tiny_learner.build", unbuildable)
    assert train("--resume", "r", kind=())[0] == 2
    assert files(tmp_path / "r") == before


def test_continuing_asks_for_a_run_folder_in_one_line(train):
    assert train("--resume", kind=()) == (2, "run.py: resume: got nothing, expected a run folder\n")
    assert train("--out", "r", "--updates", "1")[0] == 0
    file = "r/checkpoints/last.safetensors"
    told = f"run.py: resume: got {file}, which is a checkpoint, expected its run folder\n"
    assert train("--resume", file, kind=()) == (2, told)


def test_the_manual_lists_the_presets(capsys):
    with pytest.raises(SystemExit):
        parse("rig", ["--help"])
    assert "Presets: reacher, pusher, multi_pusher," in " ".join(capsys.readouterr().out.split())


def test_a_file_of_a_run_is_no_run_to_continue(train):
    assert train("--out", "r", "--updates", "2") == (0, "")
    line = "run.py: resume: got r/config.json, which is a file, expected a run folder\n"
    assert train("--resume", "r/config.json", kind=()) == (2, line)


@pytest.mark.parametrize("seeds", ["1", "1,2"])
def test_a_row_of_a_table_whose_last_save_failed_has_not_ended(tiny_kind, tmp_path, monkeypatch, seeds):
    rows, options = {"row": TinyConfig(updates=3)}, Options(seeds=seeds, device="cpu")
    members = [tmp_path / "row" / (f"seed-{seed}" if len(seeds) > 1 else "") for seed in seeds.split(",")]
    save, failed = CheckpointStore.save, []

    def failing_once(store, checkpoint, **more):
        if checkpoint.step == 3 and store.folder not in failed:
            failed.append(store.folder)
            raise StorageError("No space left on device")
        save(store, checkpoint, **more)

    monkeypatch.setattr(CheckpointStore, "save", failing_once)
    for member in members:
        with pytest.raises(StorageError):
            train_rows(tmp_path, tiny_kind, rows, options)
        assert len(read_metrics(member / METRICS_NAME)) == 3
    train_rows(tmp_path, tiny_kind, rows, options)
    assert all(read_step(member / "checkpoints" / LAST) == 3 for member in members)
    monkeypatch.setattr(
        "agents.commands.actions.train.train_run", lambda *_, **__: pytest.fail("trained again")
    )
    train_rows(tmp_path, tiny_kind, rows, options)
