"""The compiled parts of one step of a batch of trees: take in steps, then evaluations, and find leaves.

Shape letters: T trees, L leaves a tree and step, R rows (at most T L), S bytes of a state, A continuous
dimensions, K outcomes, P proposed actions.
"""

from typing import NamedTuple

import numpy as np

from planners.candidates import Urn, take_candidates, urn_for
from planners.compiled import borrowed, entry, kernel
from planners.growth import back_up, mark_in_flight, plant
from planners.kernel import Kernel, borrow_kernel, copy_row, execute
from planners.random_stream import word
from planners.selection import Rules, find_leaf
from planners.tree import NOBODY, ROOT, Trees, borrow

NO_ROW = -1
LEAF = np.dtype(
    [
        ("tree", np.int32),
        ("node", np.int32),  # NOBODY where a tree gave fewer leaves
        ("step_row", np.int32),  # row of the simulator's batch; NO_ROW if the leaf was not opened now
        ("evaluation_row", np.int32),  # row of the evaluator's batch, or NO_ROW
    ],
    align=True,
)
SOUND, BAD_MOVER, BAD_OUTCOMES, BAD_PRIORS = range(4)
TOLERANCE = 1e-3
"""How far a distribution's sum may be from 1."""


class Proposed(NamedTuple):
    """Actions proposed: points [R or 1, P, A], parts and priors [R or 1, P]; one row is shared by all."""

    points: np.ndarray
    parts: np.ndarray
    priors: np.ndarray


@entry
def plant_roots(
    trees: Trees, seeds: np.ndarray, movers: np.ndarray, leaves: np.ndarray, asked: np.ndarray
) -> int:
    """Plants every tree; its root, the first of its leaves [T L], waits for its evaluation, with the seed in
    asked [T]."""
    trees, each = borrow(trees), len(leaves) // len(trees.trees)
    for row in range(len(leaves)):
        leaves[row].node = NOBODY
    for t in range(len(trees.trees)):
        plant(trees, t, seeds[t])
        if movers[t] != 0 and movers[t] != 1:
            return BAD_MOVER
        trees.nodes[t, ROOT].mover = movers[t]
        mark_in_flight(trees, t, ROOT, 1)
        leaf = leaves[t * each]
        leaf.tree, leaf.node, leaf.step_row, leaf.evaluation_row = t, ROOT, NO_ROW, t
        asked[t] = word(trees.trees, t)
    return SOUND


@kernel
def _is_executed(trees: Trees, rules: Rules, t: int, node: int) -> bool:
    """Whether a node's action is played with noise, as it ends the episode and the search knows."""
    return rules.execute_last and node != ROOT and trees.nodes[t, trees.nodes[t, node].parent].last


@kernel
def _is_played(trees: Trees, rules: Rules, t: int, node: int) -> bool:
    """Whether the simulator plays a leaf's action: at the first visit, and whenever it is executed."""
    first = trees.edges[t, trees.nodes[t, node].edge].visits == 0
    return first or (trees.nodes[t, node].terminal and _is_executed(trees, rules, t, node))


@kernel
def _write_action(
    trees: Trees,
    rules: Rules,
    shape: Kernel,
    t: int,
    node: int,
    states: np.ndarray,
    points: np.ndarray,
    parts: np.ndarray,
    row: int,
) -> None:
    """Writes the action that leads to a node to the simulator's row."""
    edge = trees.nodes[t, node].edge
    copy_row(trees.states[t], trees.nodes[t, node].parent, states, row)
    if _is_executed(trees, rules, t, node):
        execute(shape, trees.points[t], edge, points, row, trees.trees, t)
    else:
        copy_row(trees.points[t], edge, points, row)
    parts[row] = trees.edges[t, edge].part


@entry
def take_steps(
    trees: Trees,
    leaves: np.ndarray,
    states: np.ndarray,
    movers: np.ndarray,
    terminal: np.ndarray,
    asked_states: np.ndarray,
    asked: np.ndarray,
) -> int:
    """Stores what the simulator answered: states [R, S], movers [R], terminal [R].

    Writes what is to be evaluated to asked_states [R, S] and asked [R]; returns how many, -1 for a mover
    that is neither player.
    """
    trees, count = borrow(trees), 0
    for row in range(len(leaves)):
        leaf = leaves[row]
        if leaf.step_row == NO_ROW:
            continue
        t, record, step = leaf.tree, trees.nodes[leaf.tree, leaf.node], leaf.step_row
        copy_row(states, step, trees.states[t], leaf.node)
        record.terminal = terminal[step]
        if terminal[step]:
            trees.nodes[t, record.parent].last = True
            continue
        if movers[step] != 0 and movers[step] != 1:
            return -1
        record.mover = movers[step]
        leaf.evaluation_row = count
        copy_row(states, step, asked_states, count)
        asked[count] = word(trees.trees, t)
        count += 1
    return count


