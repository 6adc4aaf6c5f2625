"""What residual regularizers cost in a training step, fast against dense logits, and the augmentation's rate.

All on one thread of the processor. A regularizer's own share of a step is the time that the profiler counts
inside its modules going forward and inside its autograd functions going back. Peak memory is the highest sum
of what torch allocated and has not yet freed in one forward and backward pass, weights excepted. Whole steps
are timed too, the networks taking turns, but their ratio drifts by several per cent on shared machines. Where
there is a GPU, updates and augmentation on it come on top (`vision_gpu.py`).
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile, record_function

from agents.benchmarks.vision_gpu import measure_augmentations, measure_networks
from vision.images.augment import augment
from vision.images.augment_config import AugmentConfig, Normalization
from vision.images.model_config import RegularizerConfig
from vision.images.models import create_model
from vision.images.regularizers import BranchMixer
from vision.images.shared_draws import SharedDraws
from vision.images.walsh_hadamard import WalshHadamard, hadamard_matrix, next_power_of_two

BATCH = 24
"""Images of a training step."""
STEPS = 2
"""Steps timed of each network, of which the fastest counts; the first also warms up."""
LOGITS_BATCH = 256
SECONDS_A_PRODUCT = 0.2
"""About how long each way to compute logits is repeated; the fastest counts."""
MAX_REPEATS = 50
AUGMENTED = 512
"""Images in an augmented batch."""
MIXING = ("mixer", "_MixBackward", "_RedrawnMixBackward")
"""Profiler events that belong to a regularizer."""
TWO_BRANCHES = "shakeshake26_2x32d"
"""Network in which Shake-Shake is measured."""


class Case(NamedTuple):
    """A regularizer in a network; the first case of each network is the plain one."""

    model: str
    name: str
    regularizer: RegularizerConfig


LOGITS = (
    (64, 10),
    (64, 64),
    (128, 128),
    (256, 256),
    (512, 512),
    (1024, 1024),
    (2048, 1000),
    (4096, 4096),
    (16384, 16384),
)
"""(features N, classes C) in ascending order."""
AUGMENTATIONS = {
    "crop, flip": AugmentConfig(),
    "crop, flip, cutout": AugmentConfig(cutout=16),
    "crop, flip, random erasing": AugmentConfig(erase_probability=0.5),
}
DROPPING = {
    "plain": RegularizerConfig(),
    "stochastic depth": RegularizerConfig("stochastic_depth"),
    "ShakeDrop, batch": RegularizerConfig("shakedrop", level="batch"),
    "ShakeDrop, image": RegularizerConfig("shakedrop", level="image"),
    "ShakeDrop, channel": RegularizerConfig("shakedrop", level="channel"),
    "ShakeDrop, pixel": RegularizerConfig("shakedrop", level="pixel"),
    "one-branch Shake, image": RegularizerConfig("shake"),
}
MIXED = {"plain": RegularizerConfig(), "Shake-Shake, image": RegularizerConfig("shake_shake")}
DEEP, DEEP_CASES = "pyramidnet110_a48", ("plain", "stochastic depth", "ShakeDrop, pixel")
"""Only timed on a GPU."""
ROWS = len(DROPPING) + len(MIXED) + len(LOGITS) + 1 + len(AUGMENTATIONS)
GPU_ROWS = len(DROPPING) + len(MIXED) + len(DEEP_CASES) + len(AUGMENTATIONS)
"""How many rows `measure` and `measure_gpu` yield."""


def measure(model: str, seed: int) -> Iterator[dict[str, Any]]:
    """Measure everything; yields one row each.

    Args:
        model: network with one residual branch a block, whose steps are measured.
        seed: of weights, images and draws.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler writes to the terminal
    with _one_thread():
        for network, regularizers in ((model, DROPPING), (TWO_BRANCHES, MIXED)):
            cases = [Case(network, name, config) for name, config in regularizers.items()]
            yield from _measure_steps(cases, seed)
        rows = []
        for features, classes in LOGITS:
            rows.append(_measure_logits(features, classes, seed))
            yield rows[-1]
        yield _crossover(rows)
        for name, config in AUGMENTATIONS.items():
            yield _measure_augmentation(name, config, seed)


def measure_gpu(model: str, seed: int) -> Iterator[dict[str, Any]]:
    """Measure what is trained on a GPU; yields one row each."""
    yield from measure_networks(model, DROPPING, seed)
    yield from measure_networks(TWO_BRANCHES, MIXED, seed)
    yield from measure_networks(DEEP, {name: DROPPING[name] for name in DEEP_CASES}, seed)
    yield from measure_augmentations(AUGMENTATIONS, seed)


