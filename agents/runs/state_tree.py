"""Nested state <-> a plain JSON outline plus flat named tensors, the two parts of a checkpoint."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.runs.errors import CorruptFileError, NumericalError
from agents.runs.segments import Segment

if TYPE_CHECKING:
    import torch

Outline = Any
"""JSON values; an object with one key that starts with `$` stands for what JSON cannot say (see
`_decode`)."""

MAX_DEPTH = 64
_DTYPES = (
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "bfloat16", "float32", "float64", "complex64"),
)


def flatten(state: Any) -> tuple[Outline, dict[str, "torch.Tensor"]]:
    """Splits a nested state into outline and tensors; the tensors are contiguous CPU copies.

    Of a segment only the description comes along; its file is stored apart (`agents.runs.segments`).

    Raises:
        NumericalError: A floating tensor or number is not finite (a float may be infinite, a tensor may not).
        TypeError: A leaf, a key or a dtype cannot be stored.
        ValueError: Tensors share memory, or the nesting is deeper than `MAX_DEPTH`.
    """
    flattener = _Flattener()
    outline = flattener.encode(state, ())
    flattener.refuse_shared_memory()
    return outline, {name: _snapshot(leaf) for name, leaf in flattener.leaves.items()}


def unflatten(outline: Outline, tensors: Mapping[str, "torch.Tensor"], folder: Path | None = None) -> Any:
    """Rebuilds the nested state.

    Args:
        outline, tensors: What `flatten` gave.
        folder: Where segments lie; they are read when first used.

    Raises:
        CorruptFileError: Outline and tensors do not fit together.
    """
    try:
        return _decode(outline, tensors, folder)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise CorruptFileError(
            f"the outline of the state is malformed: {type(error).__name__} {error}"
        ) from error


class _Flattener:
    """Collects the tensors of one state under unique readable names."""

    def __init__(self) -> None:
        self.leaves: dict[str, torch.Tensor] = {}

    def encode(self, value: Any, path: tuple[str, ...]) -> Outline:
        """Encodes one value found at `path`."""
        import numpy as np
        import torch

        if len(path) > MAX_DEPTH:
            raise ValueError(f"state {'/'.join(path)[:80]}: nested deeper than {MAX_DEPTH} levels")
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, np.generic):
            return self.encode(value.item(), path)
        if isinstance(value, float):
            return _encode_float(value, path)
        if isinstance(value, Segment):
            return {"$segment": value.description()}
        if isinstance(value, torch.Tensor):
            return {"$torch": self._store(value.detach(), path)}
        if isinstance(value, np.ndarray):
            return {"$numpy": self._store(_tensor_of(value, path), path)}
        if isinstance(value, Mapping):
            return self._encode_mapping(value, path)
        if isinstance(value, (list, tuple)):
            items = [self.encode(item, (*path, str(place))) for place, item in enumerate(value)]
            return items if isinstance(value, list) else {"$tuple": items}
        raise TypeError(f"state {'/'.join(path)}: cannot store a {type(value).__name__}")

    def _encode_mapping(self, value: Mapping[Any, Any], path: tuple[str, ...]) -> Outline:
        for key in value:
            if isinstance(key, bool) or not isinstance(key, (str, int)):
                raise TypeError(
                    f"state {'/'.join(path)}: got key {key!r}, expected a string or a whole number"
                )
        items = [(key, self.encode(item, (*path, str(key)))) for key, item in value.items()]
        if all(isinstance(key, str) and not key.startswith("$") for key, _ in items):
            return dict(items)
        return {"$items": [[key, item] for key, item in items]}

    def _store(self, tensor: "torch.Tensor", path: tuple[str, ...]) -> str:
        import torch

        name = "/".join(("state", *path))
        while name in self.leaves:
            name += "'"
        dtype = str(tensor.dtype).removeprefix("torch.")
        if dtype not in _DTYPES or tensor.layout is not torch.strided:
            raise TypeError(
                f"{name}: got a {tensor.layout} tensor of {dtype}, expected a dense one of {_DTYPES}"
            )
        if (tensor.is_floating_point() or tensor.is_complex()) and not bool(tensor.isfinite().all()):
            raise NumericalError(f"{name}: not every number is finite, so this state is not saved")
        self.leaves[name] = tensor
        return name

    def refuse_shared_memory(self) -> None:
        """Raises `ValueError` if two leaves overlap in memory: after loading they would no longer be tied."""
        spans = sorted(
            (str(leaf.device), *_span(leaf), name) for name, leaf in self.leaves.items() if leaf.numel()
        )
        reached: dict[str, tuple[int, str]] = {}
        for device, start, stop, name in spans:
            end, owner = reached.get(device, (0, ""))
            if start < end:
                raise ValueError(
                    f"{name} shares memory with {owner}: store tied tensors once and tie on load"
                )
            reached[device] = (stop, name)


def _encode_float(value: float, path: tuple[str, ...]) -> Outline:
    if math.isnan(value):
        raise NumericalError(f"state {'/'.join(path)}: the number is nan, so this state is not saved")
    return value if math.isfinite(value) else {"$float": str(value)}


def _tensor_of(array: Any, path: tuple[str, ...]) -> "torch.Tensor":
    import numpy as np
    import torch

    if array.dtype.name not in _DTYPES or not array.dtype.isnative:
        raise TypeError(f"state {'/'.join(path)}: got an array of {array.dtype}, expected one of {_DTYPES}")
    return torch.from_numpy(np.array(array, order="C"))


def _span(leaf: "torch.Tensor") -> tuple[int, int]:
    reach = sum((size - 1) * stride for size, stride in zip(leaf.shape, leaf.stride(), strict=True))
    return leaf.data_ptr(), leaf.data_ptr() + (reach + 1) * leaf.element_size()


def _snapshot(leaf: "torch.Tensor") -> "torch.Tensor":
    import torch

    return leaf.to("cpu", copy=True, memory_format=torch.contiguous_format)


def _decode(outline: Outline, tensors: Mapping[str, "torch.Tensor"], folder: Path | None) -> Any:
    def decode(value: Outline) -> Any:
        if isinstance(value, list):
            return [decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (mark, content), *_ = value.items()
            if mark in decoders:
                return decoders[mark](content)
        if any(key.startswith("$") for key in value):
            raise ValueError(f"unknown mark among {list(value)[:3]}")
        return {key: decode(item) for key, item in value.items()}

    decoders: dict[str, Callable[[Any], Any]] = {
        "$torch": lambda name: tensors[name],
        "$numpy": lambda name: tensors[name].numpy(),
        "$float": float,
        "$tuple": lambda items: tuple(decode(item) for item in items),
        "$items": lambda items: {key: decode(item) for key, item in items},
        "$segment": lambda description: Segment.described(description, folder),
    }
    return decode(outline)


def dump_json(value: Any) -> str:
    """Writes compact standard JSON (no NaN or Infinity)."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=True)


def load_json(text: str | bytes, what: str) -> Any:
    """Reads JSON that may come from anywhere.

    Raises:
        CorruptFileError: Not JSON, nested too deeply, or with a number that is not finite.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CorruptFileError(f"{what} is not valid JSON: {error}") from error


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")
