"""Laws of what a path to checkpoints means."""

import pytest

from agents.runs.checkpoint_paths import (
    BEST_FIRST,
    LAST_FIRST,
    checkpoint_files,
    has_checkpoints,
    resolve,
)
from agents.runs.checkpoint_store import BEST, LAST
from agents.runs.errors import ConfigError
from run import main


def made(folder, *names):
    """A run folder with files of these names for its checkpoints."""
    (folder / "checkpoints").mkdir(parents=True)
    for name in names:
        (folder / "checkpoints" / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("names", "order", "found"),
    [
        ((BEST, LAST), BEST_FIRST, BEST),
        ((BEST, LAST), LAST_FIRST, LAST),
        ((LAST,), BEST_FIRST, LAST),
        ((BEST,), LAST_FIRST, BEST),
    ],
)
def test_a_run_means_the_first_of_its_checkpoints_in_the_order_asked_for(tmp_path, names, order, found):
    run = made(tmp_path / "run", *names)
    file = run / "checkpoints" / found
    assert resolve(run, order) == file
    assert resolve(file, order) == resolve(run / found.removesuffix(".safetensors")) == file
    assert checkpoint_files(run, order) == [file] and has_checkpoints(run)


def test_the_run_of_several_seeds_means_those_of_all_in_their_order(tmp_path):
    runs = [made(tmp_path / f"seed-{seed}", LAST) for seed in (2, 10, 1)]
    files = [run / "checkpoints" / LAST for run in (runs[2], runs[0], runs[1])]
    assert resolve(tmp_path) is None and checkpoint_files(tmp_path) == files and has_checkpoints(tmp_path)


def test_a_path_without_a_checkpoint_means_none(tmp_path, capfd):
    empty = made(tmp_path / "run")
    assert resolve(empty) is resolve(tmp_path / "missing") is None and not has_checkpoints(empty)
    with pytest.raises(ConfigError, match="expected a checkpoint file or a run with checkpoints"):
        checkpoint_files(empty)
    assert main(["strategy", "--source", str(empty), "--out", str(tmp_path / "s.png")]) == 2
    assert "source: got" in capfd.readouterr().err
