"""One seed out of several numbers, so that runs, games, turns and players draw apart from each other."""

import numpy as np


def seed_of(*numbers: int) -> np.uint64:
    """The seed that numbers from 0 name together; others name another."""
    return np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]
