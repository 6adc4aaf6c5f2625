"""Dropout that draws from a stream of its own (Srivastava et al. 2014)."""

from torch import Tensor, nn

from vision.random_stream import RandomStream, uniform


class Dropout(nn.Module):
    """Sets a share of the features to zero in training and scales up the rest; draws from its own stream."""

    def __init__(self, share: float, *, seed: int) -> None:
        super().__init__()
        self.share = share
        self.stream = RandomStream(seed)

    def forward(self, features: Tensor) -> Tensor:
        """Any shape to the same shape."""
        if not self.training or self.share == 0.0:
            return features
        draws = uniform(self.stream.advance(features.numel()), features.numel()).view(features.shape)
        return features * (draws >= self.share) / (1.0 - self.share)
