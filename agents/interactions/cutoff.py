"""MLP-Cutoff: how many of the ranked interactions a network needs (Tsang et al. 2018, section 4.4).

Networks of single inputs and one per interaction are fitted anew with one interaction more each time, until
they predict the validation rows as well as the network in which the interactions were found.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from agents.interactions.config import InteractionsConfig
from agents.interactions.learner import fit_of, part_errors
from vision.interactions.networks import InteractionNetwork
from vision.interactions.problem import Problem
from vision.interactions.ranking import Interaction


@dataclass(frozen=True)
class Cutoff:
    """How far down the ranking it went.

    Attributes:
        sets: columns of the interactions that the last fit had, strongest first.
        losses: validation loss without interactions, with one, and so on.
        target: validation loss of the full network.
    """

    sets: tuple[tuple[int, ...], ...]
    losses: tuple[float, ...]
    target: float

    @property
    def reached(self) -> bool:
        """Whether the last fit predicts as well as the full network."""
        return self.losses[-1] <= self.target


def find_cutoff(
    ranking: list[Interaction],
    loss_with: Callable[[list[tuple[int, ...]]], float],
    *,
    target: float,
    most: int,
) -> Cutoff:
    """Add interactions in order until the loss with them reaches the target, at most `most` of them."""
    sets = [one.inputs for one in ranking[:most]]
    losses: list[float] = []
    for count in range(len(sets) + 1):
        losses.append(loss_with(sets[:count]))
        if losses[-1] <= target:
            break
    return Cutoff(tuple(sets[: len(losses) - 1]), tuple(losses), target)


def fit_additive(
    problem: Problem, config: InteractionsConfig, sets: list[tuple[int, ...]], *, device: str, seed: int
) -> float:
    """Fit networks of single inputs and of these sets as the run was fitted; returns the validation loss.

    A set inside another gets no network of its own: the other's can do what it could.
    """
    largest = [one for one in sets if not any(set(one) < set(other) for other in sets)]
    network = InteractionNetwork(
        len(problem.functions),
        len(problem.inputs),
        hidden=config.hidden,
        univariate=config.univariate,
        sets=largest,
        generator=torch.Generator().manual_seed(seed),
    )
    fit = fit_of(network, problem.parts["train"].to(device), problem, config, seed=seed)
    for _ in fit.train():
        pass
    return float(part_errors(network, problem.parts["validation"].to(device), problem).mean())
