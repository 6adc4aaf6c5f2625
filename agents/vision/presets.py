"""Ready configs of the papers' runs, by name; a flag given beside a preset changes that one field.

Sources: Yamada et al. 2019 (ShakeDrop), Gastaldi 2017 (Shake-Shake), Huang et al. 2016 (stochastic depth),
Hoffer et al. 2018 (fixed classifiers), Smith et al. 2018 (batch schedules). Runs of those papers that take
GPU-days are here at full length; the `quick_` (CIFAR-10) and `digits_` (MNIST) runs are ours and take
minutes on a CPU.
"""

from dataclasses import replace

from agents.vision.config import VisionConfig
from agents.vision.short_presets import SHORT_PRESETS
from vision.images.augment_config import AugmentConfig
from vision.schedules import ScheduleKind

ERASING = AugmentConfig(erase_probability=0.5)

# Smith et al. 2018, section 5.1: ghost batches as large as the smallest batch.
_NOISE = VisionConfig(ghost_batch=128, micro_batch=640)
# Yamada et al. 2019, section 4; the recipe of the authors' code for four devices.
_PYRAMID = VisionConfig(
    dataset="cifar100",
    model="pyramidnet110_a270",
    epochs=300,
    rate=0.5,
    factor=10,
    milestones=(0.5, 0.75),
    weight_decay=1e-4,
    optimizer="nesterov",
)
# Gastaldi 2017, section 2: cosine per update over 1,800 epochs.
_SHAKE = VisionConfig(
    model="shakeshake26_2x32d",
    schedule="cosine",
    epochs=1800,
    rate=0.2,
    weight_decay=1e-4,
    optimizer="nesterov",
)
# Hoffer et al. 2018, section 3; He et al. 2016 for the recipe of ResNet-56.
_FIXED = VisionConfig(
    model="resnet56_projected", epochs=200, factor=10, milestones=(0.5, 0.75), weight_decay=1e-4
)
# 5,000 images and 500 held out, a network of 75,000 weights: minutes on a CPU.
_QUICK = VisionConfig(
    model="resnet8",
    train_images=5500,
    validation_images=500,
    epochs=15,
    batch=32,
    max_batch=500,
    rate=0.05,
    factor=3,
    ghost_batch=32,
    weight_decay=1e-4,
)
# 5,000 images of MNIST for 4 epochs, measured once, at the end, on all 10,000 test images.
_DIGITS = VisionConfig(
    dataset="mnist",
    model="resnet8",
    train_images=5000,
    epochs=4,
    interval_epochs=4,
    batch=32,
    max_batch=500,
    rate=0.1,
    factor=4,
    milestones=(0.4, 0.7, 0.9),
    ghost_batch=32,
    weight_decay=1e-4,
    channels_last=True,
    augment=AugmentConfig(crop_padding=2, flip=False),
)
_DIGITS_HEAD = replace(_DIGITS, measure_training=True)
_DIGITS_SHORT = replace(_DIGITS, epochs=2, interval_epochs=2)
_DIGITS_GROWTH = replace(_DIGITS, train_images=5500, validation_images=500, epochs=8, interval_epochs=0.5)
# Smith et al. 2018, section 5.2: plain SGD with the rate / (1 - momentum) of the run with momentum.
_DIGITS_OPTIMIZERS: dict[str, VisionConfig] = {
    "sgd": replace(_DIGITS_SHORT, optimizer="sgd", rate=1.0),
    "nesterov": replace(_DIGITS_SHORT, optimizer="nesterov"),
    "adam": replace(_DIGITS_SHORT, optimizer="adam", rate=3e-3),
}


def _fixed_scales(base: VisionConfig) -> dict[str, VisionConfig]:
    """The orthonormal head with scales that are not learnt, by name."""
    heads = {f"scale_{scale:g}": scale for scale in (0.1, 1.0, 10.0)}
    return {
        name: replace(base, head="orthonormal", head_scale=scale, learn_scale=False)
        for name, scale in heads.items()
    }