@entry
def advance(
    trees: Trees,
    rules: Rules,
    shape: Kernel,
    simulations: int,
    leaves: np.ndarray,
    step_outcomes: np.ndarray,
    outcomes: np.ndarray,
    proposed_points: np.ndarray,
    proposed_parts: np.ndarray,
    priors: np.ndarray,
    states: np.ndarray,
    points: np.ndarray,
    parts: np.ndarray,
) -> tuple[int, int, int]:
    """Takes in what the evaluator answered of the leaves [T L], backs them up, and finds the next ones.

    A tree whose budget of `simulations` is spent, or whose next way down ends at a node all of whose children
    are in flight, gives fewer: the rest of its leaves have the node NOBODY.

    Args: step_outcomes [R, K] are read where the game ended, outcomes [R, K] where it goes on;
    proposed_points [R or 1, P, A], proposed_parts [R or 1, P] and priors [R or 1, P] are the proposals.
    Actions to simulate are written to states [R, S], points [R, A], parts [R].

    Returns what is wrong, or SOUND; the leaves found; and how many of them are to be simulated.
    """
    trees, shape = borrow(trees), borrow_kernel(shape)
    proposed = Proposed(borrowed(proposed_points), borrowed(proposed_parts), borrowed(priors))
    wrong = _take_evaluations(trees, rules, shape, leaves, step_outcomes, outcomes, proposed)
    if wrong != SOUND:
        return wrong, 0, 0
    found, count = _gather_leaves(trees, rules, shape, simulations, leaves, states, points, parts)
    return SOUND, found, count


@kernel
def _gather_leaves(
    trees: Trees,
    rules: Rules,
    shape: Kernel,
    simulations: int,
    leaves: np.ndarray,
    states: np.ndarray,
    points: np.ndarray,
    parts: np.ndarray,
) -> tuple[int, int]:
    """Finds the next leaves, those of a tree one after the other, all of which are in flight then."""
    found, count, each = 0, 0, len(leaves) // len(trees.trees)
    for t in range(len(trees.trees)):
        room = min(each, simulations + 1 - trees.edges[t, ROOT].visits)
        for place in range(each):
            leaf = leaves[t * each + place]
            leaf.tree, leaf.node, leaf.step_row, leaf.evaluation_row = t, NOBODY, NO_ROW, NO_ROW
            if place >= room:
                continue
            leaf.node = find_leaf(trees, t, rules, shape)
            if leaf.node == NOBODY:
                room = place
                continue
            if _is_played(trees, rules, t, leaf.node):
                leaf.step_row = count
                _write_action(trees, rules, shape, t, leaf.node, states, points, parts, count)
                count += 1
            mark_in_flight(trees, t, leaf.node, 1)
            found += 1
    return found, count


@kernel
def _take_evaluations(
    trees: Trees,
    rules: Rules,
    shape: Kernel,
    leaves: np.ndarray,
    step_outcomes: np.ndarray,
    outcomes: np.ndarray,
    proposed: Proposed,
) -> int:
    """Stores what the evaluator answered and backs up every leaf; returns what is wrong, or SOUND."""
    outcome, urn = np.empty(trees.outcomes.shape[2]), urn_for(proposed.priors.shape[1])
    for row in range(len(leaves)):
        leaf = leaves[row]
        t, node, asked = leaf.tree, leaf.node, leaf.evaluation_row
        if node == NOBODY:
            continue
        record = trees.nodes[t, node]
        if asked != NO_ROW:
            sound = _distribution(outcomes[asked], outcome)
            opens = record.depth < rules.max_depth
            if opens and not _take_proposal(trees, t, node, rules, proposed, asked, urn):
                return BAD_PRIORS
        elif leaf.step_row != NO_ROW:
            sound = _distribution(step_outcomes[leaf.step_row], outcome)
        else:
            sound = _distribution(trees.outcomes[t, node] / trees.edges[t, record.edge].visits, outcome)
        if not sound:
            return BAD_OUTCOMES
        mark_in_flight(trees, t, node, -1)
        back_up(trees, t, node, outcome, shape)
    return SOUND


@kernel
def _take_proposal(
    trees: Trees, t: int, node: int, rules: Rules, proposed: Proposed, row: int, urn: Urn
) -> bool:
    """Takes a node's candidates from a row of what was proposed; whether the priors are sound."""
    points = proposed.points[_row_of(proposed.points, row)]
    parts = proposed.parts[_row_of(proposed.parts, row)]
    priors = proposed.priors[_row_of(proposed.priors, row)]
    return take_candidates(trees, t, node, rules, points, parts, priors, urn)


@kernel
def _row_of(proposed: np.ndarray, row: int) -> int:
    """A row's place in a proposal, whose only row may be shared by all."""
    return row if len(proposed) > 1 else 0


@kernel
def _distribution(given: np.ndarray, outcome: np.ndarray) -> bool:
    """Copies given [K] to outcome [K] with sum 1; whether it was a distribution."""
    total = 0.0
    for k in range(len(given)):
        if not given[k] >= 0.0:
            return False
        total += given[k]
    if not abs(total - 1.0) <= TOLERANCE:
        return False
    for k in range(len(given)):
        outcome[k] = given[k] / total
    return True
