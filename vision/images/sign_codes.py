"""Many rows of +-1 with small cosines between them: Hadamard rows, then Kerdock and Reed-Muller codes.

Where there are more classes than features no rows are orthogonal. Up to twice the order S, the rows of a
Hadamard matrix and their negatives have no positive cosine, the best there is. Beyond, rows come from several
bases H D_m, D_m a diagonal of signs (-1)^f_m with f_m a quadratic form from a Kerdock set, so that rows of
different bases have cosines of +-1 / sqrt(S) (+-sqrt(2 / S) or 0 where S is an odd power of two). Where these
are too few, f_m runs through all forms of rising degree: with degree r the rows are the words of the
Reed-Muller code of order r, any two of which differ in at least S / 2^r places.
Source: MacWilliams and Sloane 1977, chapters 13 and 15; Calderbank, Cameron, Kantor, Seidel 1997.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from vision.images.walsh_hadamard import WalshHadamard, hadamard_matrix, next_power_of_two

PRIMITIVE_POLYNOMIALS = {
    1: 0b11,
    3: 0b1011,
    5: 0b100101,
    7: 0b10000011,
    9: 0x211,
    11: 0x805,
    13: 0x201B,
    15: 0x8003,
}
MOST_FORMS = 1 << 12
"""Forms that are tried where columns are left out."""


@dataclass(frozen=True)
class BinaryField:
    """GF(2^degree) by tables; elements are integers whose bits are the polynomial's coefficients."""

    degree: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return 1 << self.degree

    def tables(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(size - 1,) powers of the primitive element, and (size,) logarithms (that of 0 is unused)."""
        powers = np.empty(self.size - 1, dtype=np.int64)
        element = 1
        for exponent in range(self.size - 1):
            powers[exponent] = element
            element <<= 1
            if element & self.size:
                element ^= PRIMITIVE_POLYNOMIALS[self.degree]
        logarithms = np.zeros(self.size, dtype=np.int64)
        logarithms[powers] = np.arange(self.size - 1)
        return powers, logarithms

    def power(self, elements: NDArray[np.int64], exponent: int) -> NDArray[np.int64]:
        """Elementwise elements ** exponent, exponent >= 1."""
        powers, logarithms = self.tables()
        result = powers[logarithms[elements] * exponent % (self.size - 1)]
        return np.where(elements == 0, 0, result)

    def multiply(self, scalar: int, elements: NDArray[np.int64]) -> NDArray[np.int64]:
        """Elementwise product of one element with many."""
        powers, logarithms = self.tables()
        result = powers[(logarithms[scalar] + logarithms[elements]) % (self.size - 1)]
        return np.where((elements == 0) | (scalar == 0), 0, result)

    def trace(self, elements: NDArray[np.int64]) -> NDArray[np.int64]:
        """Elementwise absolute trace, 0 or 1."""
        total = np.zeros_like(elements)
        for place in range(self.degree):
            total ^= self.power(elements, 1 << place)
        return total


def kerdock_bases(order: int) -> int:
    """How many bases of signs `kerdock_signs` knows at this order, a power of two."""
    exponent = order.bit_length() - 1
    if exponent < 2:
        return 1
    return order if exponent % 2 else order // 2


def kerdock_signs(order: int, bases: int) -> NDArray[np.int8]:
    """The diagonals D_0..D_bases-1, (bases, order) int8 of +-1; D_0 is all ones.

    With S = 2^k or 2^(k+1), k odd, a column is x in GF(2^k), and a bit e where S = 2^(k+1); the form of basis
    a is f_a(x, e) = sum over i = 1..(k-1)/2 of Tr((a x)^(2^i + 1)), plus e Tr(a x).

    Raises:
        ValueError: where the order has fewer bases or is beyond the field tables.
    """
    if bases > kerdock_bases(order):
        raise ValueError(f"bases is {bases}; expected at most {kerdock_bases(order)} at order {order}")
    if bases == 1:
        return np.ones((1, order), dtype=np.int8)
    exponent = order.bit_length() - 1
    degree = exponent if exponent % 2 else exponent - 1
    if degree not in PRIMITIVE_POLYNOMIALS:
        limit = 2 ** (max(PRIMITIVE_POLYNOMIALS) + 1)
        raise ValueError(f"order is {order}; more than one basis is known up to order {limit}")
    field = BinaryField(degree)
    elements = np.arange(field.size, dtype=np.int64)
    linear = field.trace(elements)
    quadratic = np.zeros_like(elements)
    for place in range(1, (degree - 1) // 2 + 1):
        quadratic ^= field.trace(field.power(elements, (1 << place) + 1))
    signs = np.empty((bases, order), dtype=np.int8)
    for basis in range(bases):
        scaled = field.multiply(basis, elements)
        form = quadratic[scaled]
        if order > field.size:
            form = np.concatenate((form, form ^ linear[scaled]))
        signs[basis] = 1 - 2 * form
    return signs


def form_signs(order: int, bases: int) -> NDArray[np.int8]:
    """The diagonals (-1)^f of the first forms f without linear part, (bases, order) int8 of +-1.

    The bits of a form's number say which products of two or more bits of the column's index it sums, the
    products of fewest bits first.

    Raises:
        ValueError: where there are fewer forms.
    """
    products = sorted(
        (subset for subset in range(order) if subset.bit_count() >= 2), key=lambda subset: subset.bit_count()
    )
    if bases > 1 << len(products):
        raise ValueError(f"bases is {bases}; expected at most {1 << len(products)} at order {order}")
    columns = np.arange(order)
    forms = np.zeros((bases, order), dtype=np.int8)
    numbers = np.arange(bases)
    for place, subset in enumerate(products[: max(bases - 1, 0).bit_length()]):
        chosen = (numbers >> place) & 1
        forms ^= np.outer(chosen, (columns & subset) == subset).astype(np.int8)
    return 1 - 2 * forms


@dataclass(frozen=True)
class SignCode:
    """`classes` rows of +-1 in `features` columns, basis by basis: rows of H D_m, then their negatives.

    Attributes:
        classes, features: the shape of the rows.
        order: S, the columns before some are left out.
        signs: (M, S) int8, the bases' diagonals.
        columns: (features,) int64, which of the S columns are kept.
        coherence: no two rows that are not negatives of each other have a larger |cosine|.
    """

    classes: int
    features: int
    order: int
    signs: NDArray[np.int8]
    columns: NDArray[np.int64]
    coherence: float

    def rows(self) -> NDArray[np.float32]:
        """The rows themselves, (classes, features) float32 of +-1."""
        hadamard = hadamard_matrix(self.order).numpy()[:, self.columns]
        bases = [hadamard * diagonal[self.columns] for diagonal in self.signs]
        return np.concatenate([half for basis in bases for half in (basis, -basis)])[: self.classes]


def _coherence(order: int, signs: NDArray[np.int8], columns: NDArray[np.int64], reach: int) -> float:
    """Largest |cosine| between different rows; within a basis, the xor of their indices is below `reach`."""
    transform = WalshHadamard(order, order)
    largest = 0.0
    for basis, diagonal in enumerate(signs):
        products = np.zeros((len(signs) - basis, order), dtype=np.float32)
        products[:, columns] = signs[basis:, columns] * diagonal[columns]
        sums = transform(torch.from_numpy(products)).abs().numpy()  # whole numbers, exact in float32
        largest = max(largest, sums[0, 1:reach].max(initial=0.0), sums[1:].max(initial=0.0))
    return float(largest) / len(columns)


def truncated_hadamard_coherence(classes: int, features: int) -> float:
    """Largest |cosine| between the first `classes` rows of a Hadamard matrix cut to `features` columns."""
    order = next_power_of_two(max(classes, features))
    reach = next_power_of_two(classes)
    return _coherence(order, np.ones((1, order), dtype=np.int8), np.arange(features), reach)


def build_sign_code(classes: int, features: int, *, seed: int) -> SignCode:
    """Distinct rows spread as far as the construction allows, for more classes than features.

    Where the number of features is no power of two, columns are left out: the last ones, or those that a
    permutation drawn from `seed` puts last, whichever keeps the rows further apart.

    Raises:
        ValueError: where there are more classes than rows of signs, or two rows coincide.
    """
    if classes > 1 << features:
        raise ValueError(f"classes is {classes}; {features} features have 2^{features} rows of signs")
    order = next_power_of_two(features)
    bases = math.ceil(classes / (2 * order))
    signs = kerdock_signs(order, bases) if bases <= kerdock_bases(order) else form_signs(order, bases)
    candidates = [np.arange(features)]
    if features < order:
        candidates.append(np.sort(np.random.default_rng(seed).permutation(order)[:features]))
    found = [SignCode(classes, features, order, signs, columns, 1.0) for columns in candidates]
    if features < order:
        found.append(replace(found[0], signs=_distinct_forms(order, bases, candidates[0])))
    found = [replace(code, coherence=_coherence(order, code.signs, code.columns, order)) for code in found]
    best = min(found, key=lambda code: code.coherence)
    if best.coherence > 1.0 - 0.5 / features:
        raise ValueError(
            f"classes is {classes}; {features} features keep no {classes} rows of signs distinct"
        )
    return best


def _distinct_forms(order: int, bases: int, columns: NDArray[np.int64]) -> NDArray[np.int8]:
    """Diagonals of forms of rising degree whose rows stay distinct in the columns that are kept, (M, S).

    Fewer than `bases`, filled up with the first, where `MOST_FORMS` have not so many.
    """
    forms = form_signs(order, min(MOST_FORMS, 1 << (order - order.bit_length())))
    transform, chosen = WalshHadamard(order, order), forms[:1]
    for form in forms[1:]:
        if len(chosen) == bases:
            break
        products = np.zeros((len(chosen), order), dtype=np.float32)
        products[:, columns] = chosen[:, columns] * form[columns]
        if float(transform(torch.from_numpy(products)).abs().max()) < len(columns):
            chosen = np.concatenate([chosen, form[None]])
    return np.concatenate([chosen, np.repeat(forms[:1], bases - len(chosen), axis=0)])
