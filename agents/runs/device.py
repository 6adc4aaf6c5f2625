"""Where networks run: `auto` is the GPU when there is one."""

from typing import Literal

from agents.runs.errors import ConfigError

DeviceName = Literal["auto", "cpu", "cuda"]


def resolve_device(name: DeviceName) -> str:
    """Turns a device name into `cpu` or `cuda`.

    Raises:
        ConfigError: `cuda` was asked for and there is no such device.
    """
    if name == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if name == "cuda":
        raise ConfigError("device: got cuda, expected auto or cpu, because torch sees no CUDA device here")
    return "cpu"
