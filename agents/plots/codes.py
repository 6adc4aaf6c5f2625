"""What an autoencoder makes of images: reconstructions, interpolations, and what its prior imagines.

Shape letters: N images, D code, S image side.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agents.plots.picture_grid import draw_grid

SCALE = 2
SAMPLES_ABREAST = 8
STEPS = 7
"""Codes of an interpolation, its two ends included."""


class Codec(Protocol):
    """Images to codes and back; `agents.rig.representation.LatentRepresentation` is one."""

    def encode(self, observations: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N, S, S, 3] to [N, D]."""
        ...

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """[N, D] to [N, S, S, 3]."""
        ...


def draw_reconstructions(codec: Codec, images: NDArray[np.uint8]) -> Image.Image:
    """Images [N, S, S, 3] above what their codes decode to."""
    pairs = np.stack([images, codec.decode(codec.encode(images))])
    return draw_grid(pairs, rows=("image", "decoded"), scale=SCALE)


def draw_interpolations(codec: Codec, images: NDArray[np.uint8], others: NDArray[np.uint8]) -> Image.Image:
    """One row a pair: an image, the way from its code to the other's in even steps, and the other image."""
    shares = np.linspace(0.0, 1.0, STEPS, dtype=np.float32)[:, None]
    rows = []
    codes = zip(codec.encode(images), codec.encode(others), strict=True)
    for image, other, (first, last) in zip(images, others, codes, strict=True):
        way = codec.decode((1 - shares) * first + shares * last)
        rows.append(np.concatenate([image[None], way, other[None]]))
    columns = ["image", *(f"{share:.0%}" for share in shares[:, 0]), "image"]
    return draw_grid(np.stack(rows), columns=columns, scale=SCALE)


def draw_samples(codec: Codec, codes: NDArray[np.float32]) -> Image.Image:
    """What codes [N, D] decode to, N a multiple of `SAMPLES_ABREAST`."""
    images = codec.decode(codes)
    return draw_grid(images.reshape(-1, SAMPLES_ABREAST, *images.shape[1:]), scale=SCALE)
