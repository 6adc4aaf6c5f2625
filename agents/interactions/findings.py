"""What the weights of a fitted network say of interactions, and how true it is where that is known.

Shapes: p inputs.
"""

from dataclasses import dataclass
from typing import NamedTuple

from vision.interactions.networks import InteractionNetwork
from vision.interactions.problem import Problem
from vision.interactions.ranking import (
    Interaction,
    Weights,
    pair_strengths,
    prune,
    rank_any_order,
    unit_influence,
)
from vision.interactions.scores import Truth, pair_area, r_precision, top_rank_recall

# Sets of any order that are kept, as in the authors' program.
MOST_SETS = 100


class Scores(NamedTuple):
    """How well a ranking finds the true interactions; 1 is perfect."""

    pair_auc: float
    r_precision: float
    top_rank_recall: float


@dataclass(frozen=True)
class Findings:
    """The interactions of one function.

    Attributes:
        function: its name.
        any_order: sets of any size by falling strength, without the subsets of stronger ones.
        pairs: (p, p) symmetric strengths of all pairs.
        scores: None where the truth is not known.
    """

    function: str
    any_order: list[Interaction]
    pairs: Weights
    scores: Scores | None


def read_findings(problem: Problem, network: InteractionNetwork, *, mean: str) -> list[Findings]:
    """Return the findings of each function; `mean` names how the weights of a set are averaged."""
    found = []
    for number, (function, truth) in enumerate(zip(problem.functions, problem.truths, strict=True)):
        first, *later = (layer.double().numpy() for layer in network.layers_of(number))
        influence = unit_influence(later)
        any_order = prune(rank_any_order(first, influence, mean=mean), most=MOST_SETS)
        pairs = pair_strengths(first, influence, mean=mean)
        found.append(Findings(function, any_order, pairs, _scored(any_order, pairs, truth)))
    return found


def _scored(any_order: list[Interaction], pairs: Weights, truth: Truth | None) -> Scores | None:
    if truth is None:
        return None
    return Scores(pair_area(pairs, truth), r_precision(any_order, truth), top_rank_recall(any_order, truth))
