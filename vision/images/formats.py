"""Readers of the official files of CIFAR-10, CIFAR-100 and MNIST, and of folders of images, checked on read.

Formats: CIFAR binary version, https://www.cs.toronto.edu/~kriz/cifar.html; IDX, LeCun et al. 1998.
"""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

CIFAR_SIDE = 32
CIFAR_PIXELS = 3 * CIFAR_SIDE * CIFAR_SIDE
CIFAR10_TRAINING_BATCHES = 5
CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
IDX_UNSIGNED_BYTE = 0x08
CIFAR10_RECORDS = 10_000
CIFAR100_RECORDS = {"train": 50_000, "test": 10_000}
SIXTEEN_BITS, SIXTEEN_BIT_STEP = ("I;16", "I;16B"), 257  # which convert() would cut at 255
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm")


@dataclass(frozen=True)
class RawImages:
    """What a reader found: (N, C, H, W) uint8 images, (N,) labels, class names, a note on missing parts."""

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    note: str = ""


def read_cifar10(folder: Path, part: str) -> RawImages:
    """Read the test batch, or as many of the five training batches as there are, and say how many."""
    folder = _locate(folder, "cifar-10-batches-bin", "test_batch.bin")
    if part == "test":
        paths = [folder / "test_batch.bin"]
    else:
        wanted = [folder / f"data_batch_{number}.bin" for number in range(1, CIFAR10_TRAINING_BATCHES + 1)]
        paths = [path for path in wanted if path.is_file()]
        if not paths:
            raise FileNotFoundError(f"{folder} holds no data_batch_1.bin to data_batch_5.bin")
    records = np.concatenate([_cifar_records(path, label_bytes=1) for path in paths])
    _check_labels(records[:, 0], len(CIFAR10_CLASSES), folder)
    official = CIFAR10_RECORDS * (CIFAR10_TRAINING_BATCHES if part == "train" else 1)
    if part == "train" and len(paths) < CIFAR10_TRAINING_BATCHES:
        note = f"{len(paths)} of {CIFAR10_TRAINING_BATCHES} training batches found, {len(records)} images"
    else:
        note = _note_on_size(len(records), official, part)
    return RawImages(_cifar_images(records, 1), records[:, 0], CIFAR10_CLASSES, note)


def read_cifar100(folder: Path, part: str) -> RawImages:
    """Read train.bin or test.bin; the labels are the 100 fine ones."""
    folder = _locate(folder, "cifar-100-binary", f"{part}.bin")
    records = _cifar_records(folder / f"{part}.bin", label_bytes=2)
    _check_labels(records[:, 1], 100, folder)
    names = folder / "fine_label_names.txt"
    classes = tuple(names.read_text().split()) if names.is_file() else tuple(str(i) for i in range(100))
    if len(classes) != 100:
        raise ValueError(f"{names} names {len(classes)} classes: expected 100")
    note = _note_on_size(len(records), CIFAR100_RECORDS[part], part)
    return RawImages(_cifar_images(records, 2), records[:, 1], classes, note)


def read_mnist(folder: Path, part: str) -> RawImages:
    """Read the two gzipped IDX files of a part."""
    stem = "train" if part == "train" else "t10k"
    folder = _locate(folder, "mnist", f"{stem}-images-idx3-ubyte.gz")
    images = read_idx(folder / f"{stem}-images-idx3-ubyte.gz", dimensions=3)
    labels = read_idx(folder / f"{stem}-labels-idx1-ubyte.gz", dimensions=1)
    if len(images) != len(labels):
        raise ValueError(f"{folder}: {len(images)} {part} images but {len(labels)} labels")
    _check_labels(labels, 10, folder)
    return RawImages(images[:, None], labels, tuple(str(digit) for digit in range(10)))


