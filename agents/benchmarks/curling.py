"""The curling engine's speed beside a stepped reference, on the same shots in the same run.

Draws are aimed at the house and hits at its stones, all with execution noise, on boards of random stones in
the house. Engine and stepped reference are timed several times, the reference over fewer of the same shots,
and the fastest time of each counts.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from envs.curling.physics.delivery import velocity_through, velocity_to_stop
from envs.curling.physics.ice import Ice, get_ice
from envs.curling.physics.motion import simulate
from envs.curling.physics.noise import get_noise
from envs.curling.physics.stepped import simulate_stepped

OFFICIAL = {"draw": {0: 31.4, 8: 28.0, 10: 28.2, 12: 25.6}, "hit": {8: 47.1, 10: 40.0, 12: 37.6}}
"""Shots a second of the official Digital Curling 3 simulator (ice fcv1), compiled by us, on one core of
another machine: draws to the tee and hits released at 3 m/s, by stones in play."""
HIT_SPEED = 0.375
"""Speed of a hit at its target, as a part of the strongest legal delivery."""
REPEATS, STEPPED_REPEATS = 7, 3
SHOTS = 8192
STEPPED_SHOTS = {"fcv1": 64, "gat2016": 512}
"""Shots on which the stepped reference is timed, for each thread."""
HOUSE_GAP = 0.02
"""metres at least between stones of a random board."""
STREAM_SHOTS, STREAM_BATCH = 1_000_000, 20_000


class Scene(NamedTuple):
    """A kind of shot that is timed: `draw` or `hit`, into how many stones."""

    kind: str
    stones: int

    @property
    def name(self) -> str:
        return f"{self.kind} into {self.stones}" if self.stones else f"{self.kind}, empty sheet"


SCENES = (
    Scene("draw", 0),
    Scene("draw", 8),
    Scene("draw", 10),
    Scene("draw", 12),
    Scene("hit", 8),
    Scene("hit", 10),
    Scene("hit", 12),
)
ROWS = len(SCENES) + 1
"""How many rows `measure` yields."""


def measure(ice_name: str, seed: int) -> Iterator[dict[str, Any]]:
    """Time every scene; yields one row a scene, then one for the million-shot stream.

    Args:
        ice_name: one of `envs.curling.physics.ice.ICES`.
        seed: of the boards, targets and noise.
    """
    ice, rng = get_ice(ice_name), np.random.default_rng(seed)
    threads = os.cpu_count() or 1
    for scene in SCENES:
        yield _measure_scene(ice, scene, rng, threads)
    yield _measure_stream(ice, rng)


def random_house(
    ice: Ice, count: int, stones: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Boards of `stones` stones each, uniform over the house: stones [B, 16, 2] metres, in_play [B, 16]."""
    sheet = ice.sheet
    places, in_play = np.zeros((count, 16, 2)), np.zeros((count, 16), bool)
    for slot in range(stones):
        todo = np.arange(count)
        while len(todo):
            radius = sheet.house_radius * np.sqrt(rng.random(len(todo)))
            angle = rng.uniform(-np.pi, np.pi, len(todo))
            place = sheet.tee + np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)
            apart = np.hypot(*np.moveaxis(places[todo] - place[:, None], -1, 0))
            free = (~in_play[todo] | (apart > 2 * sheet.stone_radius + HOUSE_GAP)).all(1)
            places[todo[free], slot], in_play[todo[free], slot] = place[free], True
            todo = todo[~free]
    return places, in_play


def shots_of(ice: Ice, scene: Scene, count: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """The arguments of `simulate` after the ice, for `count` shots of a scene."""
    stones, in_play = random_house(ice, count, scene.stones, rng)
    spin = rng.choice([-1.0, 1.0], count) * ice.release_spin
    if scene.kind == "draw":
        radius, angle = ice.sheet.house_radius * np.sqrt(rng.random(count)), rng.uniform(-np.pi, np.pi, count)
        target = ice.sheet.tee + np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1)
        velocity = velocity_to_stop(ice, target, spin)
    else:
        target = stones[np.arange(count), rng.integers(0, scene.stones, count)]
        velocity = velocity_through(ice, target, np.full(count, HIT_SPEED * ice.max_speed), spin)
    noise = get_noise("dc3" if ice.name == "fcv1" else "gat2016", ice)
    return stones, in_play, np.full(count, 15), noise.perturb(velocity, spin, rng), spin


def _measure_scene(ice: Ice, scene: Scene, rng: np.random.Generator, threads: int) -> dict[str, Any]:
    shots = shots_of(ice, scene, SHOTS, rng)
    motion = simulate(ice, *shots, threads=1)
    few = [array[: STEPPED_SHOTS[ice.name]] for array in shots]
    simulate_stepped(ice, *(array[:1] for array in few))
    stepped_one = len(few[0]) / _fastest(STEPPED_REPEATS, lambda: simulate_stepped(ice, *few))
    stepped_all = threads * len(few[0]) / _fastest(STEPPED_REPEATS, lambda: _on_each(threads, ice, few))
    one = SHOTS / _fastest(REPEATS, lambda: simulate(ice, *shots, threads=1))
    every = SHOTS / _fastest(REPEATS, lambda: simulate(ice, *shots, threads=threads))
    official = OFFICIAL[scene.kind][scene.stones]
    return {
        "scene": scene.name,
        "shots": SHOTS,
        "stepped_shots": STEPPED_SHOTS[ice.name],
        "with_contact": float((motion.contacts > 0).mean()),
        "contacts_per_shot": float(motion.contacts.mean()),
        "per_second_one_thread": one,
        "per_second_all_threads": every,
        "threads": threads,
        "stepped_per_second_one_thread": stepped_one,
        "stepped_per_second_all_threads": stepped_all,
        "ratio_one_thread": one / stepped_one,
        "ratio_all_threads": every / stepped_all,
        "official_per_second_elsewhere": official if ice.name == "fcv1" else None,
    }


def _on_each(threads: int, ice: Ice, few: list[np.ndarray]) -> None:
    """The stepped reference on every thread at once, each with the same shots."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: simulate_stepped(ice, *few), range(threads)))


def _measure_stream(ice: Ice, rng: np.random.Generator) -> dict[str, Any]:
    """A million different draws into 12 stones, batch after batch: their rate, and what memory they add to
    that of the first batch."""
    seconds, memory = 0.0, []
    for _ in range(STREAM_SHOTS // STREAM_BATCH):
        shots = shots_of(ice, Scene("draw", 12), STREAM_BATCH, rng)
        seconds += _fastest(1, lambda: simulate(ice, *shots))  # noqa: B023  (called at once)
        memory.append(_peak_megabytes())
    return {
        "scene": f"{STREAM_SHOTS} draws into 12, in batches of {STREAM_BATCH}",
        "shots": STREAM_SHOTS,
        "per_second_all_threads": STREAM_SHOTS / seconds,
        "peak_memory_after_first_batch_megabytes": memory[0],
        "peak_memory_after_last_batch_megabytes": memory[-1],
    }


def _fastest(repeats: int, work: Callable[[], object]) -> float:
    """The least seconds that `work` takes in several goes."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _peak_megabytes() -> float:
    """Peak resident memory of this process; 0 where the system does not tell."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
