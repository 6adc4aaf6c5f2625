"""What a family is given to build a trunk from, and what it gives back."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from vision.images.model_config import RegularizerConfig


@dataclass(frozen=True)
class TrunkOptions:
    """Image channels, the residual regularizer, and the generator of the weights."""

    in_channels: int
    regularizer: RegularizerConfig
    generator: torch.Generator


class Trunk(NamedTuple):
    """A module from images (B, C, H, W) to feature maps (B, features, H', W')."""

    module: nn.Module
    features: int
