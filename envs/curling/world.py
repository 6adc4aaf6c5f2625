"""The world a game is played in: ice, hands and rules; it plays turns, of one game or of many at once.

Shape letters: B games.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from envs.arguments import finite
from envs.curling.physics.delivery import Shot
from envs.curling.physics.ice import Ice
from envs.curling.physics.motion import simulate
from envs.curling.physics.noise import Noise
from envs.curling.rules.free_guard_zone import settle
from envs.curling.rules.game import GameState, advance, lose, thrown_slot
from envs.curling.rules.rule_set import RuleSet
from envs.curling.rules.scoring import score_ends


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


def check_shot(shot: Shot | None) -> Shot | None:
    """The shot.

    Raises:
        ValueError: when it is neither a `Shot` of finite numbers nor None.
    """
    if shot is not None and not (isinstance(shot, Shot) and all(finite(value) for value in shot)):
        raise ValueError(f"shot: {shot!r}, expected a Shot of finite numbers, or None to concede")
    return shot


@dataclass(frozen=True)
class World:
    """What a game is played in; the same world, game, shot and generator give the same turn.

    Args:
        ice: the ice, its sheet and its stones.
        noise: what the players' hands add to a shot.
        rules: the event's rules.
        contact_quantum: seconds; contacts take effect at its next multiple, 0 is exact; below 1.

    Raises:
        ValueError: when one of them is not what it should be.
    """

    ice: Ice
    noise: Noise
    rules: RuleSet
    contact_quantum: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.ice, Ice):
            raise ValueError(f"ice: {self.ice!r}, expected an Ice or its name")
        if not callable(getattr(self.noise, "perturb", None)):
            raise ValueError(f"noise: {self.noise!r}, expected a Noise or its name")
        if not isinstance(self.rules, RuleSet):
            raise ValueError(f"rules: {self.rules!r}, expected a RuleSet or its name")
        if not finite(self.contact_quantum) or not 0 <= self.contact_quantum < 1:
            raise ValueError(f"contact_quantum: {self.contact_quantum!r}, expected seconds in [0, 1)")

    def deliver(
        self, state: GameState, shot: Shot | None, rng: np.random.Generator
    ) -> tuple[GameState, Throw]:
        """Play one turn.

        Args:
            state: a game in progress.
            shot: what its thrower intends; None concedes.
            rng: draws the noise.

        Returns:
            The game after the turn, and its record.

        Raises:
            ValueError: when the game is over or the shot cannot be delivered.
        """
        (throw,) = self.deliver_each([state], [shot], [rng])
        return throw.after, throw

    def deliver_each(
        self,
        states: Sequence[GameState],
        shots: Sequence[Shot | None],
        rngs: Sequence[np.random.Generator],
    ) -> list[Throw]:
        """Play one turn of B games in one call of the engine.

        Every game draws its noise from its own generator, so that none depends on the others.

        Args:
            states: B games in progress.
            shots: B intended shots; None concedes.
            rngs: B generators.

        Raises:
            ValueError: as `deliver`, or when the lengths differ.
        """
        if not len(states) == len(shots) == len(rngs):
            raise ValueError(f"shots, rngs: {len(shots)}, {len(rngs)} given, expected {len(states)}")
        thrown = [index for index, shot in enumerate(shots) if check_shot(shot) is not None]
        played = iter(self._throw(*([rows[i] for i in thrown] for rows in (states, shots, rngs))))
        return [
            self._concede(state) if shot is None else next(played)
            for state, shot in zip(states, shots, strict=True)
        ]

    def _concede(self, state: GameState) -> Throw:
        after = lose(self.ice.sheet, self.rules, state)
        return Throw(state, None, (state.stones, state.in_play), False, after)

    def _throw(
        self, states: Sequence[GameState], shots: Sequence[Shot], rngs: Sequence[np.random.Generator]
    ) -> list[Throw]:
        """The turns of games in which nobody concedes."""
        if not states:
            return []
        sheet, rules = self.ice.sheet, self.rules
        intended = np.array([shot[:2] for shot in shots], dtype=np.float64)
        spin = np.array([shot.spin for shot in shots], dtype=np.float64)
        velocity = np.concatenate(
            [self.noise.perturb(intended[[b]], spin[[b]], rng) for b, rng in enumerate(rngs)]
        )
        before = np.stack([state.stones for state in states]), np.stack([state.in_play for state in states])
        slot = np.array([thrown_slot(rules, state) for state in states])
        motion = simulate(self.ice, *before, slot, velocity, spin, contact_quantum=self.contact_quantum)
        number = np.array([state.shot for state in states])
        team = np.array([state.thrower for state in states])
        stones, in_play, foul = settle(sheet, rules, before, (motion.stones, motion.in_play), number, team)
        stones.flags.writeable = in_play.flags.writeable = False
        scores = score_ends(sheet, stones, in_play).tolist()
        return [
            Throw(
                state,
                Shot(float(velocity[b, 0]), float(velocity[b, 1]), float(spin[b])),
                (stones[b], in_play[b]),
                bool(foul[b]),
                advance(sheet, rules, state, stones[b], in_play[b], score=scores[b]),
            )
            for b, state in enumerate(states)
        ]
