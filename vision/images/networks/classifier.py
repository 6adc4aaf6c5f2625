"""What every image classifier is: a trunk of feature maps, the mean over space, a head; and common stems."""

import torch
from torch import Tensor, nn

from vision.images.networks.layers import convolution


class ImageClassifier(nn.Module):
    """Logits of images: head(mean over space of trunk(x))."""

    def __init__(self, trunk: nn.Module, head: nn.Module) -> None:
        """Takes a trunk to (B, N, H', W') and a head from (B, N) to (B, classes)."""
        super().__init__()
        self.trunk = trunk
        self.head = head

    def features(self, x: Tensor) -> Tensor:
        """(B, C, H, W) images to the (B, N) features that the head sees."""
        return self.trunk(x).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) images to (B, classes) logits."""
        return self.head(self.features(x))


def small_stem(in_channels: int, channels: int, *, relu: bool, generator: torch.Generator) -> nn.Sequential:
    """3x3 convolution, norm and perhaps ReLU: keeps the resolution, for images of about 32 pixels."""
    stem = nn.Sequential(convolution(in_channels, channels, generator=generator), nn.BatchNorm2d(channels))
    if relu:
        stem.append(nn.ReLU(inplace=True))
    return stem


def imagenet_stem(
    in_channels: int, channels: int, *, kernel: int = 7, generator: torch.Generator
) -> nn.Sequential:
    """Convolution of stride 2, norm, ReLU, 3x3 max pooling of stride 2: a quarter of the resolution."""
    return nn.Sequential(
        convolution(in_channels, channels, kernel=kernel, stride=2, generator=generator),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2, padding=1),
    )
