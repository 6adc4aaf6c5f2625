"""Classifiers on pooled features: learned, cosine, fixed orthonormal or Hadamard rows (Hoffer et al. 2018).

A fixed head's logits are scale * W x / ||x|| + bias with W never trained; section 3 of the paper.

B batch, N features, C classes: every head maps (B, N) to (B, C).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vision.images.model_config import HeadConfig
from vision.images.networks.layers import linear
from vision.images.sign_codes import SignCode, build_sign_code, truncated_hadamard_coherence
from vision.images.walsh_hadamard import WalshHadamard, hadamard_matrix, next_power_of_two

EPSILON = 1e-8  # features of a smaller norm are not divided by it, so that zeros stay zeros
UNIT_ROW_SCALE = 10.0  # initial scale where rows have unit length
FAST_FROM_MULTIPLICATIONS = 2**15  # N C from which the transform was measured faster than the product, CPU
FAST_CODES_FROM_MULTIPLICATIONS = 2**17  # the same where the classes are more than the features


def unit_length(x: Tensor) -> Tensor:
    """Rows of (B, N) divided by their norms, computed in at least float32 and returned in x's dtype."""
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    norm = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
    return (wide / torch.where(norm > EPSILON, norm, 1.0)).to(x.dtype)


class LearnedRows(nn.Module):
    """Trained directions: the product of normalised features and normalised rows."""

    def __init__(self, features: int, classes: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = linear(features, classes, bias=False, generator=generator).weight

    def forward(self, x: Tensor) -> Tensor:
        """(B, N) unit features to (B, C) cosines."""
        return F.linear(x, unit_length(self.weight))


class OrthonormalRows(nn.Module):
    """Fixed random orthonormal rows, uniform over all such matrices."""

    rows: Tensor
    seed: Tensor

    def __init__(self, features: int, classes: int, *, seed: int, store: str) -> None:
        """`store` keeps the rows in the state dict as a "buffer", or only their "seed".

        Raises:
            ValueError: where classes > features, since so many rows cannot be orthonormal.
        """
        super().__init__()
        if classes > features:
            raise ValueError(
                f"classes is {classes}; expected at most {features}, the features, for orthonormal rows "
                "(kind 'hadamard' has spread rows for more)"
            )
        self.shape = (features, classes)
        self.register_buffer("rows", self._draw(seed), persistent=store == "buffer")
        if store == "seed":
            self.register_buffer("seed", torch.tensor(seed, dtype=torch.int64))
            self.register_load_state_dict_post_hook(OrthonormalRows._redraw)

    def _draw(self, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        gaussian = torch.randn(*self.shape, dtype=torch.float64, generator=generator)
        columns, triangle = torch.linalg.qr(gaussian)
        return (columns * triangle.diagonal().sign()).T.to(torch.get_default_dtype()).contiguous()

    def _redraw(self, incompatible_keys: object) -> None:
        self.rows.copy_(self._draw(int(self.seed)))

    def forward(self, x: Tensor) -> Tensor:
        """(B, N) unit features to (B, C) cosines."""
        return F.linear(x, self.rows)


class SignRows(nn.Module):
    """A dense product with fixed rows of +-1."""

    rows: Tensor

    def __init__(self, rows: Tensor) -> None:
        """Takes (C, N) rows; they follow from the sizes and the seed, so checkpoints do not hold them."""
        super().__init__()
        self.register_buffer("rows", rows.contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N) to (B, C)."""
        return F.linear(x, self.rows)


class CodeTransform(nn.Module):
    """The product with the rows of a sign code, by one Walsh-Hadamard transform a basis."""

    signs: Tensor
    columns: Tensor

    def __init__(self, code: SignCode) -> None:
        super().__init__()
        self.code = code
        self.transform = WalshHadamard(code.order, code.order)
        self.register_buffer("signs", torch.from_numpy(code.signs).float(), persistent=False)
        self.register_buffer("columns", torch.from_numpy(code.columns), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N) to (B, C)."""
        spread = x
        if self.code.features < self.code.order:
            spread = x.new_zeros(len(x), self.code.order).index_copy(1, self.columns, x)
        products = self.transform(spread[:, None, :] * self.signs.to(x.dtype))  # (B, M, S)
        both = torch.stack((products, -products), dim=2)  # (B, M, 2, S), the enumeration of the code
        return both.flatten(1)[:, : self.code.classes]


def build_sign_rows(features: int, classes: int, *, transform: str, seed: int) -> tuple[nn.Module, float]:
    """The module for fixed rows of +-1, and the largest |cosine| between two that are not negatives.

    Up to as many classes as features these are the paper's rows, the first of a Hadamard matrix cut to the
    number of features (orthogonal where that is a multiple of the next power of two of the classes).
    Differs from the paper: for more classes than features, whose rows it lets coincide, a sign code.
    """
    threshold = FAST_CODES_FROM_MULTIPLICATIONS if classes > features else FAST_FROM_MULTIPLICATIONS
    fast = transform == "fast" or (transform == "auto" and features * classes >= threshold)
    if classes > features:
        code = build_sign_code(classes, features, seed=seed)
        return (CodeTransform(code) if fast else SignRows(torch.from_numpy(code.rows()))), code.coherence
    coherence = truncated_hadamard_coherence(classes, features)
    if fast:
        return WalshHadamard(features, classes), coherence
    return SignRows(hadamard_matrix(next_power_of_two(features))[:classes, :features]), coherence


class ScaledCosine(nn.Module):
    """scale * directions(x / ||x||) + bias.

    Attributes:
        coherence: the largest |cosine| between fixed rows that are not each other's negative; None where
            rows are learned or not compared.
    """

    scale: Tensor
    bias: Tensor | None

    def __init__(
        self,
        directions: nn.Module,
        *,
        scale: float,
        learn_scale: bool,
        bias: Tensor | None,
        coherence: float | None,
    ) -> None:
        """`directions` maps (B, N) unit features to (B, C); `bias` is a (C,) start value, or None."""
        super().__init__()
        self.directions = directions
        self.coherence = coherence
        start = torch.tensor(scale)
        if learn_scale:
            self.scale = nn.Parameter(start)
        else:
            self.register_buffer("scale", start)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N) features to (B, C) logits."""
        logits = self.scale * self.directions(unit_length(x))
        return logits if self.bias is None else logits + self.bias


def _hadamard(config: HeadConfig, features: int, classes: int, generator: torch.Generator) -> nn.Module:
    rows, coherence = build_sign_rows(
        features, classes, transform=config.transform, seed=config.projection_seed
    )
    bound = 1.0 / math.sqrt(classes)
    bias = torch.empty(classes).uniform_(-bound, bound, generator=generator)
    return ScaledCosine(
        rows,
        scale=bound if config.scale is None else config.scale,
        learn_scale=config.learn_scale,
        bias=bias if config.bias else None,
        coherence=coherence,
    )


def build_head(config: HeadConfig, features: int, classes: int, *, generator: torch.Generator) -> nn.Module:
    """The classifier that `config` describes, from (B, features) to (B, classes).

    Raises:
        ValueError: where a fixed head has no distinct rows for so many classes.
    """
    if config.kind == "learned":
        return linear(features, classes, bias=config.bias, generator=generator)
    if config.kind == "hadamard":
        return _hadamard(config, features, classes, generator)
    if config.kind == "cosine":
        directions: nn.Module = LearnedRows(features, classes, generator=generator)
    else:
        directions = OrthonormalRows(features, classes, seed=config.projection_seed, store=config.store)
    return ScaledCosine(
        directions,
        scale=UNIT_ROW_SCALE if config.scale is None else config.scale,
        learn_scale=config.learn_scale,
        bias=torch.zeros(classes) if config.bias else None,
        coherence=None if config.kind == "cosine" else 0.0,
    )
