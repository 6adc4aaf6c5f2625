"""Evaluates checkpoints of kind `interactions`: test error, ranked interactions, and their truth.

Shapes: N test rows, M functions, p inputs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from agents.interactions.config import InteractionsConfig
from agents.interactions.cutoff import Cutoff
from agents.interactions.findings import Findings, read_findings
from agents.interactions.learner import build_network, build_problem, part_outputs
from agents.runs.checkpoint import Checkpoint
from agents.runs.config_json import config_from_json
from agents.runs.errors import ConfigError, CorruptFileError
from vision.evaluate import Estimate, estimate_mean
from vision.interactions.loss import row_errors
from vision.interactions.networks import InteractionNetwork
from vision.interactions.problem import Problem
from vision.interactions.ranking import Interaction, rank_pairs
from vision.interactions.scores import Truth, area_under_curve


@dataclass(frozen=True)
class Trained:
    """A fitted network with the rows of its run; `step` counts the intervals that it was trained for."""

    network: InteractionNetwork
    problem: Problem
    config: InteractionsConfig
    step: int


@dataclass(frozen=True)
class Measured:
    """One function as its network has learnt it.

    Attributes:
        findings: what the weights say.
        truth: the largest true interactions; None where they are not known.
        error: squared error in squared deviations of the target, or logistic loss in nats, on the test rows.
        deviation: of the target, in its own unit.
        test_auc: area under the curve on the test rows of a binary target, else None.
    """

    findings: Findings
    truth: Truth | None
    error: Estimate
    deviation: float
    test_auc: float | None

    @property
    def rmse(self) -> tuple[float, float, float] | None:
        """Root mean squared error with its bounds, in deviations of the target; None for a binary one."""
        if self.test_auc is not None:
            return None
        return tuple(value**0.5 for value in (self.error.mean, self.error.low, self.error.high))


def restore(checkpoint: Checkpoint, *, data: str, device: str) -> Trained:
    """Return the network of a checkpoint, and the rows of its run.

    Args:
        checkpoint: of kind `interactions`.
        data: folder of the data set; empty takes that of the run.
        device: where the network goes.

    Raises:
        ConfigError: if it is of another kind, or its data are malformed.
        CorruptFileError: if its state does not fit its config.
        OSError: if a file is missing.
    """
    if checkpoint.kind != "interactions":
        raise ConfigError(f"checkpoint: got kind {checkpoint.kind}, expected interactions")
    config = config_from_json(InteractionsConfig, checkpoint.config)
    try:
        seed = int(checkpoint.state["learner"]["seed"])
        problem = build_problem(config, seed=seed, data=data)
    except KeyError as error:
        raise CorruptFileError("checkpoint: holds no seed of its rows") from error
    except ValueError as error:
        raise ConfigError(str(error)) from error
    network = build_network(config, problem, torch.Generator())
    try:
        network.load_state_dict(dict(checkpoint.state["learner"]["fit"]["model"]))
    except (KeyError, ValueError, RuntimeError) as error:
        shown = " ".join(str(error).split())[:200]
        raise CorruptFileError(f"checkpoint: holds no network of its config ({shown})") from error
    return Trained(network.to(device), problem, config, checkpoint.step)


def evaluate(trained: Trained, *, mean: str, device: str, seed: int) -> list[Measured]:
    """Return what is measured of each function.

    Args:
        trained: the network and its rows.
        mean: how the weights of a set are averaged, a name of `vision.interactions.ranking.MEANS`.
        device: where the network is.
        seed: of the bootstrap over test rows.
    """
    problem = trained.problem
    part = problem.parts["test"].to(device)
    outputs = part_outputs(trained.network, part)
    errors = row_errors(outputs, part.targets, binary=problem.binary).double().cpu().numpy()
    found = read_findings(problem, trained.network, mean=mean)
    measured = []
    for number, findings in enumerate(found):
        error = estimate_mean(errors[:, number], np.random.default_rng(seed))
        area = None
        if problem.binary:
            labels = part.targets[:, number].cpu().numpy() > 0
            area = area_under_curve(outputs[:, number].double().cpu().numpy(), labels)
        deviation, truth = problem.deviations[number], problem.truths[number]
        measured.append(Measured(findings, truth, error, deviation, area))
    return measured


def evaluation_json(trained: Trained, measured: list[Measured], cutoff: Cutoff | None) -> dict[str, Any]:
    """Return everything measured as plain JSON values, inputs by name."""
    names = trained.problem.inputs
    found: dict[str, Any] = {
        "step": trained.step,
        "network": trained.config.network,
        "inputs": list(names),
        "functions": [_measured_json(one, names) for one in measured],
    }
    if cutoff:
        sets = [[names[place] for place in one] for one in cutoff.sets]
        losses = {"validation_losses": cutoff.losses, "full_validation_loss": cutoff.target}
        found["cutoff"] = {"sets": sets, **losses, "reached": cutoff.reached}
    return found


def _measured_json(one: Measured, names: tuple[str, ...]) -> dict[str, Any]:
    truth = None if one.truth is None else [[names[place] for place in sorted(real)] for real in one.truth]
    return {
        "function": one.findings.function,
        "error": vars(one.error),
        "rmse": one.rmse,
        "deviation": one.deviation,
        "test_auc": one.test_auc,
        "scores": one.findings.scores._asdict() if one.findings.scores else None,
        "truth": truth,
        "any_order": [_ranked_json(ranked, names) for ranked in one.findings.any_order],
        "pairs": [_ranked_json(ranked, names) for ranked in rank_pairs(one.findings.pairs)],
    }


def _ranked_json(ranked: Interaction, names: tuple[str, ...]) -> dict[str, Any]:
    return {"inputs": [names[place] for place in ranked.inputs], "strength": ranked.strength}
