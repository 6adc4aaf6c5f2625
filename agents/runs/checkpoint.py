"""The one checkpoint format: a safetensors file that carries its own origin and the SHA-256 of all its bytes.

The metadata of the file holds `format`, `kind`, `config`, `step`, `versions`, `state` (the outline of
`agents/runs/state_tree.py`; all JSON) and `sha256`: the digest of the whole file, taken with zeros in the
digest's own place. So names, dtypes, shapes, values and metadata are all covered, down to the padding, and
any safetensors reader can still open the file. Nothing is ever unpickled.
"""

import hashlib
import json
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from agents.runs.errors import CorruptFileError, StorageError
from agents.runs.segments import SEGMENTS_NAME, described_digests
from agents.runs.state_tree import Outline, dump_json, flatten, load_json, unflatten

if TYPE_CHECKING:
    import torch

FORMAT = 1
MAX_HEADER_BYTES = 8 * 2**20  # the header is parsed before its origin is known
_LENGTH_BYTES = 8
_ZEROS = b"0" * 64
_DIGEST = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_FIELDS = ("kind", "config", "step", "versions", "state")


@dataclass(frozen=True)
class Checkpoint:
    """A learner at rest.

    Args:
        kind: Kind of learner, a row of `agents.runs.kinds`.
        config: The kind's config as plain JSON values.
        step: Intervals completed.
        versions: Package -> version that wrote it.
        state: Nested state (see `agents.runs.learner.Learner.state_dict`).
    """

    kind: str
    config: dict[str, Any]
    step: int
    versions: dict[str, str]
    state: Any


class Document(NamedTuple):
    """A file's content between the bytes and the `Checkpoint`: what migrations work on."""

    fields: dict[str, Outline]
    tensors: dict[str, "torch.Tensor"]


MIGRATIONS: dict[int, Callable[[Document], Document]] = {}
"""Old format number -> function that turns such a document into one of the next number."""


def encode(checkpoint: Checkpoint) -> list[bytes | memoryview]:
    """Turns a checkpoint into the bytes of a file, in parts; the same checkpoint always into the same bytes.

    Raises:
        NumericalError: A weight or another number is not finite.
        TypeError, ValueError: The state cannot be stored (see `agents.runs.state_tree.flatten`).
    """
    import safetensors.torch

    outline, tensors = flatten(checkpoint.state)
    fields = {name: getattr(checkpoint, name) for name in _FIELDS[:-1]} | {"state": outline}
    metadata = {name: dump_json(value) for name, value in fields.items()}
    metadata |= {"format": str(FORMAT), "sha256": _ZEROS.decode()}
    content = memoryview(safetensors.torch.save(tensors, metadata))
    stop = _header_stop(content)
    header = memoryview(_header(json.loads(bytes(content[_LENGTH_BYTES:stop])), metadata))
    if len(header) > MAX_HEADER_BYTES:
        raise ValueError(f"the outline of the state has {len(header)} bytes: keep long lists as arrays")
    start = _digest_start(header, len(header))
    before, after = header[:start], header[start + len(_ZEROS) :]
    return [before, _digest(before, after, content[stop:]).encode(), after, content[stop:]]


def load_checkpoint(path: Path, content: bytes | None = None) -> Checkpoint:
    """Reads a checkpoint and checks every byte of it; segments that it refers to are read when first used.

    Args:
        path: The file.
        content: Of the file, if it lies on another machine; segments are then out of reach.

    Raises:
        CorruptFileError: The file is damaged, hostile or of a newer format.
        StorageError: The file cannot be read.
    """
    verified = read_verified(path) if content is None else _verified(content, path)
    try:
        document, number = _parse(verified)
        document = _migrate(document, number)
        return _assemble(document, path.parent / SEGMENTS_NAME)
    except CorruptFileError as error:
        raise CorruptFileError(f"{path}: {error}") from error


def read_kind(path: Path) -> str:
    """Kind that a checkpoint says it is of, from its header alone, before anything heavy is loaded.

    Raises:
        CorruptFileError: The file has no checkpoint header.
        StorageError: The file cannot be read.
    """
    kind = _header_field(path, "kind")
    if not isinstance(kind, str):
        raise CorruptFileError(f"{path}: kind: got a {type(kind).__name__}, expected a str")
    return kind


def read_step(path: Path) -> int:
    """Intervals that a checkpoint says were completed, from its header alone.

    Raises:
        CorruptFileError: The file has no checkpoint header.
        StorageError: The file cannot be read.
    """
    step = _header_field(path, "step")
    if type(step) is not int:
        raise CorruptFileError(f"{path}: step: got a {type(step).__name__}, expected an int")
    return step


