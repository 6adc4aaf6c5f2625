"""Small problems and runs for the tests of interaction networks."""

from dataclasses import replace

import numpy as np
import torch

from agents.interactions.config import InteractionsConfig
from vision.fit import Fit
from vision.interactions.loss import PenalisedError
from vision.interactions.networks import InteractionNetwork
from vision.interactions.problem import Part
from vision.interactions.ranking import pair_strengths, unit_influence

TINY = InteractionsConfig(
    function="f5", rows=300, hidden=(12, 6), univariate=(4,), epochs=4, interval_epochs=1, batch=30
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def network(functions=1, inputs=4, **changes):
    settings = {"hidden": (6, 5), "generator": seeded(1)} | changes
    return InteractionNetwork(functions, inputs, **settings)


def fitted_pairs(rule, *, univariate=(), epochs=16.0, rows=1000, inputs=4, seed=0, l1=1e-3):
    """[p, p] strengths of all pairs after fitting (N, p) -> (N,) values of a rule, in deviations."""
    drawn = np.random.default_rng(seed).uniform(-1, 1, (rows, inputs))
    values = rule(*drawn.T)
    values = (values - values.mean()) / values.std()
    part = Part(torch.from_numpy(drawn).float()[:, None], torch.from_numpy(values).float()[:, None])
    model = network(inputs=inputs, hidden=(20, 10), univariate=univariate)
    config = replace(TINY, epochs=epochs, batch=25).fit
    loss = PenalisedError(model.main_weights(), l1=l1, binary=False)
    *_, report = Fit(model, loss, part, rows, config, seed=seed).train()
    first, *later = (layer.numpy() for layer in model.layers_of(0))
    return pair_strengths(first, unit_influence(later)), report["error"]
