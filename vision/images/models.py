"""Every image network by name: `create_model("wrn_16_4", num_classes=10)`, `list_models("resnet*")`.

A name is a pattern with numbers, so sizes that are not listed can be built too (`resnet62`, `wrn_22_6`).
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch

from vision.images.heads import build_head
from vision.images.model_config import HeadConfig, RegularizerConfig
from vision.images.networks.classifier import ImageClassifier
from vision.images.networks.densenet import densenet, imagenet_densenet
from vision.images.networks.multibranch import resnext, shake_shake_resnet
from vision.images.networks.pyramidnet import pyramidnet
from vision.images.networks.resnet import imagenet_resnet, preactivation_resnet, resnet, wide_resnet
from vision.images.networks.shufflenet import shufflenet
from vision.images.networks.trunk import Trunk, TrunkOptions


@dataclass(frozen=True)
class Family:
    """Networks of one kind: the pattern of their names, the builder of its numbers, the names listed."""

    pattern: str
    build: Callable[..., Trunk]
    names: tuple[str, ...]


FAMILIES: tuple[Family, ...] = (
    Family(
        r"resnet(\d+)",
        resnet,
        ("resnet8", "resnet20", "resnet32", "resnet44", "resnet56", "resnet110"),
    ),
    Family(
        r"resnet(\d+)_projected",
        lambda depth, options: resnet(depth, options, shortcut="projection"),
        ("resnet20_projected", "resnet56_projected", "resnet110_projected"),
    ),
    Family(
        r"resnet(\d+)_eraserelu",
        lambda depth, options: resnet(depth, options, layout="original_eraserelu"),
        ("resnet20_eraserelu", "resnet56_eraserelu", "resnet110_eraserelu"),
    ),
    Family(r"preresnet(\d+)", preactivation_resnet, ("preresnet20", "preresnet56", "preresnet110")),
    Family(
        r"preresnet(\d+)_eraserelu",
        lambda depth, options: preactivation_resnet(depth, options, layout="preactivation_eraserelu"),
        ("preresnet20_eraserelu", "preresnet110_eraserelu"),
    ),
    Family(
        r"preresnet(\d+)_bottleneck",
        lambda depth, options: preactivation_resnet(depth, options, bottlenecks=True),
        ("preresnet29_bottleneck", "preresnet164_bottleneck"),
    ),
    Family(r"wrn_(\d+)_(\d+)", wide_resnet, ("wrn_10_1", "wrn_16_4", "wrn_16_8", "wrn_28_10", "wrn_40_4")),
    Family(
        r"wrn_(\d+)_(\d+)_norm",
        lambda depth, widen, options: wide_resnet(depth, widen, options, layout="preactivation_norm"),
        ("wrn_16_4_norm", "wrn_28_10_norm"),
    ),
    Family(r"resnext(\d+)_(\d+)x(\d+)d", resnext, ("resnext29_4x8d", "resnext29_8x64d", "resnext29_16x64d")),
    Family(
        r"resnext(\d+)_(\d+)x(\d+)d_eraserelu",
        lambda depth, groups, width, options: resnext(
            depth, groups, width, options, layout="original_eraserelu"
        ),
        ("resnext29_4x8d_eraserelu", "resnext29_8x64d_eraserelu"),
    ),
    Family(
        r"resnext(\d+)_(\d+)x(\d+)x(\d+)d",
        lambda depth, branches, groups, width, options: resnext(
            depth, groups, width, options, branches=branches
        ),
        ("resnext29_2x4x8d", "resnext29_2x4x64d"),
    ),
    Family(
        r"resnext(\d+)_(\d+)x(\d+)x(\d+)d_eraserelu",
        lambda depth, branches, groups, width, options: resnext(
            depth, groups, width, options, branches=branches, layout="original_eraserelu"
        ),
        ("resnext29_2x4x8d_eraserelu", "resnext29_2x4x64d_eraserelu"),
    ),
    Family(
        r"shakeshake(\d+)_(\d+)x(\d+)d",
        shake_shake_resnet,
        ("shakeshake26_2x32d", "shakeshake26_2x64d", "shakeshake26_2x96d", "shakeshake26_3x32d"),
    ),
    Family(
        r"pyramidnet(\d+)_a(\d+)",
        pyramidnet,
        ("pyramidnet110_a48", "pyramidnet110_a84", "pyramidnet110_a270"),
    ),
    Family(
        r"pyramidnet(\d+)_a(\d+)_bottleneck",
        lambda depth, alpha, options: pyramidnet(depth, alpha, options, bottlenecks=True),
        ("pyramidnet29_a48_bottleneck", "pyramidnet164_a270_bottleneck", "pyramidnet272_a200_bottleneck"),
    ),
    Family(r"densenet_bc(\d+)_k(\d+)", densenet, ("densenet_bc40_k12", "densenet_bc100_k12")),
    Family(
        r"shufflenet_g(\d+)", shufflenet, ("shufflenet_g1", "shufflenet_g2", "shufflenet_g3", "shufflenet_g8")
    ),
    Family(
        r"resnet(\d+)_imagenet",
        imagenet_resnet,
        ("resnet18_imagenet", "resnet34_imagenet", "resnet50_imagenet", "resnet152_imagenet"),
    ),
    Family(
        r"resnet(\d+)_eraserelu_imagenet",
        lambda depth, options: imagenet_resnet(depth, options, layout="original_eraserelu"),
        ("resnet152_eraserelu_imagenet",),
    ),
    Family(
        r"resnext(\d+)_(\d+)x(\d+)d_imagenet",
        lambda depth, groups, width, options: imagenet_resnet(
            depth, options, groups=groups, group_width=width
        ),
        ("resnext50_32x4d_imagenet", "resnext152_64x4d_imagenet"),
    ),
    Family(r"densenet(\d+)_imagenet", imagenet_densenet, ("densenet121_imagenet", "densenet169_imagenet")),
    Family(
        r"shufflenet_g(\d+)_imagenet",
        lambda groups, options: shufflenet(groups, options, imagenet=True),
        ("shufflenet_g3_imagenet", "shufflenet_g8_imagenet"),
    ),
)


def list_models(pattern: str = "*") -> list[str]:
    """The listed names that match a shell pattern, sorted."""
    return sorted(name for family in FAMILIES for name in family.names if fnmatchcase(name, pattern))


def create_model(
    name: str,
    *,
    num_classes: int,
    in_channels: int = 3,
    regularizer: RegularizerConfig | None = None,
    head: HeadConfig | None = None,
    seed: int = 0,
) -> ImageClassifier:
    """Builds a network on the CPU in float32, with weights that depend on `seed` alone.

    Args:
        name: a listed name, or one of the same pattern with other numbers.
        num_classes: number of logits.
        in_channels: channels of the images.
        regularizer: residual regularizer; none where not given.
        head: classifier; a learned linear map where not given.
        seed: of the weights and of the regularizers' streams.

    Returns:
        A module from (B, in_channels, H, W) images to (B, num_classes) logits.

    Raises:
        ValueError: on an unknown name, numbers that make no network, or parts that do not fit the network.
    """
    for field, value, least in (("num_classes", num_classes, 2), ("in_channels", in_channels, 1)):
        if not isinstance(value, int) or value < least:
            raise ValueError(f"{field} is {value!r}; expected a whole number from {least}")
    generator = torch.Generator().manual_seed(seed)
    options = TrunkOptions(in_channels, regularizer or RegularizerConfig(), generator)
    for family in FAMILIES:
        match = re.fullmatch(family.pattern, name)
        if match:
            try:
                trunk = family.build(*(int(number) for number in match.groups()), options)
            except ValueError as error:
                raise ValueError(f"model is {name!r}: {error}") from error
            top = build_head(head or HeadConfig(), trunk.features, num_classes, generator=generator)
            return ImageClassifier(trunk.module, top)
    near = difflib.get_close_matches(name, list_models(), n=3)
    meant = f"did you mean {' or '.join(near)}?" if near else f"expected one of {', '.join(list_models())}."
    raise ValueError(f"model is {name[:60]!r}; {meant} Other numbers in these patterns make networks too.")
