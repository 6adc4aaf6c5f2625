"""Learning-rate and batch-size schedules as pure functions of the samples seen (Smith et al. 2018).

Don't Decay the Learning Rate, Increase the Batch Size, ICLR 2018, arXiv 1711.00489. Progress is counted in
samples, never in updates, so that a run that changes its batch size sees exactly as much data as one that
does not.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from vision.checks import LARGEST, require

ScheduleKind = Literal[
    "constant", "cosine", "decay_rate", "increase_batch", "hybrid", "increased_rate", "increased_momentum"
]

# How many milestones enlarge the batch before the rate has to decay instead; infinity means all of them.
GROWTH_STEPS: dict[str, float] = {
    "decay_rate": 0,
    "hybrid": 1,
    "increase_batch": math.inf,
    "increased_rate": math.inf,
    "increased_momentum": math.inf,
}


@dataclass(frozen=True)
class ScheduleConfig:
    """A schedule, described by the decaying run that it replaces.

    The five kinds of the paper lower the noise scale by `factor` at every milestone. `decay_rate` divides the
    rate; `increase_batch` multiplies the batch; `hybrid` multiplies the batch at the first milestone and
    divides the rate afterwards; `increased_rate` starts `rate_boost` times higher in rate and batch and
    then increases the batch; `increased_momentum` raises the momentum as well, and the batch in proportion
    to rate / (1 - momentum). Where a batch would pass `max_batch` it stays there and the rate decays by
    what is missing, so that all five share rate / (batch (1 - momentum)) at every moment: one noise scale, as
    long as batches are small beside the data.

    Attributes:
        kind: which schedule; `constant` and `cosine` (to zero, per update) have no milestones.
        epochs: length of the run in passes over the data, above 0.
        rate: initial learning rate of the decaying run, above 0.
        momentum: momentum of the decaying run (Adam: its first decay rate), in [0, 1).
        batch: batch size of the decaying run in samples, at least 1.
        factor: ratio of the noise scales before and after a milestone, at least 1.
        milestones: ascending fractions of the run in (0, 1).
        max_batch: largest batch in samples, at least 1; validity wants it at or below a tenth of the data.
        rate_boost: how much higher the increased kinds start in rate, at least 1.
        raised_momentum: momentum of `increased_momentum`, in [0, 1).
        warmup_epochs: passes over which the rate rises linearly from zero, at least 0.
    """

    kind: ScheduleKind = "decay_rate"
    epochs: float = 200.0
    rate: float = 0.1
    momentum: float = 0.9
    batch: int = 128
    factor: float = 5.0
    milestones: tuple[float, ...] = (0.3, 0.6, 0.8)
    max_batch: int = 5120
    rate_boost: float = 5.0
    raised_momentum: float = 0.98
    warmup_epochs: float = 0.0

    def __post_init__(self) -> None:
        known = ("constant", "cosine", *GROWTH_STEPS)
        require(self.kind in known, self, "kind", f"one of {', '.join(known)}")
        require(0 < self.epochs <= LARGEST, self, "epochs", f"a number above 0, at most {LARGEST:g}")
        require(0 < self.rate <= LARGEST, self, "rate", f"a number above 0, at most {LARGEST:g}")
        require(0 <= self.momentum < 1, self, "momentum", "a number in [0, 1)")
        require(self.batch >= 1, self, "batch", "at least 1 sample")
        require(1 <= self.factor <= LARGEST, self, "factor", f"a number from 1 to {LARGEST:g}")
        ascending = all(a < b for a, b in zip((0.0, *self.milestones), (*self.milestones, 1.0), strict=True))
        require(ascending, self, "milestones", "ascending fractions in (0, 1)")
        require(self.max_batch >= 1, self, "max_batch", "at least 1 sample")
        require(self.batch <= self.max_batch, self, "batch", f"at most max_batch ({self.max_batch})")
        require(1 <= self.rate_boost <= LARGEST, self, "rate_boost", f"a number from 1 to {LARGEST:g}")
        require(0 <= self.raised_momentum < 1, self, "raised_momentum", "a number in [0, 1)")
        require(0 <= self.warmup_epochs <= self.epochs, self, "warmup_epochs", "a number in [0, epochs]")


@dataclass(frozen=True)
class Setting:
    """What the optimiser uses for one update: learning rate, momentum and batch size in samples."""

    rate: float
    momentum: float
    batch: int


def noise_scale(setting: Setting, count: int) -> float:
    """Return g = eps / (1 - m) (N / B - 1), the scale of SGD's random fluctuations (sections 2 and 4).

    Args:
        setting: rate eps, momentum m and batch B.
        count: number of training samples N.
    """
    return setting.rate / (1.0 - setting.momentum) * (count / setting.batch - 1.0)


@lru_cache(maxsize=16)
def phases(config: ScheduleConfig) -> tuple[tuple[float, Setting], ...]:
    """Return (start as a fraction of the run, setting) per phase, before warm-up and cosine."""
    first = _initial(config)
    if config.kind not in GROWTH_STEPS:
        return ((0.0, _capped(config, first, first.batch, 1.0)),)
    starts = (0.0, *config.milestones)
    table = []
    for step, start in enumerate(starts):
        wanted = first.batch * config.factor ** min(step, GROWTH_STEPS[config.kind])
        table.append((start, _capped(config, first, wanted, config.factor**-step)))
    return tuple(table)


def setting_at(config: ScheduleConfig, progress: float) -> Setting:
    """Return the setting of an update that starts at `progress`, a fraction of the run in [0, 1]."""
    if not 0.0 <= progress <= 1.0:
        raise ValueError(f"progress: got {progress!r}, expected a fraction of the run in [0, 1]")
    setting = next(found for start, found in reversed(phases(config)) if progress >= start)
    rate = setting.rate
    if config.kind == "cosine":
        rate *= 0.5 * (1.0 + math.cos(math.pi * progress))
    if progress * config.epochs < config.warmup_epochs:
        rate *= progress * config.epochs / config.warmup_epochs
    return Setting(rate, setting.momentum, setting.batch)


def total_samples(config: ScheduleConfig, count: int) -> int:
    """Return the samples a run sees: epochs times the number of training samples, rounded to the nearest."""
    return round(config.epochs * count)


def batch_length(config: ScheduleConfig, count: int, position: int) -> int:
    """Return how many samples the update that starts after `position` samples takes.

    Batches run across epoch ends. A batch that straddles a milestone takes the same share of an update from
    both phases, and what is left at the end of the run joins the last batch if it is less than half a
    batch. So a run sees exactly `total_samples` samples in `update_count` updates (one more or less where a
    straddling batch is rounded).
    """
    total = total_samples(config, count)
    if not 0 <= position < total:
        raise ValueError(f"position: got {position}, expected a sample number in [0, {total})")
    size, share = 0.0, 1.0
    for end, batch in _segments(config, total):
        room = end - position - size
        if room <= 0:
            continue
        taken = min(room, share * batch)
        size += taken
        share -= taken / batch
        if share <= 0:
            break
    length = max(1, round(size))
    left = total - position
    return left if 2 * left < 3 * length else length


def update_count(config: ScheduleConfig, count: int) -> int:
    """Return the updates of a run: samples / batch summed over phases, rounded to the nearest, halves up.

    Source: reproduces the paper's CIFAR-10 runs (50,000 samples, 200 epochs, milestones after 60, 120 and
    160).
    """
    start, updates = 0, 0.0
    for end, batch in _segments(config, total_samples(config, count)):
        updates += (end - start) / batch
        start = end
    return max(1, math.floor(updates + 0.5))


def updates(config: ScheduleConfig, count: int) -> Iterator[tuple[int, Setting]]:
    """Yield (samples seen before the update, its setting with the batch that it takes) over a whole run."""
    position, total = 0, total_samples(config, count)
    while position < total:
        length = batch_length(config, count, position)
        setting = setting_at(config, position / total)
        yield position, Setting(setting.rate, setting.momentum, length)
        position += length


def _initial(config: ScheduleConfig) -> Setting:
    """Return the first setting before the cap on the batch; its noise scale is that of the decaying run."""
    if config.kind not in ("increased_rate", "increased_momentum"):
        return Setting(config.rate, config.momentum, config.batch)
    momentum = config.raised_momentum if config.kind == "increased_momentum" else config.momentum
    batch = config.batch * config.rate_boost * (1.0 - config.momentum) / (1.0 - momentum)
    return Setting(config.rate * config.rate_boost, momentum, max(1, round(batch)))


def _capped(config: ScheduleConfig, first: Setting, wanted: float, noise: float) -> Setting:
    """Return the setting of `noise` times the first noise scale, with the wanted batch or the largest."""
    batch = max(1, min(round(wanted), config.max_batch))
    return Setting(first.rate * noise * batch / first.batch, first.momentum, batch)


def _segments(config: ScheduleConfig, total: int) -> Iterator[tuple[int, int]]:
    """Yield (first sample after the phase, its batch) per phase."""
    table = phases(config)
    ends = [round(start * total) for start, _ in table[1:]] + [total]
    for end, (_, setting) in zip(ends, table, strict=True):
        yield end, setting.batch
