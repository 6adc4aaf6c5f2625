"""Optimisers whose rate and momentum a schedule sets: SGD, momentum, Nesterov, Adam."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from vision.fit_config import OptimizerConfig
from vision.schedules import Setting


def build_optimizer(model: nn.Module, config: OptimizerConfig, *, fused: bool = False) -> Optimizer:
    """Return the optimiser of all parameters that want gradients; `apply_setting` must come before a step.

    A fused one moves all parameters in one kernel, takes a tensor as rate, and leaves them alone where its
    attribute `found_inf`, a tensor, is 1.
    PyTorch's momentum is that of Smith et al. 2018: A changes by -(1 - m) A + gradient, weights by -rate A.
    """
    parameters = [value for value in model.parameters() if value.requires_grad]
    if not parameters:
        raise ValueError("model: got no parameters that want gradients, expected at least one")
    decayed = [value for value in parameters if config.decay_vectors or value.ndim > 1]
    plain = [value for value in parameters if not (config.decay_vectors or value.ndim > 1)]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}]
    if plain:
        groups.append({"params": plain, "weight_decay": 0.0})
    if config.kind in ("adam", "adamw"):
        family = Adam if config.kind == "adam" else AdamW
        return family(groups, lr=1.0, betas=(0.9, config.second_decay), fused=fused, capturable=fused)
    # The momentum given here only has to be above 0 for Nesterov's; the schedule sets the real one.
    momentum = 0.0 if config.kind == "sgd" else 0.9
    return SGD(groups, lr=1.0, momentum=momentum, nesterov=config.kind == "nesterov", fused=fused or None)


def apply_setting(optimizer: Optimizer, setting: Setting) -> None:
    """Set rate and momentum (Adam: the first decay rate) of every parameter."""
    for group in optimizer.param_groups:
        group["lr"] = setting.rate
        if "betas" in group:
            group["betas"] = (setting.momentum, group["betas"][1])
        else:
            group["momentum"] = setting.momentum


def optimizer_state(optimizer: Optimizer, model: nn.Module) -> dict[str, dict[str, Any]]:
    """Return {parameter name: {slot: value}}; rates and groups follow from config and schedule."""
    slots = optimizer.state
    return {name: dict(slots[value]) for name, value in model.named_parameters() if value in slots}


def load_optimizer_state(
    optimizer: Optimizer, model: nn.Module, state: Mapping[str, Mapping[str, Any]]
) -> None:
    """Take over what `optimizer_state` gave.

    Raises:
        ValueError: if it names a parameter that the model lacks, or a slot has another shape.
    """
    parameters = dict(model.named_parameters())
    unknown = sorted(set(state) - set(parameters))
    if unknown:
        raise ValueError(f"optimizer state: got {unknown[0]!r}, expected names of the model's parameters")
    optimizer.state.clear()
    fused = bool(optimizer.param_groups[0]["fused"])
    for name, slots in state.items():
        for slot, value in slots.items():
            fits = not isinstance(value, Tensor) or value.ndim == 0 or value.shape == parameters[name].shape
            if not fits:
                found = tuple(value.shape)
                raise ValueError(
                    f"optimizer state {name}.{slot}: got {found}, expected the parameter's shape"
                )
        optimizer.state[parameters[name]] = {
            slot: _beside(value, parameters[name], fused=fused) for slot, value in slots.items()
        }


def _beside(value: Any, parameter: Tensor, *, fused: bool) -> Any:
    """Return a copy of a slot on the parameter's device, and step counters on the CPU unless fused."""
    if not isinstance(value, Tensor):
        return value
    if value.ndim == 0 and parameter.ndim > 0:
        return value.to(parameter.device if fused else "cpu", copy=True)
    return torch.empty_like(parameter, dtype=value.dtype).copy_(value)
