"""How training images are varied and normalised: configs of `vision.images.augment`."""

import math
from dataclasses import dataclass
from typing import Literal

from vision.checks import require


@dataclass(frozen=True)
class AugmentConfig:
    """How training images are varied.

    Attributes:
        crop_padding: pixels added on every side before a random crop to the old size; 0 means no crop.
        padding: what the added pixels hold: black, or the mirrored image.
        flip: mirror left and right with probability one half.
        cutout: side of the square that is set to the mean, in pixels; 0 means none.
        cutout_inside: keep the whole square inside the image instead of clipping it at the border.
        erase_probability: chance of a random rectangle of noise per image, in [0, 1].
        erase_area: smallest and largest share of the image that is erased.
        erase_aspect: smallest height / width of the rectangle; the largest is its inverse.
    """

    crop_padding: int = 4
    padding: Literal["zero", "reflect"] = "zero"
    flip: bool = True
    cutout: int = 0
    cutout_inside: bool = False
    erase_probability: float = 0.0
    erase_area: tuple[float, float] = (0.02, 0.4)
    erase_aspect: float = 0.3

    def __post_init__(self) -> None:
        require(self.crop_padding >= 0, self, "crop_padding", "at least 0 pixels")
        require(self.padding in ("zero", "reflect"), self, "padding", "'zero' or 'reflect'")
        require(self.cutout >= 0, self, "cutout", "at least 0 pixels")
        require(0 <= self.erase_probability <= 1, self, "erase_probability", "a number in [0, 1]")
        low, high = self.erase_area
        require(0 < low <= high < 1, self, "erase_area", "0 < smallest <= largest < 1")
        require(0 < self.erase_aspect <= 1, self, "erase_aspect", "a number in (0, 1]")


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation of each channel, in units of 0 to 1."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def __post_init__(self) -> None:
        positive = all(0 < value < math.inf for value in self.deviation)
        require(
            positive and len(self.deviation) == len(self.mean), self, "deviation", "one above 0 per channel"
        )
