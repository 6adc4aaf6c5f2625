"""The learner of kind `interactions`: a network that is fitted, and what its weights say meanwhile."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agents.interactions.config import InteractionsConfig
from agents.interactions.findings import Findings, read_findings
from vision.fit import Fit
from vision.interactions.loss import PenalisedError, row_errors
from vision.interactions.networks import InteractionNetwork
from vision.interactions.problem import Part, Problem, synthetic_problem, tabular_problem
from vision.interactions.tabular import read_table
from vision.processes import Processes

DATA = 1
"""The stream of a run's seed for drawing and splitting the rows."""


class InteractionsLearner:
    """A network on its way through a run.

    Args:
        config: see `InteractionsConfig`.
        seed: of the rows, the weights and the order.
        device: "cpu" or "cuda".

    Raises:
        ValueError: if nothing to fit is named, or a file is malformed.
        OSError: if a file is missing.
    """

    def __init__(self, config: InteractionsConfig, *, seed: int, device: str) -> None:
        self.config = config
        self._seed = seed
        self.problem = build_problem(config, seed=seed)
        self._parts = {name: part.to(device) for name, part in self.problem.parts.items()}
        self.network = build_network(config, self.problem, torch.Generator().manual_seed(seed))
        self._fit = fit_of(self.network, self._parts["train"], self.problem, config, seed=seed)

    def share(self, processes: Processes) -> None:
        """Make the updates together with other processes; see `vision.fit.Fit.share`."""
        self._fit.share(processes)

    def train(self) -> Iterator[dict[str, float]]:
        """Train to the end; see `vision.fit.Fit.train` for what is raised."""
        for report in self._fit.train():
            errors = {
                name: part_errors(self.network, self._parts[name], self.problem)
                for name in ("validation", "test")
            }
            found = {f"{name}_loss": float(values.mean()) for name, values in errors.items()}
            if not self.problem.binary:
                found["test_rmse"] = float(errors["test"].sqrt().mean())
            yield report | found | _scores(self.problem, self.network)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the loop, and the seed that draws the rows again."""
        return {"fit": self._fit.state_dict(), "seed": self._seed}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: if it is of another network or seed.
        """
        if state["seed"] != self._seed:
            raise ValueError(f"seed: got {state['seed']}, expected {self._seed}, which draws the rows")
        self._fit.load_state_dict(state["fit"])


def build_problem(config: InteractionsConfig, *, seed: int, data: str = "") -> Problem:
    """Return the rows of a run.

    Args:
        config: of the run.
        seed: of the run.
        data: folder of the data set instead of the config's.

    Raises:
        ValueError: if nothing to fit is named, or a file is malformed.
        OSError: if a file is missing.
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, DATA)))
    if config.functions:
        return synthetic_problem(config.functions, config.rows, rng)
    if not config.dataset:
        raise ValueError("function: got nothing, expected f1 to f10, suite, or a dataset with its data")
    folder = data or config.data
    if not folder:
        raise ValueError(f"data: got nothing, expected the folder of the data set {config.dataset}")
    return tabular_problem(config.dataset, read_table(Path(folder), config.dataset), rng)


def build_network(
    config: InteractionsConfig, problem: Problem, generator: torch.Generator
) -> InteractionNetwork:
    """Return the network of a config, with weights from `generator`."""
    return InteractionNetwork(
        len(problem.functions),
        len(problem.inputs),
        hidden=config.hidden,
        univariate=config.univariate if config.network == "mlp_m" else (),
        generator=generator,
    )


def fit_of(
    network: InteractionNetwork, train: Part, problem: Problem, config: InteractionsConfig, *, seed: int
) -> Fit:
    """Return the supervised run of a config on training rows, which lie on its device."""
    loss = PenalisedError(network.main_weights(), l1=config.l1, binary=problem.binary)
    return Fit(network, loss, train, len(train), config.fit, seed=seed, device=train.targets.device)


@torch.no_grad()
def part_outputs(network: InteractionNetwork, part: Part, *, batch: int = 2000) -> Tensor:
    """Return the (N, M) outputs for all rows of a part."""
    network.eval()
    return torch.cat([network(inputs) for inputs in part.inputs.split(batch)])


def part_errors(network: InteractionNetwork, part: Part, problem: Problem) -> Tensor:
    """Return the (M,) mean errors over all rows of a part, on the CPU."""
    return row_errors(part_outputs(network, part), part.targets, binary=problem.binary).mean(0).cpu()


def build(config: InteractionsConfig, *, seed: int, device: str) -> InteractionsLearner:
    """Build the learner of kind `interactions`; see `agents.runs.learner.Builder`."""
    return InteractionsLearner(config, seed=seed, device=device)


def _scores(problem: Problem, network: InteractionNetwork) -> dict[str, float]:
    """Return the means over the functions whose interactions are known, and the areas of each of several."""
    found: list[Findings] = read_findings(problem, network, mean="min")
    scores = [(one.function, one.scores) for one in found if one.scores]
    if not scores:
        return {}
    names = scores[0][1]._fields
    means = {name: float(np.mean([getattr(one, name) for _, one in scores])) for name in names}
    several = {f"{function}_pair_auc": one.pair_auc for function, one in scores} if len(scores) > 1 else {}
    return means | several
