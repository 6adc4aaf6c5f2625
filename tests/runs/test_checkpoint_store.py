"""The last two checkpoints and the best are kept, and a failed write changes none of them."""

import os
import random
import subprocess
import sys

import pytest

from agents.runs import checkpoint_store
from agents.runs.checkpoint import load_checkpoint
from agents.runs.checkpoint_store import BEST, LAST, PREVIOUS, CheckpointStore, numbered_name
from agents.runs.errors import CorruptFileError, NumericalError, StorageError
from tests.runs.checkpoints import small_checkpoint

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs Unix file limits")


@pytest.fixture
def store(tmp_path):
    """A store with steps 1, 2 and 3, of which step 1 is the best."""
    filled = CheckpointStore(tmp_path)
    for step in (1, 2, 3):
        filled.save(small_checkpoint(step), more=[BEST] if step == 1 else [])
    return filled


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.unlink()
    path.write_bytes(content)


def test_the_last_two_and_the_best_are_kept_and_nothing_else(store):
    assert {name: load_checkpoint(store.folder / name).step for name in contents(store.folder)} == {
        LAST: 3,
        PREVIOUS: 2,
        BEST: 1,
    }


def test_numbered_checkpoints_stay_and_serve_where_all_others_are_gone(store):
    store.save(small_checkpoint(4), more=[numbered_name(4)])
    for step in (5, 6, 7):
        store.save(small_checkpoint(step))
    assert load_checkpoint(store.folder / "step-000004.safetensors").step == 4
    for name in (LAST, PREVIOUS, BEST):
        (store.folder / name).unlink()
    told = []
    assert store.newest(told.append).step == 4
    assert len(told) == 2


def test_a_last_file_exists_at_every_moment_of_every_save(tmp_path, monkeypatch):
    store, replace, seen = CheckpointStore(tmp_path), os.replace, []

    def watched(source, target):
        replace(source, target)
        seen.append({path.name for path in tmp_path.iterdir() if path.suffix == ".safetensors"})

    monkeypatch.setattr(os, "replace", watched)
    for step in (1, 2):
        store.save(small_checkpoint(step), more=[BEST])
    assert len(seen) == 5 and all(LAST in names for names in seen)


def test_an_empty_folder_has_no_checkpoint(tmp_path):
    assert CheckpointStore(tmp_path).newest(pytest.fail) is None


@pytest.mark.parametrize(
    ("hurt", "removed", "step", "told"),
    [
        ((), (), 3, 0),
        ((LAST,), (), 2, 2),
        ((LAST, PREVIOUS), (), 1, 3),
        ((), (LAST,), 2, 2),
        ((PREVIOUS,), (LAST,), 1, 3),
        ((PREVIOUS, BEST), (), 3, 0),
    ],
)
def test_the_newest_good_checkpoint_is_taken_and_every_detour_is_told(store, hurt, removed, step, told):
    for name in hurt:
        damage(store.folder / name)
    for name in removed:
        (store.folder / name).unlink()
    notices = []
    assert store.newest(notices.append).step == step
    assert len(notices) == told


def test_only_the_checkpoint_that_is_taken_is_loaded_beside_those_passed_over(tmp_path, monkeypatch):
    store, loaded = CheckpointStore(tmp_path), []

    def watched(path):
        loaded.append(path.name)
        return load_checkpoint(path)

    for step in range(1, 7):
        store.save(small_checkpoint(step), more=[numbered_name(step)])
    monkeypatch.setattr(checkpoint_store, "load_checkpoint", watched)
    notices = []
    for name in (LAST, PREVIOUS, numbered_name(6)):
        damage(tmp_path / name)
    assert store.newest(notices.append).step == 5
    assert sorted(loaded) == sorted([LAST, PREVIOUS, numbered_name(6), numbered_name(5)])
    assert len(notices) == 4


def test_a_damaged_last_checkpoint_is_replaced_by_the_one_that_is_taken(store):
    damage(store.folder / LAST)
    assert store.newest(lambda _: None).step == 2
    assert load_checkpoint(store.folder / LAST).step == 2
    assert store.newest(pytest.fail).step == 2


def test_a_folder_of_damaged_checkpoints_is_never_taken_for_a_fresh_one(store):
    for name in (LAST, PREVIOUS, BEST):
        damage(store.folder / name)
    with pytest.raises(CorruptFileError, match="no checkpoint is intact"):
        store.newest(lambda text: None)
    (store.folder / LAST).unlink()
    with pytest.raises(CorruptFileError, match="no checkpoint is intact"):
        store.newest(lambda text: None)


def test_a_state_that_is_not_finite_changes_nothing_on_disk(store):
    before = contents(store.folder)
    checkpoint = small_checkpoint(4)
    checkpoint.state["learner"]["weights"]["layer.0"][0, 0] = float("nan")
    with pytest.raises(NumericalError):
        store.save(checkpoint)
    assert contents(store.folder) == before


@unix_only
def test_a_write_cut_off_at_a_hundred_places_changes_nothing_on_disk(store):
    import resource

    before = contents(store.folder)
    size, draw = len(before[LAST]), random.Random(3)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for offset in [0, 1, 7, 8, 9, size - 1] + [draw.randrange(size) for _ in range(94)]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (offset, hard))
        try:
            with pytest.raises(StorageError, match=r"cannot write .*last\.safetensors: File too large"):
                store.save(small_checkpoint(4))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert contents(store.folder) == before
    store.save(small_checkpoint(4))
    assert store.newest(pytest.fail).step == 4


def mount(folder, options):
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB, where this process may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0 or not mount(folder, "size=64k"):
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_changes_nothing_that_was_saved(small_disk):
    store = CheckpointStore(small_disk)
    store.save(small_checkpoint(1))
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as handle, pytest.raises(OSError, match="No space"):
        while True:
            handle.write(bytes(1024))
    before = contents(small_disk)
    with pytest.raises(StorageError, match="No space left on device"):
        store.save(small_checkpoint(2))
    assert contents(small_disk) == before
    filler.unlink()
    store.save(small_checkpoint(2))
    assert store.newest(pytest.fail).step == 2


def test_a_read_only_disk_is_one_clear_error(small_disk):
    store = CheckpointStore(small_disk)
    store.save(small_checkpoint(1))
    before = contents(small_disk)
    assert mount(small_disk, "remount,ro")
    with pytest.raises(StorageError, match="Read-only file system"):
        store.save(small_checkpoint(2))
    assert contents(small_disk) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root ignores folder permissions")
def test_a_folder_without_write_permission_is_one_clear_error(store):
    before = contents(store.folder)
    store.folder.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="Permission denied"):
            store.save(small_checkpoint(4))
    finally:
        store.folder.chmod(0o700)
    assert contents(store.folder) == before
