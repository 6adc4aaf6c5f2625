"""Throws of many games at once: noise, one batched simulation, fouls, and the next state of every game.

Shape letters: B games.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.curling.delivery import Shot
from envs.curling.free_guard_zone import settle
from envs.curling.motion import simulate
from envs.curling.rules import GameState, advance, frozen, lose, thrown_slot
from envs.curling.world import World


class Throw(NamedTuple):
    """One turn of a game."""

    before: GameState
    """The game before the turn."""
    executed: Shot | None
    """What left the hand, noise included; None for a concession."""
    board: tuple[NDArray[np.float64], NDArray[np.bool_]]
    """Stones [16, 2] float64 metres and in_play [16] bool after the shot, restored if it was a foul."""
    foul: bool
    after: GameState
    """The game after the turn."""


def throw_each(
    world: World,
    states: Sequence[GameState],
    shots: Sequence[Shot | None],
    rngs: Sequence[np.random.Generator],
) -> list[Throw]:
    """Play one turn of every game; each has its own generator, so none depends on the others.

    Args:
        world: ice, noise and rules that the games share.
        states: B games in progress.
        shots: B intended shots; None concedes.
        rngs: B generators.

    Raises:
        ValueError: when a game is over or a shot cannot be delivered.
    """
    thrown = [index for index, shot in enumerate(shots) if shot is not None]
    throws: list[Throw | None] = [None] * len(states)
    for index, state in enumerate(states):
        if shots[index] is None:
            after = lose(world.ice.sheet, world.rules, state)
            throws[index] = Throw(state, None, (state.stones, state.in_play), False, after)
    if thrown:
        played = _deliver(
            world, [states[i] for i in thrown], [shots[i] for i in thrown], [rngs[i] for i in thrown]
        )
        for index, throw in zip(thrown, played, strict=True):
            throws[index] = throw
    return [throw for throw in throws if throw is not None]


def _deliver(
    world: World, states: Sequence[GameState], shots: Sequence[Shot], rngs: Sequence[np.random.Generator]
) -> list[Throw]:
    """The turns of games in which nobody concedes."""
    sheet, rules = world.ice.sheet, world.rules
    intended = np.array([shot[:2] for shot in shots])
    spin = np.array([shot.spin for shot in shots])
    velocity = np.concatenate(
        [world.noise.perturb(intended[[b]], spin[[b]], rng) for b, rng in enumerate(rngs)]
    )
    before = np.stack([state.stones for state in states]), np.stack([state.in_play for state in states])
    slot = np.array([thrown_slot(rules, state) for state in states])
    motion = simulate(world.ice, *before, slot, velocity, spin, contact_quantum=world.contact_quantum)
    number = np.array([state.shot for state in states])
    team = np.array([state.thrower for state in states])
    stones, in_play, foul = settle(sheet, rules, before, (motion.stones, motion.in_play), number, team)
    return [
        Throw(
            state,
            Shot(float(velocity[b, 0]), float(velocity[b, 1]), float(spin[b])),
            (frozen(stones[b]), frozen(in_play[b])),
            bool(foul[b]),
            advance(sheet, rules, state, stones[b], in_play[b]),
        )
        for b, state in enumerate(states)
    ]
