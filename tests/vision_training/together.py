"""What each of several processes does in the tests of `vision.processes`: tiny fits, kept in a file."""

import itertools
from dataclasses import replace
from datetime import timedelta

import torch
from torch import distributed, nn

from tests.vision_training.tiny import CONFIG, tiny_fit, tiny_network, with_schedule
from vision.dropout import Dropout
from vision.fit import NonFiniteError
from vision.images.classification import CrossEntropy
from vision.processes import Processes

COUNT = 3
PLAIN = replace(with_schedule(batch=9, epochs=3), ghost_batch=0, average_half_life=0.0)


class InDouble:
    """Cross-entropy of a network in double precision, and all its sums."""

    def __call__(self, network, part, generator):
        images, labels = part
        loss = nn.functional.cross_entropy(network(images.double()), labels)
        return loss, {}


FITS = {
    "plain": lambda: tiny_fit(PLAIN, network=tiny_network(norm=False)),
    "ghost": lambda: tiny_fit(CONFIG),
    "double": lambda: tiny_fit(CONFIG, network=tiny_network().double(), loss=InDouble()),
    "few": lambda: tiny_fit(with_schedule(PLAIN, batch=2, max_batch=2), network=tiny_network(norm=False)),
    "drawing": lambda: tiny_fit(CONFIG, network=nn.Sequential(Dropout(0.5, seed=5), *tiny_network())),
}
"""Fits by name, as one process alone makes them."""


class BrokenIn:
    """A loss that is no number in one of the processes."""

    def __init__(self, rank, broken):
        self.inner, self.factor = CrossEntropy(), float("nan") if rank == broken else 1.0

    def __call__(self, network, part, generator):
        loss, measured = self.inner(network, part, generator)
        return loss * self.factor, measured


def trained(name, processes=None, *, state=None, intervals=None):
    """A fit after some intervals, from a state on; and its last report."""
    fit, last = FITS[name](), None
    if processes is not None:
        fit.share(processes)
    if state is not None:
        fit.load_state_dict(state)
    for report in itertools.islice(fit.train(), intervals):
        last = report
    return fit, last


def kept(fit, report):
    """What is compared, as plain tensors and numbers."""
    return {"state": fit.state_dict(), "report": report, "streams": streams(fit)}


def streams(fit):
    return [m.stream.state.clone() for m in fit.model.modules() if isinstance(m, Dropout)]


def work(rank, folder):
    """One process: all fits, one of them resumed, one that breaks elsewhere."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=rank,
        world_size=COUNT,
        timeout=timedelta(seconds=60),
    )
    processes = Processes(rank, COUNT)
    found = {name: kept(*trained(name, processes)) for name in FITS}
    halfway = [kept(*trained("drawing", processes, intervals=2))["state"]]
    distributed.broadcast_object_list(halfway, src=0)  # what the first one saved, all go on from
    found["resumed"] = kept(*trained("drawing", processes, state=halfway[0]))
    broken = tiny_fit(PLAIN, network=tiny_network(norm=False), loss=BrokenIn(rank, 1))
    broken.share(processes)
    try:
        list(broken.train())
        found["broken"] = "nothing was raised"
    except NonFiniteError as error:
        found["broken"] = str(error)
    torch.save(found, f"{folder}/{rank}.pt")
    distributed.destroy_process_group()
