"""Which network judges positions: its family and its widths."""

from dataclasses import dataclass
from typing import Literal

from agents.runs.fields import check_choice, check_whole

KINDS = ("cnn", "deep_sets", "attention")
POLICY_HEADS = ("convolutional", "dense")
WIDEST, DEEPEST = 4096, 64


@dataclass(frozen=True)
class NetworkConfig:
    """A policy and value network; every family has the same outputs and reads the fields of its own."""

    kind: Literal["cnn", "deep_sets", "attention"] = "deep_sets"
    """cnn (29 planes of 32 x 32, as in the paper), or deep_sets or attention over stones: far faster."""

    joint: bool = True
    """One trunk for policy and value, or one network for each."""

    policy_head: Literal["convolutional", "dense"] = "convolutional"
    """cnn: the paper's head, or that of its authors' published code."""

    blocks: int = 9
    """cnn: residual blocks."""

    filters: int = 32
    """cnn: filters of each convolution."""

    stone_width: int = 128
    """deep_sets: numbers kept of each stone."""

    width: int = 256
    """deep_sets and attention: units of the layers over the whole position."""

    layers: int = 3
    """attention: layers."""

    token_width: int = 64
    """attention: numbers of a token; a multiple of the heads."""

    heads: int = 4
    """attention: heads of a layer."""

    feed_forward: int = 256
    """attention: units between the two maps of a layer."""

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, KINDS)
        check_choice("policy_head", self.policy_head, POLICY_HEADS)
        for name in ("blocks", "layers"):
            check_whole(name, getattr(self, name), low=1, high=DEEPEST)
        for name in ("filters", "stone_width", "width", "token_width", "heads", "feed_forward"):
            check_whole(name, getattr(self, name), low=1, high=WIDEST)
        if self.token_width % self.heads:
            raise ValueError(
                f"token_width: got {self.token_width}, expected a multiple of heads, which is {self.heads}"
            )


NETWORKS: dict[str, NetworkConfig] = {
    "cnn": NetworkConfig("cnn"),
    "cnn_dense": NetworkConfig("cnn", policy_head="dense"),
    "deep_sets": NetworkConfig("deep_sets"),
    "deep_sets_separate": NetworkConfig("deep_sets", joint=False),
    "attention": NetworkConfig("attention"),
    "tiny": NetworkConfig("deep_sets", stone_width=32, width=32),
}
"""Ready configs by name; `tiny` is for demonstrations and tests."""