def _schedules(prefix: str, base: VisionConfig, kinds: tuple[ScheduleKind, ...]) -> dict[str, VisionConfig]:
    """One run by several schedules, by name."""
    return {f"{prefix}_{kind}": replace(base, schedule=kind) for kind in kinds}


PRESETS: dict[str, VisionConfig] = {
    "noise_decay_rate": _NOISE,
    "noise_increase_batch": replace(_NOISE, schedule="increase_batch"),
    "noise_hybrid": replace(_NOISE, schedule="hybrid"),
    "noise_increased_rate": replace(_NOISE, schedule="increased_rate"),
    "noise_increased_momentum": replace(_NOISE, schedule="increased_momentum"),
    "pyramidnet_none": _PYRAMID,
    "pyramidnet_stochastic_depth": replace(_PYRAMID, regularizer="stochastic_depth"),
    "pyramidnet_shakedrop_batch": replace(_PYRAMID, regularizer="shakedrop", level="batch"),
    "pyramidnet_shakedrop_image": replace(_PYRAMID, regularizer="shakedrop", level="image"),
    "pyramidnet_shakedrop_channel": replace(_PYRAMID, regularizer="shakedrop", level="channel"),
    "pyramidnet_shakedrop_pixel": replace(_PYRAMID, regularizer="shakedrop", level="pixel"),
    "pyramidnet_one_branch_shake": replace(_PYRAMID, regularizer="shake"),
    "pyramidnet_shakedrop_cosine_erasing": replace(
        _PYRAMID, regularizer="shakedrop", level="pixel", schedule="cosine", epochs=1800, augment=ERASING
    ),
    "shake_even_even": replace(_SHAKE, regularizer="shake_shake", forward="even", backward="even"),
    "shake_shake_image": replace(_SHAKE, regularizer="shake_shake"),
    "shake_shake_batch": replace(_SHAKE, regularizer="shake_shake", level="batch"),
    "shake_even_image": replace(_SHAKE, regularizer="shake_shake", backward="even"),
    "shake_keep_image": replace(_SHAKE, regularizer="shake_shake", backward="keep"),
    "even_shake_image": replace(_SHAKE, regularizer="shake_shake", forward="even"),
    "fixed_learned": _FIXED,
    "fixed_orthonormal": replace(_FIXED, head="orthonormal"),
    "fixed_hadamard": replace(_FIXED, head="hadamard"),
    "quick_learned": _QUICK,
    "quick_orthonormal": replace(_QUICK, head="orthonormal"),
    "quick_hadamard": replace(_QUICK, head="hadamard"),
    "quick_increase_batch": replace(_QUICK, schedule="increase_batch"),
    "quick_hybrid": replace(_QUICK, schedule="hybrid"),
    "quick_shakedrop": replace(_QUICK, model="preresnet20_eraserelu", regularizer="shakedrop"),
    "quick_stochastic_depth": replace(_QUICK, model="preresnet20_eraserelu", regularizer="stochastic_depth"),
    "digits_learned": _DIGITS_HEAD,
    "digits_orthonormal": replace(_DIGITS_HEAD, head="orthonormal"),
    "digits_hadamard": replace(_DIGITS_HEAD, head="hadamard"),
    **{f"digits_{name}": run for name, run in _fixed_scales(_DIGITS_HEAD).items()},
    "digits_growth_orthonormal": replace(_DIGITS_GROWTH, head="orthonormal"),
    "digits_growth_hadamard": replace(_DIGITS_GROWTH, head="hadamard"),
    **_schedules(
        "digits",
        replace(_DIGITS, interval_epochs=1),
        ("decay_rate", "increase_batch", "hybrid", "increased_rate", "increased_momentum"),
    ),
    **{
        name: run
        for rule, base in _DIGITS_OPTIMIZERS.items()
        for name, run in _schedules(
            f"digits_{rule}", base, ("decay_rate", "increase_batch", "hybrid")
        ).items()
    },
    **{
        name: run
        for rate in (0.025, 0.4)
        for name, run in _schedules(
            f"digits_rate_{rate:g}", replace(_DIGITS_SHORT, rate=rate), ("decay_rate", "increase_batch")
        ).items()
    },
    **SHORT_PRESETS,
}