def read_idx(path: Path, *, dimensions: int) -> np.ndarray:
    """Read a gzipped IDX file of unsigned bytes.

    Args:
        path: the file.
        dimensions: number of dimensions that it must have.

    Raises:
        ValueError: if it is no gzip, its magic number is wrong, or its length is not what the header says.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a whole gzip file: {error}") from error
    start = 4 + 4 * dimensions
    magic = bytes((0, 0, IDX_UNSIGNED_BYTE, dimensions))
    if len(content) < start or content[:4] != magic:
        raise ValueError(f"{path} starts with {content[:4].hex()}: expected the IDX magic {magic.hex()}")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", dimensions, offset=4))
    expected = start + int(np.prod(shape, dtype=np.uint64))
    if len(content) != expected:
        raise ValueError(f"{path} has {len(content)} bytes: its header {shape} wants {expected}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def read_folder(folder: Path, part: str) -> RawImages:
    """Read `folder/part/<class>/<image>`; all images must share one size; single-channel files stay so."""
    root = folder / part
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is not a folder: expected one folder of images for each class")
    classes = tuple(sorted(path.name for path in root.iterdir() if path.is_dir()))
    paths = [
        (path, label)
        for label, name in enumerate(classes)
        for path in sorted((root / name).iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES
    ]
    if not paths:
        raise FileNotFoundError(f"{root} holds no images: expected <class>/<image>{IMAGE_SUFFIXES[0]}")
    images = [_decode(path) for path, _ in paths]
    for (path, _), image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            raise ValueError(f"{path} is {image.shape}: expected {images[0].shape} (C, H, W) like the first")
    return RawImages(np.stack(images), np.array([label for _, label in paths]), classes)


def _decode(path: Path) -> np.ndarray:
    """Return one file as (C, H, W) uint8, C = 1 for grey images and 3 otherwise."""
    try:
        with Image.open(path) as image:
            if image.mode in ("I", "F"):
                raise ValueError(f"{path} has pixels of 32 bits: expected 8 or 16")
            grey = image.mode in ("1", "L", *SIXTEEN_BITS)
            if image.mode in SIXTEEN_BITS:
                pixels = np.rint(np.asarray(image) / SIXTEEN_BIT_STEP).astype(np.uint8)
            else:
                pixels = np.asarray(image.convert("L" if grey else "RGB"))
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"{path} is not a readable image: {error}") from error
    return pixels[None].copy() if grey else pixels.transpose(2, 0, 1).copy()


def _locate(folder: Path, official: str, file: str) -> Path:
    """Return `folder` or `folder/official`, whichever holds `file`."""
    for candidate in (folder, folder / official):
        if (candidate / file).is_file():
            return candidate
    raise FileNotFoundError(f"{folder} holds neither {file} nor {official}/{file}")


def _cifar_records(path: Path, *, label_bytes: int) -> np.ndarray:
    """Return the file as (N, label_bytes + 3072) uint8, one record a row."""
    content = np.fromfile(path, np.uint8)
    record = label_bytes + CIFAR_PIXELS
    if len(content) == 0 or len(content) % record:
        raise ValueError(f"{path} has {len(content)} bytes: expected a positive multiple of {record}")
    return content.reshape(-1, record)


def _note_on_size(found: int, official: int, part: str) -> str:
    return "" if found == official else f"{found:,} {part} images found, the official files have {official:,}"


def _cifar_images(records: np.ndarray, label_bytes: int) -> np.ndarray:
    """Return the pixels of CIFAR records as (N, 3, 32, 32) uint8; a record stores R, G and B planes."""
    return np.ascontiguousarray(records[:, label_bytes:]).reshape(-1, 3, CIFAR_SIDE, CIFAR_SIDE)


def _check_labels(labels: np.ndarray, classes: int, source: Path) -> None:
    """Refuse labels outside [0, classes)."""
    if len(labels) and labels.max() >= classes:
        raise ValueError(f"{source} has label {labels.max()}: expected 0 to {classes - 1}")
