"""Players and games for the tests of tournaments: quick ones, and ones that misbehave."""

import time

import numpy as np

from agents.curling.games.game_records import GameSpec
from agents.curling.games.lockstep_games import game_seed
from envs.curling.conditions import build_world
from envs.curling.physics.delivery import Shot
from envs.curling.rules.rule_set import RuleSet

QUICK = RuleSet(ends=1, end_limit=1)


def quick_world(ends=1, noise="dc3"):
    return build_world("fcv1", noise, RuleSet(ends=ends, end_limit=ends))


class Scatterer:
    """Throws at the house with its own scatter, without thinking: the fastest player there is."""

    def __init__(self, world, spread=0.05):
        self.spin, self.spread = world.ice.release_spin, spread

    def shots(self, states, seeds):
        return [self.shot(np.random.default_rng(int(seed))) for seed in seeds]

    def shot(self, rng):
        x, y = rng.normal(size=2)
        return Shot(0.1317 + 0.01 * self.spread * x, 2.4 + self.spread * y, self.spin)


class Breaker:
    """Throws like another player, but misbehaves in some games, told by their seeds."""

    def __init__(self, player, deed, every=2):
        self.player, self.deed, self.every = player, deed, every

    def shots(self, states, seeds):
        found = self.player.shots(states, seeds)
        for b, seed in enumerate(seeds):
            if int(seed) % self.every == 0:
                found[b] = self.deed()
        return found


def raises():
    raise RuntimeError("out of\nideas")


def talks():
    return "a fine draw"


def aims_nowhere():
    return Shot(float("nan"), 2.0, 1.57)


def spins_wildly():
    return Shot(0.1, 2.4, 1e9)


def sleeps():
    time.sleep(0.6)
    return Shot(0.1, 2.4, 1.5)


def specs(count, seed=5, seats=(0, 1), first=0):
    return [GameSpec(game_seed(seed, n // 2), 1 - n % 2, seats, n) for n in range(first, first + count)]
