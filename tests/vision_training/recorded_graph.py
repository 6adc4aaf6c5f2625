"""A stand-in for captured CUDA graphs on a CPU: a recording of torch's operations, played back as they were.

As a captured graph does, it runs no Python again: tensors are those of the recording, and every number that
Python had at hand then stays what it was. What would wait for the device while recording is refused.
"""

from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from vision.deferred import Captured

WAITING = (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default)


def tensors_of(values):
    return [value for value in tree_leaves(values) if isinstance(value, torch.Tensor)]


class Recording(TorchDispatchMode):
    """Runs operations and keeps them with what they gave."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in WAITING:
            raise RuntimeError(f"{func} waits for the device, which a capture forbids")
        given = func(*args, **kwargs)
        self.steps.append((func, args, kwargs, tensors_of(given)))
        return given

    @torch.no_grad()
    def replay(self):
        for func, args, kwargs, given in self.steps:
            for recorded, again in zip(given, tensors_of(func(*args, **kwargs)), strict=True):
                if again.data_ptr() != recorded.data_ptr():  # else a view, or changed in place
                    recorded.copy_(again)


@contextmanager
def unmoved(fit):
    """Puts back what recording an update has changed, since a capture only writes down what is to be done."""
    state = [*fit.model.state_dict().values(), *tensors_of(dict(fit.optimizer.state)), fit._deferred.failed]
    before, drawn = [value.clone() for value in state], fit.generator.get_state()
    yield
    with torch.no_grad():
        for value, old in zip(state, before, strict=True):
            value.copy_(old)
    fit.generator.set_state(drawn)


def record_instead_of_capturing(fit):
    """Lets a fit that defers its updates on a CPU record and replay them as it would on a GPU."""
    deferred = fit._deferred

    def capture(batch):
        given = tuple(part.clone() for part in batch)
        with unmoved(fit), Recording() as recording:
            measured = deferred._stacked(given)
        return Captured(recording, given, measured)

    deferred._captures, deferred._capture = True, capture
    return fit
