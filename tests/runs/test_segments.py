"""Laws of segments: stored once, checked when read, gone when nobody refers to them."""

import numpy as np
import pytest

from agents.runs.checkpoint import Checkpoint, load_checkpoint
from agents.runs.checkpoint_store import BEST, LAST, PREVIOUS, CheckpointStore, numbered_name
from agents.runs.errors import CorruptFileError, StorageError
from agents.runs.segments import SEGMENTS_NAME, Segment


def checkpoint(step, *arrays):
    state = {"learner": {"images": [Segment(array) for array in arrays]}, "run": {"step": step}}
    return Checkpoint("tiny", {}, step, {}, state)


def image(value):
    return np.full((3, 16, 16, 3), value, np.uint8)


def files(store):
    return sorted((store.folder / SEGMENTS_NAME).glob("*"))


def loaded(store, name=LAST):
    return [segment.array for segment in load_checkpoint(store.folder / name).state["learner"]["images"]]


def test_a_saved_segment_comes_back_sealed(tmp_path):
    store = CheckpointStore(tmp_path)
    arrays = [image(7), np.arange(5), np.zeros((0, 2), np.uint8)]
    store.save(checkpoint(1, *arrays))
    found = loaded(store)
    assert all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(found, arrays, strict=True))
    for array in (*arrays, *found):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 1


def test_growing_data_is_written_once(tmp_path):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1, image(1)))
    (first,) = files(store)
    before = first.stat().st_mtime_ns, first.stat().st_ino
    store.save(checkpoint(2, image(1), image(2)))
    assert (first.stat().st_mtime_ns, first.stat().st_ino) == before
    assert len(files(store)) == 2
    small = (tmp_path / LAST).stat().st_size
    store.save(checkpoint(3, *(image(value) for value in range(40))))
    assert (tmp_path / LAST).stat().st_size - small < 40 * 150 < 40 * image(0).nbytes


def test_segments_stay_as_long_as_any_kept_checkpoint_refers_to_them(tmp_path):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(0, image(0)), more=(numbered_name(0),))
    store.save(checkpoint(1, image(1)), more=(BEST,))
    store.save(checkpoint(2, image(2)))
    store.save(checkpoint(3, image(3)))
    store.save(checkpoint(4, image(4)))
    assert len(files(store)) == 4
    for name, value in ((numbered_name(0), 0), (BEST, 1), (PREVIOUS, 3), (LAST, 4)):
        assert np.array_equal(loaded(store, name)[0], image(value))


def test_nothing_is_removed_while_a_checkpoint_cannot_tell_its_segments(tmp_path):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1, image(1)), more=(BEST,))
    (tmp_path / BEST).write_bytes(b"damaged")
    for step in (2, 3, 4):
        store.save(checkpoint(step, image(step)))
    assert len(files(store)) == 4


def test_a_resaved_checkpoint_keeps_the_files_it_was_read_from(tmp_path):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1, image(1)))
    again = load_checkpoint(tmp_path / LAST)
    store.save(Checkpoint(again.kind, again.config, 2, again.versions, again.state))
    assert len(files(store)) == 1 and np.array_equal(loaded(store)[0], image(1))


@pytest.mark.parametrize("damage", ["flip", "cut", "grow"])
def test_a_damaged_segment_is_recognised_at_its_first_use(tmp_path, damage):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1, image(1)))
    (path,) = files(store)
    content = path.read_bytes()
    path.write_bytes({"flip": b"\x00" + content[1:], "cut": content[1:], "grow": content + b"\x01"}[damage])
    (segment,) = load_checkpoint(tmp_path / LAST).state["learner"]["images"]
    with pytest.raises(CorruptFileError, match=r"\.segment"):
        _ = segment.array


def test_a_missing_segment_is_a_storage_error(tmp_path):
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1, image(1)))
    files(store)[0].unlink()
    (segment,) = load_checkpoint(tmp_path / LAST).state["learner"]["images"]
    with pytest.raises(StorageError, match="cannot read"):
        _ = segment.array


@pytest.mark.parametrize(
    "description",
    [
        ["../../etc/passwd", "uint8", [1]],
        ["0" * 64, "object", [1]],
        ["0" * 64, "uint8", [-1]],
        ["0" * 64, "uint8", [True]],
        ["0" * 64, "uint8", "12"],
        ["0" * 64, "uint8"],
        7,
    ],
)
def test_hostile_descriptions_are_refused(tmp_path, description):
    with pytest.raises((ValueError, TypeError)):
        Segment.described(description, tmp_path)


def test_floats_are_not_sealed():
    with pytest.raises(TypeError, match="float32"):
        Segment(np.zeros(3, np.float32))


def test_equal_bytes_of_another_shape_are_another_segment():
    assert Segment(np.zeros((2, 3), np.uint8)).digest != Segment(np.zeros((3, 2), np.uint8)).digest
