"""The one supervised loop, shared by classifiers, autoencoders and forecasters: a generator of reports.

The caller passes the network, a loss and a function that fetches samples; rates and batches follow the
schedule (`vision.schedules`), samples come in the order of `vision.sample_order`. A run can stop after any
update and continue bit by bit on the same build, device and thread count. B is the batch of an update.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from vision.averaging import WeightAverage
from vision.deferred import CHECK_EVERY, Batch, DeferredUpdates
from vision.fit_config import FitConfig
from vision.ghost_norm import norms_of, use_ghost_norm
from vision.mean_gradient import Loss, MeanGradient
from vision.optimizers import apply_setting, build_optimizer, load_optimizer_state, optimizer_state
from vision.processes import Processes
from vision.sample_order import SampleOrder
from vision.schedules import Setting, batch_length, noise_scale, setting_at, total_samples

# (indices (B,) int64 on the CPU, generator on the device) -> the batch on the device.
Fetch = Callable[[Tensor, torch.Generator], Batch]
# Loss scaling halves the scale after every overflow; below this the gradient itself is broken.
SMALLEST_LOSS_SCALE = 1.0


class NonFiniteError(FloatingPointError):
    """A loss, gradient or weight is infinite or not a number; the weights are those before the update."""


class Fit:
    """A network on its way through one supervised run.

    Args:
        model: the network; it is moved to the device, and its batch normalisation becomes ghost batch
            normalisation where the config asks for it.
        loss: what to minimise, on one part of a batch.
        fetch: turns sample numbers into a batch.
        count: number of training samples.
        config: see `FitConfig`.
        seed: of the sample order and of what `fetch` and `loss` draw.
        device: where to compute.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Loss,
        fetch: Fetch,
        count: int,
        config: FitConfig,
        *,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.config = config
        self.count = count
        self.device = torch.device(device)
        layout = torch.channels_last if config.channels_last else torch.preserve_format
        self.model = model.to(self.device, memory_format=layout)
        if config.ghost_batch:
            use_ghost_norm(self.model, config.ghost_batch)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self._deferred = DeferredUpdates(self._attempt, self.generator) if self._defers else None
        self.optimizer = build_optimizer(self.model, config.optimizer, fused=self._deferred is not None)
        half_life = config.average_half_life
        self.average = WeightAverage(self.model, half_life) if half_life else None
        self.samples = 0
        self.updates = 0
        self._fetch = fetch
        self._order = SampleOrder(count, seed)
        self._scaler = torch.amp.GradScaler(self.device.type, enabled=config.precision == "float16")
        called = torch.compile(self.model) if config.compile else self.model
        self._gradient = MeanGradient(called, loss, config, self.generator, self._scaler)
        self._total = total_samples(config.plan, count)
        if self._total < 1:
            raise ValueError(f"epochs: got {config.plan.epochs}, expected at least one of {count} samples")
        self._reports = 0
        # Since the last report: name -> (sum over samples, samples).
        self._sums: dict[str, tuple[float, int]] = {}

    @property
    def _defers(self) -> bool:
        """Whether nobody waits for an update: on a GPU, but for float16, whose loss scaling wants to know."""
        return self.device.type == "cuda" and self.config.precision != "float16"

    @property
    def finished(self) -> bool:
        """Whether the schedule has come to its end."""
        return self.samples >= self._total

    def share(self, processes: Processes) -> None:
        """Make the updates together with other processes, each of which calls this before its first one.

        Batches, their variation, rates and the number of updates are those of one process alone, and so is
        the gradient, up to the order of sums, where the network neither draws random numbers nor normalises
        over more than a ghost batch. Draws inside the network come from streams of each process's own, and
        batch normalisation without ghost batches sees the share of one process.
        """
        self._gradient.processes, self._gradient.norms = processes, norms_of(self.model)
        processes.part(self.model)
        if self._deferred is not None and processes.count > 1:  # sums over processes are in no captured graph
            self._deferred = None
            self.optimizer = build_optimizer(self.model, self.config.optimizer)

    def train(self) -> Iterator[dict[str, float]]:
        """Run the schedule from here to its end, yielding one report per interval.

        A batch that passes several interval ends makes their reports follow each other at once; those without
        an update of their own carry no averages.

        Raises:
            NonFiniteError: in the update that meets a loss or gradient that is not finite; on a GPU up to
                `CHECK_EVERY` updates later, naming it, and no weight has moved since.
        """
        while self._reports < self.config.intervals:
            end = round((self._reports + 1) * self.config.interval_epochs * self.count)
            while self.samples < min(end, self._total):
                self.advance()
            self._reports += 1
            yield self._report()

    def advance(self) -> None:
        """Make the next update of the schedule."""
        if self.finished:
            raise ValueError(f"samples: got {self.samples}, expected fewer than the schedule's {self._total}")
        setting = self._setting()
        batch = self._fetch(self._order.take(self.samples, setting.batch), self.generator)
        if self._deferred is None:
            measured = self.step(batch, setting)
            sums = {name: value * setting.batch for name, value in measured.items()}
            self._add(sums, setting.batch)
        else:
            self._leave(batch, setting)
            if self._deferred.unread >= CHECK_EVERY:
                self._settle()
        self.samples += setting.batch
        if self.average:
            self.average.update(self.model, setting.batch / self.count)

    def step(self, batch: Batch, setting: Setting) -> dict[str, float]:
        """Move the weights once by the mean gradient over a batch, whoever chose it.

        Args:
            batch: tensors of B samples.
            setting: rate and momentum of the update.

        Returns:
            Loss, norm of the gradient before clipping, and the loss function's measurements.

        Raises:
            NonFiniteError: before the weights move.
        """
        if self._deferred is not None:
            self._settle()
            self._leave(batch, setting)
            sums, samples = self._read()
            return {name: total / samples for name, total in sums.items()}
        self.model.train()
        apply_setting(self.optimizer, setting)
        self.optimizer.zero_grad()
        sums = self._gradient.add(batch, self._parameters())
        self._scaler.unscale_(self.optimizer)
        norm = clip_grad_norm_(self._parameters(), self.config.clip or math.inf)
        names = [*sums, "gradient_norm"]
        # The only wait for the device: nothing that is not finite may reach the weights.
        values = torch.stack([*sums.values(), norm.float()]).tolist()
        measured = dict(zip(names, values, strict=True))
        self._refuse_non_finite(measured)
        self._scaler.step(self.optimizer)
        self._scaler.update()
        self.updates += 1
        return measured

    def _leave(self, batch: Batch, setting: Setting) -> None:
        """Leave an update to the device."""
        self.model.train()
        apply_setting(self.optimizer, setting)
        for group in self.optimizer.param_groups:
            group["lr"] = self._deferred.rate
        self._deferred.make(batch, setting.rate, setting.momentum)
        self.updates += 1

    def _attempt(self, batch: Batch) -> dict[str, Tensor]:
        """Do what `step` does without waiting for the device: where it would raise, mark a failure instead,
        after which nothing moves."""
        failed = self._deferred.failed
        self.optimizer.zero_grad()
        sums = self._gradient.add(batch, self._parameters())
        norm = clip_grad_norm_(self._parameters(), self.config.clip or math.inf)
        sound = sums["loss"].isfinite() & norm.isfinite()
        failed.copy_(torch.where(sound, failed, torch.ones_like(failed)))
        self.optimizer.found_inf = failed
        self.optimizer.step()
        return sums | {"gradient_norm": norm}

    def _settle(self) -> None:
        """Wait for the updates left to the device, if any, and add up what they measured.

        Raises:
            NonFiniteError: if one of them failed.
        """
        if self._deferred is not None and self._deferred.unread:
            self._add(*self._read())

    def _read(self) -> tuple[dict[str, float], int]:
        """What the updates left to the device measured: sums over their samples, and how many these are."""
        found = self._deferred.read()
        if found.sound < found.updates:
            where = f"update {self.updates - found.updates + found.sound + 1}"
            raise NonFiniteError(f"loss or gradient: got a value that is not finite in {where}")
        return found.sums, found.samples

    def _add(self, sums: Mapping[str, float], samples: int) -> None:
        """Add to the sums since the last report; what is not finite is left out."""
        for name, value in sums.items():
            if math.isfinite(value):
                total, seen = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + value, seen + samples)

    def averaged(self) -> AbstractContextManager[None]:
        """Let the model hold its averaged weights inside the context, if an average is kept."""
        return self.average.swapped_into(self.model) if self.average else nullcontext()

    def state_dict(self) -> dict[str, Any]:
        """Return all that changes in a run; the tensors are the live ones.

        Raises:
            NonFiniteError: if a weight or statistic is not finite, or an update left to the device failed.
        """
        self._settle()
        model = self.model.state_dict()
        floats = {name: value for name, value in model.items() if value.is_floating_point()}
        finite = torch.stack([value.isfinite().all() for value in floats.values()]).tolist()
        for name, fine in zip(floats, finite, strict=True):
            if not fine:
                raise NonFiniteError(f"{name}: got a value that is not finite after update {self.updates}")
        return {
            "model": dict(model),
            "optimizer": optimizer_state(self.optimizer, self.model),
            "average": dict(self.average.values) if self.average else {},
            "generator": self.generator.get_state(),
            "scaler": self._scaler.state_dict(),
            "progress": {
                "samples": self.samples,
                "updates": self.updates,
                "reports": self._reports,
                "sums": dict(self._sums),
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: if a key or shape does not fit this run.
        """
        expected = {"model", "optimizer", "average", "generator", "scaler", "progress"}
        if set(state) != expected:
            raise ValueError(f"state: got keys {sorted(state)}, expected {sorted(expected)}")
        _check_same_tensors("model", state["model"], self.model.state_dict())
        _check_same_tensors("average", state["average"], self.average.values if self.average else {})
        self.model.load_state_dict(dict(state["model"]))
        load_optimizer_state(self.optimizer, self.model, state["optimizer"])
        if self._deferred is not None:
            self._deferred.forget()
        self._gradient.processes.part(self.model)
        for name, value in state["average"].items():
            self.average.values[name].copy_(value)
        self.generator.set_state(state["generator"].cpu())
        self._scaler.load_state_dict(dict(state["scaler"]))
        progress = state["progress"]
        self.samples, self.updates = progress["samples"], progress["updates"]
        self._reports = progress["reports"]
        self._sums = {name: (total, seen) for name, (total, seen) in progress["sums"].items()}

    def _setting(self) -> Setting:
        """Return the setting of the next update, with the batch that it takes."""
        setting = setting_at(self.config.plan, self.samples / self._total)
        length = batch_length(self.config.plan, self.count, self.samples)
        return Setting(setting.rate, setting.momentum, length)

    def _parameters(self) -> list[nn.Parameter]:
        return [value for group in self.optimizer.param_groups for value in group["params"]]

    def _refuse_non_finite(self, measured: Mapping[str, float]) -> None:
        """Raise for a loss or gradient that is not finite; overflow that loss scaling repairs passes."""
        for name, value in measured.items():
            if math.isfinite(value):
                continue
            repairable = name == "gradient_norm" and self._scaler.is_enabled()
            if not repairable or self._scaler.get_scale() < SMALLEST_LOSS_SCALE:
                where = f"update {self.updates + 1}"
                raise NonFiniteError(f"{name}: got {value} in {where}, expected a finite number")

    def _report(self) -> dict[str, float]:
        """Return the averages since the last report and where the run is."""
        self._settle()
        self._gradient.processes.join(self.model)
        setting = setting_at(self.config.plan, min(self.samples / self._total, 1.0))
        report = {name: total / seen for name, (total, seen) in self._sums.items()}
        self._sums = {}
        return report | {
            "epoch": self.samples / self.count,
            "updates": float(self.updates),
            "samples": float(self.samples),
            "rate": setting.rate,
            "momentum": setting.momentum,
            "batch": float(setting.batch),
            "noise_scale": noise_scale(setting, self.count),
        }


def _check_same_tensors(part: str, found: Mapping[str, Any], expected: Mapping[str, Tensor]) -> None:
    """Refuse names or shapes that differ."""
    strange = sorted(set(found) ^ set(expected))
    if strange:
        raise ValueError(f"state {part}: got or lacks {strange[0]!r}, expected exactly the run's tensors")
    for name, value in expected.items():
        if found[name].shape != value.shape:
            shapes = f"{tuple(found[name].shape)}, expected {tuple(value.shape)}"
            raise ValueError(f"state {part}.{name}: got {shapes}")
