"""Runs made longer: which field of a config says how long a run is, and whether a run may have more of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple


class Length(NamedTuple):
    """What a config says of the length of its runs, as its property `length`.

    Args:
        field: The field that says how long a run is.
        fixed: Why a run cannot go on beyond its end; empty where it can, and then what it measures are the
            numbers of a run that was as long from the start.
        start: Flag of a new run that begins with the network of another; empty if there is none.
    """

    field: str
    fixed: str = ""
    start: str = ""


SCHEDULED = Length("epochs", "its schedule spans the whole run")
"""Of configs that say nothing of it."""


def length_of(config: Any) -> Length:
    """What a config says of the length of its runs."""
    return getattr(config, "length", SCHEDULED)


def is_lengthened(before: Any, after: Any) -> bool:
    """Whether a run of the config `before` may go on as one of `after`: longer, and otherwise the same."""
    field, fixed, _ = length_of(before)
    if fixed or type(before) is not type(after):
        return False
    more = getattr(after, field)
    return getattr(before, field) < more and replace(before, **{field: more}) == after


def how_to_lengthen(path: Path, kind: str, config: Any) -> str:
    """Says to a person how the run in this folder is made longer."""
    field, fixed, start = length_of(config)
    flag = f"--{field.replace('_', '-')} N"
    if not fixed:
        return f"--resume {path} {flag}, N above {getattr(config, field)}, makes it longer"
    begins = f" {start} {path}" if start else ""
    return f"{fixed}; a longer one is a new run: run.py train {kind} --config-from {path}{begins} {flag}"
