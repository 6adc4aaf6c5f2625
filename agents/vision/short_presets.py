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
_SHAKEDROP = replace(_WRN, regularizer="shakedrop")

# (alpha, beta); the first is stochastic depth, the second and third the paper's choices.
_RANGES = {
    "0_0": ((0.0, 0.0), (0.0, 0.0)),
    "0_01": ((0.0, 0.0), (0.0, 1.0)),
    "11_01": ((-1.0, 1.0), (0.0, 1.0)),
    "11_0": ((-1.0, 1.0), (0.0, 0.0)),
    "11_11": ((-1.0, 1.0), (-1.0, 1.0)),
    "01_01": ((0.0, 1.0), (0.0, 1.0)),
}
_AUGMENTATIONS = {
    "plain": AugmentConfig(),
    "cutout": AugmentConfig(cutout=16),
    "erasing": AugmentConfig(erase_probability=0.5),
}
# The stepwise schedule of the authors' code, at the shortened length.
_STEPS = replace(_SHAKEDROP, schedule="decay_rate", factor=10, milestones=(0.5, 0.75))

SHORT_PRESETS: dict[str, VisionConfig] = {
    "short_wrn_none": _WRN,
    "short_wrn_stochastic_depth": replace(_WRN, regularizer="stochastic_depth"),
    "short_wrn_shakedrop": _SHAKEDROP,
    "short_pyramidnet_none": _PYRAMID,
    "short_pyramidnet_stochastic_depth": replace(_PYRAMID, regularizer="stochastic_depth"),
    "short_pyramidnet_shakedrop": replace(_PYRAMID, regularizer="shakedrop"),
    "short_branches_none": _BRANCHES,
    "short_branches_shake_shake": replace(_BRANCHES, regularizer="shake_shake"),
    **{
        f"short_level_{level}": replace(_SHAKEDROP, level=level)
        for level in ("batch", "image", "channel", "pixel")
    },
    **{
        f"short_range_{name}": replace(_SHAKEDROP, alpha=alpha, beta=beta)
        for name, (alpha, beta) in _RANGES.items()
    },
    **{
        f"short_{schedule}_{name}": replace(base, augment=augment)
        for schedule, base in (("steps", _STEPS), ("cosine", _SHAKEDROP))
        for name, augment in _AUGMENTATIONS.items()
    },
}
