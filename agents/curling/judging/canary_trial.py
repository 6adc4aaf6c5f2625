"""How often a player's shots reach what the canaries want, beside the best shot that sampling finds.

A player is right when its shot, thrown `EXECUTIONS` times with noise, reaches the outcome at least
`SHARE_OF_BEST` times as often as the best of `SAMPLED` shots. The best is found in rounds, in which ever
fewer shots are thrown ever more often; its rate is then measured with throws of its own, so that it is not
the luckiest but the best.

Shape letters: B shots.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.curling.judging.canaries import CANARIES, RULES, Canary
from agents.curling.judging.imagined_throws import throw_each
from agents.curling.players import BatchPlayer
from agents.runs.errors import CorruptFileError
from envs.curling.conditions import build_world
from envs.curling.physics.delivery import Shot, velocity_through, velocity_to_stop
from envs.curling.tasks.actions import tee_speeds
from envs.curling.world import World

ICE, NOISE = "fcv1", "dc3"
EXECUTIONS = 100
SHARE_OF_BEST = 0.9
SAMPLED = 10_000
ROUNDS = ((1_000, 10), (100, 90), (10, 900))  # (shots kept, throws of each shot before) of the search
MEASURED = 10_000  # throws that the rate of the best is measured with
SIDE = 2.0  # metres beside the centre line that shots are sampled to
SHORT, LONG = 4.5, 3.0  # metres before and beyond the tee between which draws are sampled
REFERENCES = Path(__file__).with_name("canary_references.json")


class Reference(NamedTuple):
    """The best shot that was found for a canary, and how often it reaches the outcome."""

    shot: Shot
    rate: float


@dataclass(frozen=True)
class Trial:
    """What a player did in one canary.

    Args:
        canary: the name.
        mirrored: whether left and right were swapped.
        rate: how often its shot reaches the outcome; 0 for a concession.
        best: the rate of the reference.
    """

    canary: str
    mirrored: bool
    rate: float
    best: float

    @property
    def right(self) -> bool:
        """Whether the shot is nearly as good as the best."""
        return self.rate >= SHARE_OF_BEST * self.best


def canary_world() -> World:
    """What canaries are played in."""
    return build_world(ICE, NOISE, RULES)


def try_player(player: BatchPlayer, references: dict[str, Reference], seed: int) -> list[Trial]:
    """Shows a player every canary and its mirror image.

    Args:
        player: made for `canary_world`.
        references: of every canary.
        seed: decides what the player draws, and the noise.
    """
    world, cases = canary_world(), [(canary, mirrored) for canary in CANARIES for mirrored in (False, True)]
    seeds = np.random.SeedSequence(seed).generate_state(len(cases), np.uint64)
    shots = player.shots([canary.state(mirrored=mirrored) for canary, mirrored in cases], seeds)
    trials = []
    for (canary, mirrored), shot, own in zip(cases, shots, seeds, strict=True):
        rate = 0.0
        if shot is not None:
            rng = np.random.default_rng((seed, int(own)))
            rate = reach_rate(world, canary, shot, EXECUTIONS, rng, mirrored=mirrored)
        trials.append(Trial(canary.name, mirrored, rate, references[canary.name].rate))
    return trials


def reach_rate(
    world: World, canary: Canary, shot: Shot, throws: int, rng: np.random.Generator, *, mirrored: bool = False
) -> float:
    """How often so many throws of a shot reach what the canary wants."""
    velocity, spin = np.tile(shot[:2], (throws, 1)), np.full(throws, shot.spin)
    boards = throw_each(world, canary.state(mirrored=mirrored), velocity, spin, rng)
    return float(canary.reached(world, boards).mean())


def find_reference(world: World, canary: Canary, seed: int) -> Reference:
    """The best of `SAMPLED` shots, and its rate over `MEASURED` throws of its own."""
    rng = np.random.default_rng(seed)
    velocity, spin = _sampled_shots(world, rng)
    hits, throws = np.zeros(len(spin)), 0
    for kept, more in ROUNDS:
        boards = throw_each(
            world, canary.state(), np.repeat(velocity, more, axis=0), np.repeat(spin, more), rng
        )
        hits += canary.reached(world, boards).reshape(-1, more).sum(axis=1)
        throws += more
        best = np.argsort(-hits, kind="stable")[:kept]
        velocity, spin, hits = velocity[best], spin[best], hits[best]
    shot = Shot(float(velocity[0, 0]), float(velocity[0, 1]), float(spin[0]))
    return Reference(shot, reach_rate(world, canary, shot, MEASURED, rng))


def find_references(seed: int) -> dict[str, Reference]:
    """The best shot of every canary."""
    world = canary_world()
    return {canary.name: find_reference(world, canary, seed) for canary in CANARIES}


def references_json(references: dict[str, Reference], seed: int) -> dict[str, Any]:
    """References as plain values."""
    rows = {name: {"shot": list(found.shot), "rate": found.rate} for name, found in references.items()}
    conditions = {"ice": ICE, "noise": NOISE, "seed": seed, "sampled": SAMPLED, "measured": MEASURED}
    return {**conditions, "canaries": rows}


def read_references(path: Path = REFERENCES) -> dict[str, Reference]:
    """The references of every canary.

    Raises:
        CorruptFileError: the file is malformed, or a canary is missing.
        OSError: it cannot be read.
    """
    try:
        rows = json.loads(path.read_bytes())["canaries"]
        found = {name: Reference(Shot(*row["shot"]), float(row["rate"])) for name, row in rows.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFileError(f"{path}: no references ({type(error).__name__} {error})") from error
    if missing := [canary.name for canary in CANARIES if canary.name not in found]:
        raise CorruptFileError(f"{path}: lacks {missing[0]!r}, expected every canary")
    return found


def _sampled_shots(world: World, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Velocities [B, 2] m/s and spins [B] rad/s: half of them draws, half of them hits of any weight."""
    ice, half = world.ice, SAMPLED // 2
    spin = np.where(rng.random(SAMPLED) < 0.5, -ice.release_spin, ice.release_spin)
    stops = ice.sheet.tee + rng.uniform((-SIDE, -SHORT), (SIDE, LONG), (half, 2))
    through = np.stack([rng.uniform(-SIDE, SIDE, half), np.full(half, ice.sheet.tee_y)], axis=1)
    speeds = rng.uniform(0.0, tee_speeds(ice)[1], half)
    velocity = np.concatenate(
        [velocity_to_stop(ice, stops, spin[:half]), velocity_through(ice, through, speeds, spin[half:])]
    )
    strength = np.hypot(velocity[:, 0], velocity[:, 1])
    return velocity * np.minimum(1.0, ice.max_speed / strength)[:, None], spin
