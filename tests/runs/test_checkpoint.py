"""The checkpoint format keeps every bit and notices every damage."""

import random
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from agents.runs import checkpoint as module
from agents.runs.checkpoint import FORMAT, Document, load_checkpoint
from agents.runs.errors import CorruptFileError, NumericalError, StorageError
from tests.runs.checkpoints import content_of, same, small_checkpoint


def write(path, content):
    path.write_bytes(content)
    return path


def is_refused(path, content):
    try:
        load_checkpoint(write(path, content))
    except CorruptFileError:
        return True
    return False


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path):
    saved = small_checkpoint()
    loaded = load_checkpoint(write(tmp_path / "c", content_of(saved)))
    assert same(saved.state, loaded.state)
    assert replace(saved, state=None) == replace(loaded, state=None)


def test_the_same_checkpoint_always_has_the_same_bytes():
    assert len({content_of(small_checkpoint()) for _ in range(20)}) == 1


def test_any_safetensors_reader_opens_a_checkpoint():
    weights = safetensors.torch.load(content_of(small_checkpoint()))["state/learner/weights/layer.0"]
    assert torch.equal(weights, small_checkpoint().state["learner"]["weights"]["layer.0"])


def test_two_thousand_bit_flips_are_all_noticed(tmp_path):
    content, draw = content_of(small_checkpoint()), random.Random(1)
    for _ in range(2000):
        flipped = bytearray(content)
        flipped[draw.randrange(len(flipped))] ^= 1 << draw.randrange(8)
        assert is_refused(tmp_path / "c", flipped)


@pytest.mark.slow
def test_every_single_bit_of_the_file_matters(tmp_path):
    content = content_of(small_checkpoint())
    for bit in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        assert is_refused(tmp_path / "c", flipped), f"bit {bit}"


def test_truncations_zeroed_blocks_and_additions_are_all_noticed(tmp_path):
    content, draw = content_of(small_checkpoint()), random.Random(2)
    damaged = [content[: draw.randrange(len(content))] for _ in range(500)] + [
        b"",
        content + b"\0",
        content * 2,
    ]
    while len(damaged) < 603:
        start, length = draw.randrange(len(content)), draw.randrange(1, 512)
        zeroed = content[:start] + bytes(min(length, len(content) - start)) + content[start + length :]
        damaged += [zeroed] if zeroed != content else []
    for candidate in damaged:
        assert is_refused(tmp_path / "c", candidate)


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), -float("inf")])
def test_a_tensor_that_is_not_finite_is_never_encoded(poison):
    checkpoint = small_checkpoint()
    checkpoint.state["learner"]["weights"]["layer.0"][3, 2] = poison
    with pytest.raises(NumericalError, match=r"layer\.0: not every number is finite"):
        content_of(checkpoint)


@pytest.mark.parametrize(
    ("leaf", "problem"),
    [
        ({1, 2}, "cannot store a set"),
        (b"bytes", "cannot store a bytes"),
        (np.array([object()]), "array of object"),
        (np.zeros(2, dtype=[("a", "f8")]), "expected one of"),
        (np.zeros(2, dtype=">f8"), "expected one of"),
        (torch.zeros(2, dtype=torch.complex128), "complex128"),
        (torch.zeros(2, 2).to_sparse(), "expected a dense one"),
        ({2.5: 1}, "expected a string or a whole number"),
    ],
)
def test_what_cannot_be_stored_is_named(leaf, problem):
    checkpoint = small_checkpoint()
    checkpoint.state["learner"]["odd"] = leaf
    with pytest.raises(TypeError, match=problem) as caught:
        content_of(checkpoint)
    assert "learner/odd" in str(caught.value)


def test_tied_tensors_are_refused_and_neighbours_in_one_storage_are_not():
    whole = torch.arange(6.0)
    checkpoint = small_checkpoint()
    checkpoint.state["learner"] = {"a": whole[:3], "b": whole[3:], "c": torch.zeros(0)}
    content_of(checkpoint)
    checkpoint.state["learner"]["tied"] = whole[2:4]
    with pytest.raises(ValueError, match="shares memory with state/learner/"):
        content_of(checkpoint)


def test_very_deep_states_are_refused():
    checkpoint = small_checkpoint()
    for _ in range(100):
        checkpoint.state["learner"] = [checkpoint.state["learner"]]
    with pytest.raises(ValueError, match="nested deeper than"):
        content_of(checkpoint)


def test_a_newer_format_is_refused_and_an_old_one_migrates_by_number(tmp_path, monkeypatch):
    path = write(tmp_path / "c", content_of(small_checkpoint()))
    monkeypatch.setattr(module, "FORMAT", FORMAT + 1)
    newer = write(tmp_path / "newer", content_of(small_checkpoint()))
    with pytest.raises(CorruptFileError, match="can no longer read"):
        load_checkpoint(path)

    def rename_kind(document: Document) -> Document:
        return document._replace(fields=document.fields | {"kind": "renamed"})

    monkeypatch.setitem(module.MIGRATIONS, FORMAT, rename_kind)
    assert load_checkpoint(path).kind == "renamed"
    assert load_checkpoint(newer).kind == "tiny"
    monkeypatch.setattr(module, "FORMAT", FORMAT)
    with pytest.raises(CorruptFileError, match="is it of a newer version"):
        load_checkpoint(newer)


def test_a_missing_file_a_folder_and_a_link_are_not_checkpoints(tmp_path):
    with pytest.raises(StorageError, match="cannot read"):
        load_checkpoint(tmp_path / "absent")
    with pytest.raises(CorruptFileError, match="not a plain file"):
        load_checkpoint(tmp_path)
    write(tmp_path / "c", content_of(small_checkpoint()))
    (tmp_path / "link").symlink_to(tmp_path / "c")
    with pytest.raises(CorruptFileError, match="not a plain file"):
        load_checkpoint(tmp_path / "link")
