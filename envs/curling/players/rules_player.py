"""The `rules` player: a sensible skip who knows the usual shots and tries each with noise before calling one.

It calls a centre guard first when it lacks the hammer and a corner guard when it has it; otherwise it
considers draws, freezes, guards and take-outs with both handles and a few weights, plays each several times
in its head in one batch of the engine, and throws the one with the best chance to win (judgement.py).

Shape letters: N candidate shots, K imagined throws of each.
"""

import numpy as np
from numpy.typing import NDArray

from envs.curling.physics.delivery import Shot, velocity_through, velocity_to_stop
from envs.curling.physics.motion import simulate
from envs.curling.physics.sheet import STONES, STONES_PER_TEAM, Sheet
from envs.curling.players.judgement import winning_chance
from envs.curling.rules.free_guard_zone import settle
from envs.curling.rules.game import GameState, thrown_slot
from envs.curling.rules.scoring import squared_distances
from envs.curling.world import World

IMAGINED = 12  # throws of each candidate
TARGETS = 4  # opponent stones considered for freezes and hits, nearest the tee first
WEIGHTS = (0.35, 0.65, 1.0)  # speed at a hit over the release speed of a draw: control, normal, peel
THICKNESS = (-0.9, 0.0, 0.9)  # stone radii beside the centre of the stone to be hit
CENTRE_GUARD = (0.0, -2.9)  # metres from the tee
CORNER_GUARDS = ((-1.15, -2.6), (1.15, -2.6))
DRAWS = ((0.0, 0.0), (0.0, -0.5), (-0.5, 0.0), (0.5, 0.0), (-1.1, 0.2), (1.1, 0.2))
PLANNED_GUARDS = 3  # shots of an end that follow the plan of guards


def rules_player(
    world: World, state: GameState, rng: np.random.Generator, *, imagined: int = IMAGINED
) -> Shot | None:
    """The shot of the `rules` player, or None to concede when the last end cannot save the game.

    Args:
        world: ice, noise and rules.
        state: a game in progress.
        rng: draws the imagined throws.
        imagined: throws of each candidate, at least 1.
    """
    if _hopeless(world, state):
        return None
    plan = _planned_guard(world, state)
    stops, hits = ([plan], []) if plan else (_stops(world, state), _hits(world, state))
    velocity, spin = _deliveries(world, stops, hits)
    chance = _imagine(world, state, velocity, spin, rng, imagined)
    best = int(np.argmax(chance))
    return Shot(float(velocity[best, 0]), float(velocity[best, 1]), float(spin[best]))


def _hopeless(world: World, state: GameState) -> bool:
    """Whether, from the last end on, even all own stones in play and to come would not make up the lead."""
    if state.end + 1 < world.rules.ends:
        return False
    team = state.thrower
    behind = state.totals[1 - team] - state.totals[team]
    to_throw = (world.rules.shots_per_end - state.shot + 1) // 2
    lying = int(state.in_play[STONES_PER_TEAM * team : STONES_PER_TEAM * (team + 1)].sum())
    return behind > to_throw + lying


def _planned_guard(world: World, state: GameState) -> tuple[float, float] | None:
    """Where the opening guard goes, metres; None when it is time to look at the board."""
    if state.shot >= PLANNED_GUARDS or world.rules.protected_shots == 0 or world.rules.positioned:
        return None
    team = state.thrower
    lead = state.totals[team] - state.totals[1 - team]
    has_hammer = state.hammer == team
    if lead > 2 or (has_hammer and lead > 0) or _in_house(world.ice.sheet, state).any():
        return None
    own = state.in_play[STONES_PER_TEAM * team : STONES_PER_TEAM * (team + 1)]
    if own.any():
        return None
    x, beyond = CORNER_GUARDS[1] if has_hammer else CENTRE_GUARD
    return x, world.ice.sheet.tee_y + beyond


