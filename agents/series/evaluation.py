"""Evaluates checkpoints of kind `series`: from a checkpoint to its errors beside those of simple forecasts.

Shapes: N forecasts of the test part, D targets, L lags, K sources.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from agents.runs.checkpoint import Checkpoint
from agents.runs.config_json import config_from_json
from agents.runs.errors import ConfigError, CorruptFileError, StorageError
from agents.series.config import SeriesConfig
from agents.series.data import Prepared, prepare
from vision.evaluate import Estimate
from vision.series.baselines import forecast_last, forecast_ridge
from vision.series.evaluate import (
    ForecastReport,
    estimate_in_blocks,
    report,
    squared_errors,
    weight_by_source,
)
from vision.series.forecast import forecast_windows
from vision.series.models import create_forecaster
from vision.series.socnn import Socnn

BATCH = 512
"""Windows whose weights are looked at in one forward pass."""


@dataclass(frozen=True)
class Trained:
    """A trained network with the windows of its run's series."""

    network: nn.Module
    config: SeriesConfig
    data: Prepared
    step: int


@dataclass(frozen=True)
class Evaluation:
    """What one forecaster makes of the test part.

    Attributes:
        forecasts: (N, D) float64 in units of the standardised targets.
        report: its errors.
        difference: its squared error minus that of the vector autoregression; None for this one.
    """

    forecasts: np.ndarray
    report: ForecastReport
    difference: Estimate | None


@dataclass(frozen=True)
class Significance:
    """How much SOCNN lets events count.

    Attributes:
        shares: (N, L, D) shares of the events of windows, the oldest event first.
        by_source: (K, D) the mean share of an event of each source, 1 being that of all; K may be 0.
    """

    shares: np.ndarray
    by_source: np.ndarray


def restore(checkpoint: Checkpoint, data: str, *, device: str) -> Trained:
    """Return the network of a checkpoint and the series that it was trained on.

    Args:
        checkpoint: of kind `series`.
        data: folder of the series; empty for the one that the run had.
        device: where to put them.

    Raises:
        ConfigError: if it is of another kind, or the folder holds another series.
        CorruptFileError: if its state does not fit its config.
        StorageError: if the series cannot be read.
    """
    if checkpoint.kind != "series":
        raise ConfigError(f"checkpoint: got kind {checkpoint.kind}, expected series")
    config = config_from_json(SeriesConfig, checkpoint.config)
    try:
        record, weights = (
            checkpoint.state["learner"]["series"],
            dict(checkpoint.state["learner"]["fit"]["model"]),
        )
        prepared = _prepare(config, data or config.data, record, device)
        network = create_forecaster(
            config.forecaster,
            inputs=prepared.test.series.inputs.shape[1],
            targets=len(record["centre"]),
            length=config.length,
        )
        network.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        problem = " ".join(str(error).split())[:200]
        raise CorruptFileError(f"checkpoint: holds no forecaster of its config ({problem})") from error
    return Trained(network.to(device).eval(), config, prepared, checkpoint.step)


def series_key(trained: Trained) -> tuple[object, ...]:
    """What decides the windows: forecasters of equal keys are compared with the same simple forecasts."""
    config, record = trained.config, trained.data.record
    drawn = None if config.dataset == "artificial" else record["seed"]  # the file is the same for every seed
    series = (config.dataset, config.file, config.sources, config.asynchronous)
    return (*series, drawn, tuple(record["centre"]), config.length, config.value_input)


def evaluate_network(trained: Trained, reference: Evaluation, *, seed: int) -> Evaluation:
    """Return the evaluation of a network; `reference` is that of the vector autoregression."""
    forecasts = forecast_windows(trained.network, trained.data.test).double().numpy()
    return _evaluate(forecasts, _truth(trained.data), reference, seed)


def evaluate_simple(data: Prepared, *, seed: int) -> dict[str, Evaluation]:
    """Return the evaluations of the forecasts that need no training, the vector autoregression first."""
    truth = _truth(data)
    parts = (data.training, data.validation, data.test)
    var = _evaluate(forecast_ridge(*parts, regressors="values"), truth, None, seed)
    ridge = forecast_ridge(*parts, regressors="all")
    return {
        "var": var,
        "ridge": _evaluate(ridge, truth, var, seed),
        "persistence": _evaluate(forecast_last(data.test), truth, var, seed),
    }


@torch.no_grad()
def significance(trained: Trained) -> Significance | None:
    """Return how much SOCNN lets the events of the test windows count; None for other networks."""
    if not isinstance(trained.network, Socnn):
        return None
    windows, series = trained.data.test, trained.data.series
    parts = torch.arange(len(windows)).split(BATCH)
    shares = torch.cat([trained.network.weights(windows(part)[0]).cpu() for part in parts]).numpy()
    past = np.lib.stride_tricks.sliding_window_view(series.sources, windows.length)
    sources = past[windows.rows.start - windows.length : windows.rows.stop - windows.length]
    count = len(series.source_names)
    by_source = weight_by_source(shares, sources, count) if count else np.empty((0, shares.shape[2]))
    return Significance(shares, by_source)


def _prepare(config: SeriesConfig, folder: str, record: dict[str, object], device: str) -> Prepared:
    """Return the windows of a run's series; the errors are those of `restore`."""
    try:
        prepared = prepare(config, folder, seed=int(record["seed"]), device=device)
        prepared.check_record(record)
    except OSError as error:
        raise StorageError(f"data: {error}") from error
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return prepared


def _truth(data: Prepared) -> np.ndarray:
    """Return the (N, D) float64 targets of the test part."""
    return data.test.targets.cpu().double().numpy()


def _evaluate(
    forecasts: np.ndarray, truth: np.ndarray, reference: Evaluation | None, seed: int
) -> Evaluation:
    rng = np.random.default_rng(seed)
    found = report(forecasts, truth, rng=rng)
    if reference is None:
        return Evaluation(forecasts, found, None)
    excess = squared_errors(forecasts, truth) - squared_errors(reference.forecasts, truth)
    return Evaluation(forecasts, found, estimate_in_blocks(excess, rng))
