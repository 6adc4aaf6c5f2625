"""Config dataclasses <-> plain JSON values; reading is strict: unknown and ill-typed fields are errors.

A field that is missing, as in what an earlier version wrote, has its default; a new field's default must
therefore be what was done before there was the field.
"""

import dataclasses
import types
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from agents.runs.errors import ConfigError

T = TypeVar("T")


def config_to_json(config: Any) -> dict[str, Any]:
    """Turns a config into nested dicts and lists of plain values."""
    return {field.name: _to_json(getattr(config, field.name)) for field in dataclasses.fields(config)}


def config_from_json(cls: type[T], values: Any, *, prefix: str = "") -> T:
    """Builds a config from what `config_to_json` gave.

    Raises:
        ConfigError: A field is unknown, missing and without a default, of a wrong type or out of range.
    """
    where = prefix.rstrip(".") or cls.__name__
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: got a {type(values).__name__}, expected an object")
    hints = get_type_hints(cls)
    needed = {field.name: _has_no_default(field) for field in dataclasses.fields(cls)}
    for name in sorted(values.keys() ^ needed.keys()):
        if name in values:
            raise ConfigError(f"{prefix}{name}: unknown field, expected one of {', '.join(needed)}")
        if needed[name]:
            raise ConfigError(f"{prefix}{name}: missing")
    read = {name: _from_json(hints[name], value, f"{prefix}{name}") for name, value in values.items()}
    try:
        return cls(**read)
    except ValueError as error:
        raise ConfigError(f"{prefix}{error}") from error


def changed_fields(before: Any, after: Any, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Lists (field, old value, new value) where two configs of one class differ, nested fields by dotted
    names."""
    changes: list[tuple[str, Any, Any]] = []
    for field in dataclasses.fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if dataclasses.is_dataclass(old) and type(old) is type(new):
            changes += changed_fields(old, new, f"{prefix}{field.name}.")
        elif old != new:
            changes.append((f"{prefix}{field.name}", old, new))
    return changes


def _has_no_default(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _to_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return config_to_json(value)
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    return value


def _from_json(hint: Any, value: Any, name: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint):
        return config_from_json(hint, value, prefix=f"{name}.")
    if origin is Literal:
        return _require(value in arguments, value, name, f"one of {arguments}")
    if origin in (Union, types.UnionType):
        return _from_union(arguments, value, name)
    if origin is tuple:
        _require(isinstance(value, list), value, name, "a list")
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            arguments = (arguments[0],) * len(value)
        _require(len(value) == len(arguments), value, name, f"{len(arguments)} values")
        return tuple(_from_json(part, item, name) for part, item in zip(arguments, value, strict=True))
    if hint is float:
        _require(isinstance(value, (int, float)) and not isinstance(value, bool), value, name, "a number")
        return float(value)
    return _require(type(value) is hint, value, name, f"a value of type {getattr(hint, '__name__', hint)}")


def _from_union(choices: tuple[Any, ...], value: Any, name: str) -> Any:
    for choice in choices:
        try:
            return _from_json(choice, value, name)
        except ConfigError:
            continue
    return _require(False, value, name, f"one of the types {choices}")


def _require(condition: bool, value: Any, name: str, expected: str) -> Any:
    if not condition:
        raise ConfigError(f"{name}: got {str(value)[:60]!r}, expected {expected}")
    return value