def read_outlines(path: Path) -> tuple[Outline, Outline]:
    """Config of a checkpoint and the outline of its state (`state_tree.flatten`), from its header alone.

    Raises:
        CorruptFileError: The file has no checkpoint header.
        StorageError: The file cannot be read.
    """
    return _header_field(path, "config"), _header_field(path, "state")


def read_segment_digests(path: Path) -> set[str]:
    """Digests of the segments that a checkpoint refers to, from its header alone.

    Raises:
        CorruptFileError: The file has no checkpoint header.
        StorageError: The file cannot be read.
    """
    return set(described_digests(_header_field(path, "state")))


def _header_field(path: Path, name: str) -> Outline:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CorruptFileError(f"{path}: is not a plain file")
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            header = file.read(length) if length <= MAX_HEADER_BYTES else b""
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        return load_json(load_json(header, "the header")["__metadata__"][name], name)
    except (CorruptFileError, KeyError, TypeError) as error:
        raise CorruptFileError(f"{path}: has no checkpoint header") from error


def read_verified(path: Path) -> bytes:
    """Reads a checkpoint's bytes and checks the digest.

    Raises:
        CorruptFileError: The bytes are not those that were written.
        StorageError: The file cannot be read.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise CorruptFileError(f"{path}: is not a plain file")
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    except MemoryError as error:
        raise CorruptFileError(f"{path}: does not fit into memory") from error
    return _verified(content, path)


def _verified(content: bytes, path: Path) -> bytes:
    try:
        view = memoryview(content)
        start = _digest_start(view, _header_stop(view))
        stop = start + len(_ZEROS)
        if _digest(view[:start], view[stop:]).encode() != content[start:stop]:
            raise CorruptFileError("the SHA-256 does not fit the content")
    except CorruptFileError as error:
        raise CorruptFileError(f"{path}: {error}") from error
    return content


def _header(entries: dict[str, Any], metadata: dict[str, str]) -> bytes:
    """A file's bytes before the tensors', with `metadata` in its own order: safetensors shuffles it."""
    entries = entries | {"__metadata__": metadata}
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _LENGTH_BYTES)
    return len(text).to_bytes(_LENGTH_BYTES, "little") + text


def _header_stop(content: memoryview) -> int:
    length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    if len(content) < _LENGTH_BYTES or not 0 < length <= len(content) - _LENGTH_BYTES:
        raise CorruptFileError("is not a whole safetensors file")
    return _LENGTH_BYTES + length


def _digest_start(content: memoryview, header_stop: int) -> int:
    places = [match.start(1) for match in _DIGEST.finditer(content[:header_stop])]
    if header_stop > MAX_HEADER_BYTES or len(places) != 1:
        raise CorruptFileError("has no checkpoint header")
    return places[0]


def _digest(before: memoryview, *after: memoryview) -> str:
    digest = hashlib.sha256(before)
    digest.update(_ZEROS)
    for part in after:
        digest.update(part)
    return digest.hexdigest()


def _parse(content: bytes) -> tuple[Document, int]:
    import safetensors
    import safetensors.torch

    try:
        tensors = safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CorruptFileError(f"is not a valid safetensors file ({error})") from error
    header = load_json(content[_LENGTH_BYTES : _header_stop(memoryview(content))], "the header")
    metadata = header["__metadata__"]
    number = load_json(metadata.get("format", "null"), "the format number")
    if isinstance(number, bool) or not isinstance(number, int) or number > FORMAT:
        raise CorruptFileError(
            f"format: got {str(number)[:20]}, expected a number up to {FORMAT}; is it of a newer version?"
        )
    names = metadata.keys() - {"format", "sha256"}
    return Document({name: load_json(metadata[name], name) for name in names}, tensors), number


def _migrate(document: Document, number: int) -> Document:
    while number < FORMAT:
        if number not in MIGRATIONS:
            raise CorruptFileError(f"format: got {number}, which this version can no longer read")
        document = MIGRATIONS[number](document)
        number += 1
    return document


def _assemble(document: Document, segments: Path) -> Checkpoint:
    fields = document.fields
    if fields.keys() != set(_FIELDS):
        raise CorruptFileError(f"got the fields {sorted(fields)}, expected {sorted(_FIELDS)}")
    kinds = {"kind": str, "config": dict, "step": int, "versions": dict}
    for name, expected in kinds.items():
        if type(fields[name]) is not expected:
            raise CorruptFileError(
                f"{name}: got a {type(fields[name]).__name__}, expected a {expected.__name__}"
            )
    if fields["step"] < 0:
        raise CorruptFileError(f"step: got {fields['step']}, expected at least 0")
    state = unflatten(fields["state"], document.tensors, segments)
    return Checkpoint(fields["kind"], fields["config"], fields["step"], fields["versions"], state)
