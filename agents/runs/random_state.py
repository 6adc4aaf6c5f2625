"""Random generators <-> plain state, so that a resumed run draws what the unbroken run would have drawn."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch


def numpy_state(rng: "np.random.Generator") -> dict[str, Any]:
    """Returns the state of a NumPy generator as nested plain values."""
    return dict(rng.bit_generator.state)


def restore_numpy(rng: "np.random.Generator", state: Mapping[str, Any]) -> None:
    """Sets a NumPy generator, which must use the same bit generator, to a state of `numpy_state`.

    Raises:
        ValueError: The state belongs to another bit generator or is malformed.
    """
    expected = type(rng.bit_generator).__name__
    if state.get("bit_generator") != expected:
        raise ValueError(f"bit_generator: got {state.get('bit_generator')!r}, expected {expected!r}")
    try:
        rng.bit_generator.state = dict(state)
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"state of {expected}: malformed ({type(error).__name__} {error})") from error


def torch_state(generator: "torch.Generator") -> "torch.Tensor":
    """Returns the state of a torch generator, a uint8 tensor on the CPU."""
    return generator.get_state().clone()


def restore_torch(generator: "torch.Generator", state: "torch.Tensor") -> None:
    """Sets a torch generator on the same kind of device to a state of `torch_state`.

    Raises:
        ValueError: The state does not fit this kind of generator.
    """
    try:
        generator.set_state(state)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"state of a torch generator on {generator.device}: malformed ({error})") from error