def _stops(world: World, state: GameState) -> list[tuple[float, float]]:
    """Where a stone could come to rest: usual draws, behind guards, freezes, guards of own stones."""
    sheet = world.ice.sheet
    spots = [(x, sheet.tee_y + beyond) for x, beyond in (*DRAWS, CENTRE_GUARD, *CORNER_GUARDS)]
    gap = 2 * sheet.stone_radius
    for slot in np.flatnonzero(state.in_play):
        x, y = (float(value) for value in state.stones[slot])
        if y < sheet.tee_y - sheet.house_radius:
            spots += [(x, sheet.tee_y - 0.3), (x, sheet.tee_y + 0.3)]
    for slot in _nearest(sheet, state, 1 - state.thrower):
        x, y = (float(value) for value in state.stones[slot])
        spots.append((x, y - gap - 0.03))
    for slot in _nearest(sheet, state, state.thrower)[:1]:
        x, y = (float(value) for value in state.stones[slot])
        spots.append((x, min(y - 1.8, sheet.tee_y - sheet.house_radius - gap)))
    return [(x, max(y, sheet.hog_y + gap)) for x, y in spots]


def _hits(world: World, state: GameState) -> list[tuple[float, float]]:
    """Points to run a stone through: opponents' stones full and on both halves, metres."""
    sheet = world.ice.sheet
    targets = _nearest(sheet, state, 1 - state.thrower)
    points = state.stones[targets]
    return [(float(x) + side * sheet.stone_radius, float(y)) for x, y in points for side in THICKNESS]


def _deliveries(
    world: World, stops: list[tuple[float, float]], hits: list[tuple[float, float]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Velocities [N, 2] m/s and spins [N] rad/s: stops and hits at every weight, both handles."""
    ice = world.ice
    targets = np.array(stops)
    tee = velocity_to_stop(ice, ice.sheet.tee, np.array(ice.release_spin))
    draw_speed = float(np.hypot(tee[0], tee[1]))
    velocities, spins = [], []
    for spin in (ice.release_spin, -ice.release_spin):
        velocities.append(velocity_to_stop(ice, targets, np.full(len(targets), spin)))
        spins.append(np.full(len(targets), spin))
        if hits:
            points = np.repeat(np.array(hits), len(WEIGHTS), axis=0)
            speeds = np.tile(np.array(WEIGHTS) * draw_speed, len(hits))
            velocities.append(velocity_through(ice, points, speeds, np.full(len(points), spin)))
            spins.append(np.full(len(points), spin))
    velocity, spin = np.concatenate(velocities), np.concatenate(spins)
    legal = np.isfinite(velocity).all(axis=1) & (np.hypot(velocity[:, 0], velocity[:, 1]) <= ice.max_speed)
    return velocity[legal], spin[legal]


def _imagine(
    world: World,
    state: GameState,
    velocity: NDArray[np.float64],
    spin: NDArray[np.float64],
    rng: np.random.Generator,
    imagined: int,
) -> NDArray[np.float64]:
    """[N] mean chance to win over the imagined throws of each candidate."""
    velocity, spin = np.repeat(velocity, imagined, axis=0), np.repeat(spin, imagined)
    count = len(spin)
    before = (
        np.broadcast_to(state.stones, (count, STONES, 2)).copy(),
        np.broadcast_to(state.in_play, (count, STONES)).copy(),
    )
    slot = np.full(count, thrown_slot(world.rules, state))
    thrown = world.noise.perturb(velocity, spin, rng)
    motion = simulate(world.ice, *before, slot, thrown, spin, contact_quantum=world.contact_quantum)
    after = motion.stones, motion.in_play
    shot, team = np.full(count, state.shot), np.full(count, state.thrower)
    stones, in_play, _ = settle(world.ice.sheet, world.rules, before, after, shot, team)
    chance = winning_chance(world.ice.sheet, world.rules, state, stones, in_play)
    return chance.reshape(-1, imagined).mean(axis=1)


def _nearest(sheet: Sheet, state: GameState, team: int) -> list[int]:
    """Slots of a team's stones in play, nearest the tee first, at most `TARGETS`."""
    distance = squared_distances(sheet, state.stones, state.in_play)
    slots = range(STONES_PER_TEAM * team, STONES_PER_TEAM * (team + 1))
    return sorted((slot for slot in slots if state.in_play[slot]), key=lambda slot: distance[slot])[:TARGETS]


def _in_house(sheet: Sheet, state: GameState) -> NDArray[np.bool_]:
    """[16] stones that touch the house."""
    return squared_distances(sheet, state.stones, state.in_play) < sheet.house_reach**2
