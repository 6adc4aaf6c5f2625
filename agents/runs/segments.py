"""Arrays that never change again, each in a file of its own, named by its SHA-256: stored once, referred to
by every checkpoint.

A checkpoint of a run that gathers data (replay images) would grow with the run; instead the finished part of
the data is sealed in segments. A file is the array's bytes alone; dtype and shape are in the checkpoint. Its
name is the digest of all three, so that a file is right or recognisably wrong, and equal arrays share one.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.runs.atomic import discard_strays, publish, stage
from agents.runs.errors import CorruptFileError, StorageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEGMENTS_NAME = "segments"
SUFFIX = ".segment"
_DTYPES = ("uint8", "int64")  # no floats: a checkpoint's numbers are checked to be finite
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Segment:
    """An array that is sealed: in memory, or in a file until it is first used.

    A state (`agents.runs.learner.Learner.state_dict`) may hold it as a leaf.
    """

    def __init__(self, array: "NDArray") -> None:
        """Seals an array, which nobody can write to afterwards.

        Raises:
            TypeError: The dtype cannot be stored.
        """
        import numpy as np

        self._array: NDArray | None = np.ascontiguousarray(array)
        self._array.flags.writeable = False
        array.flags.writeable = False
        self.dtype, self.shape = self._array.dtype.name, tuple(self._array.shape)
        if self.dtype not in _DTYPES:
            raise TypeError(f"segment: got an array of {self.dtype}, expected one of {_DTYPES}")
        self._digest = ""
        self._path: Path | None = None

    @classmethod
    def described(cls, description: Any, folder: Path | None) -> "Segment":
        """A segment whose file lies in `folder`, by what `description` gave.

        Raises:
            ValueError: The description is malformed, or there is no folder.
        """
        digest, dtype, shape = description
        whole = type(shape) is list and all(type(size) is int and size >= 0 for size in shape)
        if folder is None or type(digest) is not str or not _DIGEST.fullmatch(digest) or not whole:
            raise ValueError(f"malformed segment {str(description)[:100]}")
        if dtype not in _DTYPES:
            raise ValueError(f"segment of dtype {str(dtype)[:20]}")
        segment = cls.__new__(cls)
        segment.dtype, segment.shape = dtype, tuple(shape)
        segment._array, segment._digest, segment._path = None, digest, folder / (digest + SUFFIX)
        return segment

    @property
    def digest(self) -> str:
        """SHA-256 over dtype, shape and bytes."""
        if not self._digest:
            self._digest = self._measure(self.array)
        return self._digest

    @property
    def array(self) -> "NDArray":
        """The array, read and checked at the first use.

        Raises:
            CorruptFileError: The file is not what was written.
            StorageError: It cannot be read.
        """
        if self._array is None:
            self._array = self._read()
        return self._array

    def description(self) -> list[Any]:
        """What a checkpoint holds in its place, as JSON values."""
        return [self.digest, self.dtype, list(self.shape)]

    def store(self, folder: Path) -> None:
        """Writes the file into a folder, unless it is there.

        Raises:
            StorageError: The file cannot be written.
        """
        target = folder / (self.digest + SUFFIX)
        if self._path == target or target.exists():
            return
        publish(stage(target, [memoryview(self.array).cast("B")] if self.array.size else []), target)
        self._path = target

    def _read(self) -> "NDArray":
        import numpy as np

        try:
            content = np.fromfile(self._path, np.uint8)
        except OSError as error:
            raise StorageError(f"cannot read {self._path}: {error.strerror or error}") from error
        if content.size != math.prod(self.shape) * np.dtype(self.dtype).itemsize:
            raise CorruptFileError(f"{self._path}: got {content.size} bytes, expected another number")
        array = content.view(self.dtype).reshape(self.shape)
        if self._measure(array) != self._digest:
            raise CorruptFileError(f"{self._path}: the SHA-256 does not fit the content")
        array.flags.writeable = False
        return array

    def _measure(self, array: "NDArray") -> str:
        digest = hashlib.sha256(json.dumps([self.dtype, list(self.shape)]).encode())
        digest.update(memoryview(array).cast("B") if array.size else b"")
        return digest.hexdigest()


def segments_of(state: Any) -> Iterator[Segment]:
    """The segments of a nested state."""
    if isinstance(state, Segment):
        yield state
    elif isinstance(state, (Mapping, list, tuple)):
        for value in state.values() if isinstance(state, Mapping) else state:
            yield from segments_of(value)


def described_digests(outline: Any) -> Iterator[str]:
    """The digests of the segments of a state's outline (`agents.runs.state_tree.Outline`)."""
    if isinstance(outline, list):
        for value in outline:
            yield from described_digests(value)
    elif isinstance(outline, dict):
        for mark, value in outline.items():
            if mark == "$segment":
                yield str(value[0])
            else:
                yield from described_digests(value)


def store_all(folder: Path, segments: Iterable[Segment]) -> None:
    """Writes the files of segments that are not in the folder yet; makes the folder if there are any.

    Raises:
        StorageError: A file cannot be written.
    """
    for segment in segments:
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot make {folder}: {error.strerror or error}") from error
        segment.store(folder)


def discard_others(folder: Path, keep: set[str]) -> None:
    """Removes the files of all segments but those of these digests, and half-written ones.

    Raises:
        StorageError: A file cannot be removed.
    """
    if not folder.is_dir():
        return
    discard_strays(folder)
    for file in folder.glob(f"*{SUFFIX}"):
        if file.name.removesuffix(SUFFIX) not in keep:
            try:
                file.unlink()
            except OSError as error:
                raise StorageError(f"cannot remove {file}: {error.strerror or error}") from error
