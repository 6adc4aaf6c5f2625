"""Image files as goals: read, cut square and scaled to what an agent sees."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agents.runs.errors import ConfigError, StorageError

LARGEST = 8192
"""pixels of the longer edge."""


class GoalImage(NamedTuple):
    """A goal as an agent sees it.

    Args:
        image: [S, S, 3] uint8.
        change: what had to be done to the file's image; empty for nothing.
    """

    image: NDArray[np.uint8]
    change: str


def read_goal_image(path: Path, size: int) -> GoalImage:
    """An image file as a goal of `size` x `size` pixels.

    What is not square loses its edges evenly; then boxes of pixels are averaged, or enlarged bilinearly.

    Raises:
        ConfigError: the file is no image, or is too large.
        StorageError: the file cannot be read.
    """
    try:
        with Image.open(path) as file:
            if max(file.size) > LARGEST:
                raise ConfigError(f"goal_image: got {file.size} pixels, expected at most {LARGEST} an edge")
            picture = file.convert("RGB")
    except (Image.UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"goal_image: got {path}, which is not an image ({error})") from error
    except OSError as error:
        if error.errno is None:  # how a truncated image is told
            raise ConfigError(f"goal_image: got {path}, which is not a whole image ({error})") from error
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    width, height = picture.size
    side = min(width, height)
    changes = []
    if width != height:
        left, top = (width - side) // 2, (height - side) // 2
        picture = picture.crop((left, top, left + side, top + side))
        changes.append(f"cut to {side}x{side}")
    if side != size:
        way = Image.Resampling.BOX if side > size else Image.Resampling.BILINEAR
        picture = picture.resize((size, size), way)
        changes.append(f"scaled to {size}x{size}")
    change = f"goal image of {width}x{height} pixels {' and '.join(changes)}" if changes else ""
    return GoalImage(np.array(picture, dtype=np.uint8), change)
