"""Checked reading of decoded JSON: a refusal is one line with field, value and what was expected."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

SHOWN = 60  # characters of a refused value that an error repeats


def mapping(value: object, name: str) -> Mapping[str, Any]:
    """The value, which must be a JSON object.

    Raises:
        ValueError: when it is not.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{name}: {shown(value)}, expected an object")
    return value


def member(fields: Mapping[str, Any], key: str, name: str) -> Any:
    """What the object called `name` holds under `key`.

    Raises:
        ValueError: when the key is missing.
    """
    if key not in fields:
        raise ValueError(f"{name}.{key}: missing, expected a value")
    return fields[key]


def listed(value: object, name: str, shortest: int, longest: int) -> Sequence[Any]:
    """The value, which must be a JSON list of `shortest` to `longest` entries.

    Raises:
        ValueError: when it is not.
    """
    length = str(shortest) if shortest == longest else f"{shortest} to {longest}"
    if not isinstance(value, list) or not shortest <= len(value) <= longest:
        raise ValueError(f"{name}: {shown(value)}, expected a list of {length} entries")
    return value


def finite(value: object, name: str) -> float:
    """The value as a float, which must be a finite JSON number.

    Raises:
        ValueError: when it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name}: {shown(value)}, expected a finite number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name}: {shown(value)}, expected a finite number")
    return number


def whole(value: object, name: str, low: int, high: int) -> int:
    """The value, which must be a whole JSON number from `low` to `high`.

    Raises:
        ValueError: when it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name}: {shown(value)}, expected a whole number from {low} to {high}")
    return value


def chosen(value: object, name: str, choices: tuple[str, ...]) -> str:
    """The value, which must be one of these strings.

    Raises:
        ValueError: when it is not.
    """
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: {shown(value)}, expected one of {', '.join(choices)}")
    return value


def shown(value: object) -> str:
    """A refused value as an error repeats it, cut to `SHOWN` characters."""
    try:
        text = repr(value)
    except ValueError:  # an integer with more digits than Python prints
        text = "a very long number"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
