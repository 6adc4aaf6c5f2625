"""What networks are made of, as values: residual regularizer, classifier head, autoencoder."""

from dataclasses import dataclass
from typing import Literal

RegularizerKind = Literal["none", "stochastic_depth", "shakedrop", "shake", "shake_shake"]
Level = Literal["batch", "image", "channel", "pixel"]
Range = tuple[float, float]

DEFAULT_RANGES: dict[str, tuple[Range, Range]] = {
    "none": ((1.0, 1.0), (1.0, 1.0)),
    "stochastic_depth": ((0.0, 0.0), (0.0, 0.0)),
    "shakedrop": ((-1.0, 1.0), (0.0, 1.0)),  # best of the search in Yamada et al. 2019, section 4
    "shake": ((0.0, 1.0), (0.0, 1.0)),
    "shake_shake": ((0.0, 1.0), (0.0, 1.0)),
}
RANGED_KINDS = ("shakedrop", "shake")  # the kinds whose alpha and beta ranges may be chosen


def _check_choice(field: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{field} is {value!r}; expected one of {choices}")


@dataclass(frozen=True)
class RegularizerConfig:
    """The random factors on the residual branches (Huang 2016; Gastaldi 2017; Yamada 2019).

    Attributes:
        kind: `stochastic_depth` drops a block's residual, `shakedrop` disturbs it instead of dropping it,
            `shake` always disturbs it (one-branch Shake), `shake_shake` mixes the branches of a multi-branch
            block.
        level: what shares one drawn coefficient: the batch, an image, a channel of an image, or nothing
            (pixel).
        gate: whether a block is open or closed for the whole batch or for each sample; not in shake,
            shake_shake.
        keep: probability in [0, 1] that the last block's gate is open, p_L; not in shake, shake_shake.
        decay: `linear` p_l = 1 - (l / L) (1 - p_L) over blocks l = 1..L, or the same `uniform` p_l = p_L for
            all.
        alpha, beta: ranges (low, high) of the forward and the backward coefficient; None takes the kind's
            own.
        forward: `shake` draws alpha, `even` uses its mean.
        backward: `shake` draws beta, `even` uses its mean, `keep` uses the forward pass's alpha.
        scaling: `original` scales by the expected factor when evaluating, `inverted` divides by it when
            training.
        placement: one factor `after_sum` of a block's branches, or one of its own `per_branch`.
    """

    kind: RegularizerKind = "none"
    level: Level = "image"
    gate: Literal["batch", "sample"] = "batch"
    keep: float = 0.5
    decay: Literal["linear", "uniform"] = "linear"
    alpha: Range | None = None
    beta: Range | None = None
    forward: Literal["shake", "even"] = "shake"
    backward: Literal["shake", "even", "keep"] = "shake"
    scaling: Literal["original", "inverted"] = "original"
    placement: Literal["after_sum", "per_branch"] = "after_sum"

    def __post_init__(self) -> None:
        """Raises ValueError on a value out of range or a field that the kind does not have."""
        _check_choice("regularizer.kind", self.kind, tuple(DEFAULT_RANGES))
        _check_choice("regularizer.level", self.level, ("batch", "image", "channel", "pixel"))
        _check_choice("regularizer.gate", self.gate, ("batch", "sample"))
        _check_choice("regularizer.decay", self.decay, ("linear", "uniform"))
        _check_choice("regularizer.forward", self.forward, ("shake", "even"))
        _check_choice("regularizer.backward", self.backward, ("shake", "even", "keep"))
        _check_choice("regularizer.scaling", self.scaling, ("original", "inverted"))
        _check_choice("regularizer.placement", self.placement, ("after_sum", "per_branch"))
        if not 0.0 <= self.keep <= 1.0:
            raise ValueError(f"regularizer.keep is {self.keep}; expected a probability in [0, 1]")
        self._check_ranges()
        if self.scaling == "inverted" and (self.kind != "stochastic_depth" or self.keep == 0.0):
            raise ValueError(
                f"regularizer.scaling is 'inverted' with kind {self.kind!r} and keep {self.keep}; "
                "expected kind 'stochastic_depth' and keep above 0"
            )

    def _check_ranges(self) -> None:
        for field, value in (("alpha", self.alpha), ("beta", self.beta)):
            if value is None:
                continue
            if self.kind not in RANGED_KINDS:
                raise ValueError(f"regularizer.{field} is {value}; kind {self.kind!r} takes no range")
            if not value[0] <= value[1]:
                raise ValueError(f"regularizer.{field} is {value}; expected (low, high) with low <= high")

    @property
    def alpha_range(self) -> Range:
        """The forward coefficient's range, the kind's own where none is given."""
        return DEFAULT_RANGES[self.kind][0] if self.alpha is None else self.alpha

    @property
    def beta_range(self) -> Range:
        """The backward coefficient's range, the kind's own where none is given."""
        return DEFAULT_RANGES[self.kind][1] if self.beta is None else self.beta

    def keep_probability(self, block: int, blocks: int) -> float:
        """p_l of block l = `block` (counted from 1) of L = `blocks`."""
        if self.kind == "shake":
            return 0.0
        if self.decay == "uniform":
            return self.keep
        return 1.0 - block / blocks * (1.0 - self.keep)


@dataclass(frozen=True)
class HeadConfig:
    """The classifier on the pooled features (Hoffer et al. 2018, "Fix your classifier").

    Attributes:
        kind: `learned` linear map; `cosine` learned directions on normalised features; `orthonormal` fixed
            random orthonormal rows; `hadamard` fixed rows of signs.
        scale: what multiplies the products of normalised features and rows (initially, where learned); rows
            have unit length in `cosine` and `orthonormal` and entries +-1 in `hadamard`. None takes the
            paper's: 10, or 1 / sqrt(classes) in `hadamard`. Not in `learned`.
        learn_scale: whether the scale is a parameter.
        bias: whether every class has a learned bias.
        transform: how `hadamard` computes its logits: `dense` product, `fast` Walsh-Hadamard transform, or
            `auto`, the one measured faster at this size.
        projection_seed: draws the fixed rows.
        store: keep the `orthonormal` rows in the checkpoint as a `buffer`, or only their `seed`.
    """

    kind: Literal["learned", "cosine", "orthonormal", "hadamard"] = "learned"
    scale: float | None = None
    learn_scale: bool = True
    bias: bool = True
    transform: Literal["auto", "dense", "fast"] = "auto"
    projection_seed: int = 0
    store: Literal["buffer", "seed"] = "buffer"

    def __post_init__(self) -> None:
        """Raises ValueError on an unknown choice, a zero scale or a negative seed."""
        _check_choice("head.kind", self.kind, ("learned", "cosine", "orthonormal", "hadamard"))
        _check_choice("head.transform", self.transform, ("auto", "dense", "fast"))
        _check_choice("head.store", self.store, ("buffer", "seed"))
        if self.scale is not None and self.kind == "learned":
            raise ValueError(f"head.scale is {self.scale}; kind 'learned' has no scale")
        if self.scale is not None and not self.scale > 0.0:
            raise ValueError(f"head.scale is {self.scale}; expected a positive number")
        if not 0 <= self.projection_seed < 2**63:
            raise ValueError(
                f"head.projection_seed is {self.projection_seed}; expected an integer in [0, 2**63)"
            )


@dataclass(frozen=True)
class AutoencoderConfig:
    """Shape and likelihood of an autoencoder of images.

    Attributes:
        kind: `variational`, `deterministic`, or `spatial` (deterministic, latents are feature points).
        side: image side in pixels, 48 or 84.
        channels: image channels.
        latent: D.
        likelihood: `bernoulli` of pixels in [0, 1] given logits, or `gaussian` of variance one given means.
        min_variance: floor of the encoder's variances; variational only.
        residual_blocks: residual blocks after each level of the encoder; not in `spatial`.
        points: feature points through whose positions the encoder looks; 0 is without, as in `spatial`, whose
            latents are such points themselves.
    """

    kind: Literal["variational", "deterministic", "spatial"] = "variational"
    side: int = 48
    channels: int = 3
    latent: int = 4
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    min_variance: float = 1e-3
    residual_blocks: int = 0
    points: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError on a field out of range."""
        _check_choice("autoencoder.kind", self.kind, ("variational", "deterministic", "spatial"))
        _check_choice("autoencoder.side", self.side, (48, 84))
        _check_choice("autoencoder.likelihood", self.likelihood, ("bernoulli", "gaussian"))
        for field in ("channels", "latent"):
            if getattr(self, field) < 1:
                raise ValueError(f"autoencoder.{field} is {getattr(self, field)}; expected 1 or more")
        if not self.min_variance > 0.0:
            raise ValueError(f"autoencoder.min_variance is {self.min_variance}; expected a positive number")
        if self.residual_blocks < 0 or (self.residual_blocks and self.kind == "spatial"):
            raise ValueError(
                f"autoencoder.residual_blocks is {self.residual_blocks} with kind {self.kind!r}; "
                "expected at least 0, and 0 for 'spatial'"
            )
        if self.points < 0 or (self.points and (self.kind == "spatial" or self.residual_blocks)):
            raise ValueError(
                f"autoencoder.points is {self.points} with kind {self.kind!r} and {self.residual_blocks} "
                "residual blocks; expected at least 0, and 0 for 'spatial' or with residual blocks"
            )