def _measure_steps(cases: list[Case], seed: int) -> Iterator[dict[str, Any]]:
    """Time and memory of a step of each case, beside the first, plain one."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(BATCH, 3, 32, 32, generator=generator)
    labels = torch.randint(10, (BATCH,), generator=generator)
    networks = [
        create_model(case.model, num_classes=10, regularizer=case.regularizer, seed=seed).train()
        for case in cases
    ]
    seconds = [float("inf")] * len(cases)
    for _ in range(STEPS):
        for place, network in enumerate(networks):
            took = _fastest(1, lambda: _step(network, images, labels))  # noqa: B023  (called at once)
            seconds[place] = min(seconds[place], took)
    plain_peak = 0.0
    for case, network, took in zip(cases, networks, seconds, strict=True):
        share, peak = _profile_step(network, images, labels)
        plain_peak = plain_peak or peak
        yield {
            "case": f"step of {case.model}, {case.name}",
            "batch": BATCH,
            "milliseconds": 1e3 * took,
            "time_ratio": took / seconds[0],
            "own_percent": 100.0 * share,
            "peak_megabytes": peak / 2**20,
            "memory_ratio": peak / plain_peak,
        }


def _step(network: nn.Module, images: Tensor, labels: Tensor) -> None:
    functional.cross_entropy(network(images), labels).backward()
    network.zero_grad()


def _profile_step(network: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Returns the share of a step's time that its mixers take, and the step's peak of memory in bytes."""
    recording = profile(activities=[ProfilerActivity.CPU], profile_memory=True)
    with _marked(network), recording as profiler, record_function("step"):
        functional.cross_entropy(network(images), labels).backward()
    network.zero_grad()
    times = {event.key: event.cpu_time_total for event in profiler.key_averages()}
    return sum(times.get(name, 0.0) for name in MIXING) / times["step"], _peak_bytes(profiler)


@contextmanager
def _marked(network: nn.Module) -> Iterator[None]:
    """While open, the profiler sees the forward passes of mixers and their draws as events named `mixer`."""
    handles, open_events = [], []

    def enter(module: nn.Module, inputs: object) -> None:
        open_events.append(record_function("mixer"))
        open_events[-1].__enter__()

    def leave(module: nn.Module, inputs: object, output: object) -> None:
        open_events.pop().__exit__(None, None, None)

    for module in network.modules():
        if isinstance(module, (BranchMixer, SharedDraws)):
            handles += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _peak_bytes(profiler: profile) -> float:
    """The highest running sum of the allocations (positive) and frees (negative) that a profile recorded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace.json")
        profiler.export_chrome_trace(str(path))
        events = json.loads(path.read_text())["traceEvents"]
    changes = sorted((event["ts"], event["args"]["Bytes"]) for event in events if event["name"] == "[memory]")
    held = peak = 0.0
    for _, change in changes:
        held += change
        peak = max(peak, held)
    return peak


def _measure_logits(features: int, classes: int, seed: int) -> dict[str, Any]:
    """Logits of a fixed Hadamard head: a product with its stored rows against the fast transform."""
    x = torch.randn(LOGITS_BATCH, features, generator=torch.Generator().manual_seed(seed))
    rows = hadamard_matrix(next_power_of_two(max(features, classes)))[:classes, :features].contiguous()
    transform = WalshHadamard(features, classes)
    exact = functional.linear(x[:1].double(), rows[: min(classes, 1024)].double())
    found = transform(x[:1])[:, : exact.shape[1]]
    with torch.no_grad():
        dense = _repeated(lambda: functional.linear(x, rows))
        fast = _repeated(lambda: transform(x))
    return {
        "case": f"logits, N = {features}, C = {classes}",
        "batch": LOGITS_BATCH,
        "dense_milliseconds": 1e3 * dense,
        "fast_milliseconds": 1e3 * fast,
        "ratio": dense / fast,
        "largest_relative_error": float((found - exact).abs().max() / exact.abs().max()),
    }


def _crossover(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The first measured size from which the transform is always the faster."""
    slower = [place for place, row in enumerate(rows) if row["ratio"] < 1.0]
    first = slower[-1] + 1 if slower else 0
    found = rows[first]["case"] if first < len(rows) else "none measured"
    return {"case": f"fast from {found.removeprefix('logits, ')} on"}


def _measure_augmentation(name: str, config: AugmentConfig, seed: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (AUGMENTED, 3, 32, 32), generator=generator).to(torch.uint8)
    normalization = Normalization((0.5,) * 3, (0.25,) * 3)
    seconds = _repeated(lambda: augment(images, config, normalization, generator=generator))
    return {
        "case": f"augmentation, {name}, normalise",
        "batch": AUGMENTED,
        "milliseconds": 1e3 * seconds,
        "images_per_second": AUGMENTED / seconds,
    }


def _repeated(work: Callable[[], object]) -> float:
    """The least seconds that `work` takes, repeated for about `SECONDS_A_PRODUCT` after a first time."""
    first = _fastest(1, work)
    repeats = min(MAX_REPEATS, int(SECONDS_A_PRODUCT / first))
    return _fastest(repeats, work) if repeats else first


def _fastest(repeats: int, work: Callable[[], object]) -> float:
    """The least seconds that `work` takes in several goes."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
