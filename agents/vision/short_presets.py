"""The papers' comparisons of regularizers at a shortened schedule on CIFAR-10: hours on one GPU, by name.

Sources of the rows: Yamada et al. 2019, section 4 (ranges, levels, regularizers), and Gastaldi 2017
(Shake-Shake). The networks' blocks end in batch normalisation, as ShakeDrop asks for.
"""

from dataclasses import replace

from agents.vision.config import VisionConfig
from vision.images.augment_config import AugmentConfig

_WRN = VisionConfig(
    model="wrn_16_4_norm",
    schedule="cosine",
    epochs=30,
    rate=0.1,
    optimizer="nesterov",
    precision="bfloat16",
    channels_last=True,
)
_PYRAMID = replace(_WRN, model="pyramidnet110_a48", weight_decay=1e-4)
_BRANCHES = replace(_WRN, model="shakeshake26_2x32d", weight_decay=1e-4)
_BASES = {"wrn": _WRN, "pyramidnet": _PYRAMID}

# (alpha, beta); the first is stochastic depth, the second and third the paper's choices.
_RANGES = {
    "0_0": ((0.0, 0.0), (0.0, 0.0)),
    "0_01": ((0.0, 0.0), (0.0, 1.0)),
    "11_01": ((-1.0, 1.0), (0.0, 1.0)),
    "11_0": ((-1.0, 1.0), (0.0, 0.0)),
    "11_11": ((-1.0, 1.0), (-1.0, 1.0)),
    "01_01": ((0.0, 1.0), (0.0, 1.0)),
}
LEVELS = ("batch", "image", "channel", "pixel")
RANGES = tuple(_RANGES)
AUGMENTATIONS = {
    "plain": AugmentConfig(),
    "cutout": AugmentConfig(cutout=16),
    "erasing": AugmentConfig(erase_probability=0.5),
}


def _short(base: VisionConfig) -> dict[str, VisionConfig]:
    """The rows of one network, by what they vary; steps are those of the authors' code, shortened."""
    shakedrop = replace(base, regularizer="shakedrop")
    steps = {"schedule": "decay_rate", "factor": 10, "milestones": (0.5, 0.75)}
    return {
        "none": base,
        "stochastic_depth": replace(base, regularizer="stochastic_depth"),
        "shakedrop": shakedrop,
        **{f"level_{level}": replace(shakedrop, level=level) for level in LEVELS},
        **{
            f"range_{name}": replace(shakedrop, alpha=alpha, beta=beta)
            for name, (alpha, beta) in _RANGES.items()
        },
        **{
            f"{schedule}_{kind}_{name}": replace(regularized, augment=augment, **changes)
            for schedule, changes in (("steps", steps), ("cosine", {}))
            for kind, regularized in (("none", base), ("shakedrop", shakedrop))
            for name, augment in AUGMENTATIONS.items()
        },
    }


SHORT_PRESETS: dict[str, VisionConfig] = {
    **{
        f"short_{network}_{name}": config
        for network, base in _BASES.items()
        for name, config in _short(base).items()
    },
    "short_branches_none": _BRANCHES,
    "short_branches_shake_shake": replace(_BRANCHES, regularizer="shake_shake"),
}
