"""Forecasts that need no training: the last value, and ridge regressions in closed form.

Shapes: N windows, L events of a window, I inputs, D targets, P regressors.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from vision.series.windows import Windows

PENALTIES = (1e-2, 1.0, 1e2, 1e4)
"""Tried on the validation part; in units of squared standard deviations, summed over the training windows."""
CHUNK = 1024
"""Windows whose regressors are held at once."""
Regressors = Literal["values", "all"]


def forecast_last(windows: Windows) -> np.ndarray:
    """Return the (N, D) value inputs of the last event before each target: persistence."""
    rows = windows.rows
    return windows.series.values[rows.start - 1 : rows.stop - 1].cpu().double().numpy()


def forecast_ridge(
    training: Windows, validation: Windows, wanted: Windows, *, regressors: Regressors
) -> np.ndarray:
    """Return the (N, D) forecasts of a ridge regression, whose penalty is chosen on the validation part.

    Args:
        training: windows to fit to.
        validation: windows to choose the penalty by.
        wanted: windows to forecast.
        regressors: `values` regresses on the window's value inputs alone, as a vector autoregression of order
            L does; `all` on everything that networks see.
    """
    means, gram, products, centre = _moments(training, regressors)
    truth = validation.targets.cpu().double().numpy()
    best, lowest = np.zeros(products.shape), np.inf
    for penalty in PENALTIES:
        penalised = gram.clone()
        penalised.diagonal().add_(penalty)
        weights = torch.cholesky_solve(products, torch.linalg.cholesky(penalised)).numpy()
        error = float(((_apply(validation, regressors, means, weights) + centre - truth) ** 2).mean())
        if error < lowest:
            best, lowest = weights, error
    return _apply(wanted, regressors, means, best) + centre


def _moments(windows: Windows, regressors: Regressors) -> tuple[np.ndarray, Tensor, Tensor, np.ndarray]:
    """Return means (P,), centred Gram matrix (P, P), products with the targets (P, D), target means (D,)."""
    count = len(windows)
    means = sum(rows.sum(0) for rows, _ in _chunks(windows, regressors)) / count
    centre = windows.targets.double().mean(0).cpu()
    gram, products = 0.0, 0.0
    for rows, targets in _chunks(windows, regressors):
        deviations = rows - means
        gram = gram + deviations.T @ deviations
        products = products + deviations.T @ (targets - centre)
    return means.numpy(), gram, products, centre.numpy()


def _apply(windows: Windows, regressors: Regressors, means: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (N, D) products of the centred regressors with (P, D) weights."""
    return np.concatenate([(rows.numpy() - means) @ weights for rows, _ in _chunks(windows, regressors)])


def _chunks(windows: Windows, regressors: Regressors) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ((n, P), (n, D)) float64 regressors and targets on the CPU, chunk by chunk."""
    for part in torch.arange(len(windows)).split(CHUNK):
        inputs, values, _, targets = windows(part)
        rows = values if regressors == "values" else torch.cat([inputs, values], dim=-1)
        yield rows.flatten(1).cpu().double(), targets.cpu().double()
