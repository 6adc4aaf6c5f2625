"""Convolutional encoders and decoders between small images and vectors (Nair et al. 2018; Finn et al. 2016).

B batch, C image channels, S image side, F features of the encoder's output, D latent.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vision.images.networks.layers import convolution, linear, transposed_convolution
from vision.images.networks.residual import basic, residual_tower


@dataclass(frozen=True)
class Codec:
    """Unpadded convolutions down from an image, and the transposed ones that lead exactly back up.

    Attributes:
        widths, kernels, strides: of the encoder's convolutions, first to last.
        back_kernels: of the decoder's transposed convolutions, which run through the strides backwards.
        grid: side of the smallest feature map.
    """

    widths: tuple[int, ...]
    kernels: tuple[int, ...]
    strides: tuple[int, ...]
    back_kernels: tuple[int, ...]
    grid: int

    @property
    def features(self) -> int:
        """Length of the flattened smallest feature map."""
        return self.widths[-1] * self.grid**2


POINT_SHARPNESS = 4.0
"""Factor of the maps whose soft argmax are feature points. Without it the first points are all near the
middle, and those of small things are found late or never."""
POINT_WIDTH = 16
"""Channels of the maps on the way to feature points."""

CODECS: dict[int, Codec] = {  # by image side in pixels
    48: Codec((16, 32, 64), (5, 3, 3), (3, 2, 2), (3, 3, 6), 3),
    84: Codec((16, 32, 32), (5, 5, 5), (3, 3, 3), (5, 6, 6), 2),
}


def codec_for(side: int) -> Codec:
    """The codec of square images of `side` pixels.

    Raises:
        ValueError: on a side without one.
    """
    if side not in CODECS:
        raise ValueError(f"image side is {side}; expected one of {tuple(CODECS)}")
    return CODECS[side]


def convolutional_trunk(
    side: int,
    in_channels: int,
    *,
    last_width: int | None = None,
    residual_blocks: int = 0,
    generator: torch.Generator,
) -> nn.Sequential:
    """Convolution, norm and ReLU at each of the codec's levels, from (B, C, S, S) to (B, width, grid, grid).

    Args:
        side: S.
        in_channels: C.
        last_width: channels of the last level; the codec's own where not given.
        residual_blocks: residual blocks after each level.
        generator: draws the weights.
    """
    codec = codec_for(side)
    widths = (*codec.widths[:-1], codec.widths[-1] if last_width is None else last_width)
    modules: list[nn.Module] = []
    for width, kernel, stride in zip(widths, codec.kernels, codec.strides, strict=True):
        modules += [
            convolution(in_channels, width, kernel=kernel, stride=stride, padding=0, generator=generator),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        if residual_blocks:
            modules.append(residual_tower(width, [basic(width)] * residual_blocks, generator=generator))
        in_channels = width
    return nn.Sequential(*modules)


class ConvolutionalEncoder(nn.Module):
    """Images to vectors: the trunk, flattened, and a linear map."""

    def __init__(
        self,
        side: int,
        in_channels: int,
        latent: int,
        *,
        residual_blocks: int = 0,
        generator: torch.Generator,
    ) -> None:
        """Encodes (B, in_channels, side, side) images as (B, latent)."""
        super().__init__()
        self.trunk = convolutional_trunk(
            side, in_channels, residual_blocks=residual_blocks, generator=generator
        )
        self.head = linear(codec_for(side).features, latent, generator=generator)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) floating in [0, 1] to (B, D)."""
        return self.head(self.trunk(images).flatten(1))


def spatial_soft_argmax(maps: Tensor) -> Tensor:
    """Expected position under each map's softmax.

    Args:
        maps: (B, P, H, W) floating.

    Returns:
        (B, 2 P): x of all P points, -1 in the leftmost column to 1 in the rightmost, then y, top to bottom.
    """
    height, width = maps.shape[-2:]
    weights = maps.flatten(2).softmax(dim=-1).unflatten(-1, (height, width))
    across = torch.linspace(-1.0, 1.0, width, dtype=maps.dtype, device=maps.device)
    down = torch.linspace(-1.0, 1.0, height, dtype=maps.dtype, device=maps.device)
    return torch.cat((weights.sum(-2) @ across, weights.sum(-1) @ down), dim=1)


class SpatialEncoder(nn.Module):
    """Images to the positions of feature points: the trunk's last maps by soft argmax, no further layer."""

    def __init__(self, side: int, in_channels: int, latent: int, *, generator: torch.Generator) -> None:
        """Encodes (B, in_channels, side, side) images as (B, latent), latent / 2 points.

        Raises:
            ValueError: where latent is odd.
        """
        super().__init__()
        if latent % 2:
            raise ValueError(f"latent is {latent}; expected an even number, x and y of each feature point")
        trunk = convolutional_trunk(side, in_channels, last_width=latent // 2, generator=generator)
        self.trunk = trunk[:-2]  # the maps' logits, before their norm and ReLU

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) floating in [0, 1] to (B, D), each in [-1, 1]."""
        return spatial_soft_argmax(self.trunk(images))


class PointEncoder(nn.Module):
    """Images to vectors by way of where things are: a linear map of the positions of feature points.

    The points come from maps of half the image's side, so that a thing may be a few pixels small and its
    position is known to a fraction of a pixel; after Finn et al. (2016), whose points these are.
    """

    def __init__(self, in_channels: int, latent: int, *, points: int, generator: torch.Generator) -> None:
        """Encodes (B, in_channels, S, S) as (B, latent) through `points` feature points."""
        super().__init__()
        self.trunk = nn.Sequential(
            convolution(in_channels, POINT_WIDTH, kernel=5, stride=2, bias=True, generator=generator),
            nn.ReLU(inplace=True),
            convolution(POINT_WIDTH, POINT_WIDTH, bias=True, generator=generator),
            nn.ReLU(inplace=True),
            convolution(POINT_WIDTH, points, kernel=1, generator=generator),
        )
        self.head = linear(2 * points, latent, generator=generator)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) floating in [0, 1] to (B, D)."""
        return self.head(spatial_soft_argmax(POINT_SHARPNESS * self.trunk(images)))


class ConvolutionalDecoder(nn.Module):
    """Vectors to images: a linear map, ReLU, and transposed convolutions with ReLUs between."""

    def __init__(self, side: int, out_channels: int, latent: int, *, generator: torch.Generator) -> None:
        """Decodes (B, latent) to (B, out_channels, side, side)."""
        super().__init__()
        self.codec = codec_for(side)
        self.linear = linear(latent, self.codec.features, generator=generator)
        widths = (*self.codec.widths[::-1], out_channels)
        modules: list[nn.Module] = []
        for level, (kernel, stride) in enumerate(
            zip(self.codec.back_kernels, self.codec.strides[::-1], strict=True)
        ):
            modules.append(nn.ReLU(inplace=True))
            modules.append(
                transposed_convolution(
                    widths[level], widths[level + 1], kernel=kernel, stride=stride, generator=generator
                )
            )
        self.up = nn.Sequential(*modules)

    def forward(self, latents: Tensor) -> Tensor:
        """(B, D) to (B, C, S, S), unbounded: logits or means, as the likelihood reads them."""
        grid = self.codec.grid
        return self.up(self.linear(latents).unflatten(1, (-1, grid, grid)))
