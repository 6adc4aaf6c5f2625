"""Checks of arguments: a refusal is one line with the argument's name, its value and what was expected."""

import math
from numbers import Integral, Real


def whole(name: str, value: object, low: int, high: int) -> int:
    """The value as an int; Python's and NumPy's whole numbers will do, booleans will not.

    Raises:
        ValueError: when it is not a whole number from `low` to `high`.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= value <= high:
        raise ValueError(f"{name}: {value!r}, expected a whole number from {low} to {high}")
    return int(value)


def finite(value: object) -> bool:
    """Whether the value is a finite real number, Python's or NumPy's, and no boolean."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
