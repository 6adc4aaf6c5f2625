"""One seed out of several numbers, so that runs, games, turns and players draw apart from each other."""

import numpy as np


def seed_of(*numbers: int) -> np.uint64:
    """The seed that numbers from 0 name together.

    Callers give equally many numbers below 2**32 for one purpose: zeros at the end are not told apart, nor is
    a greater number from its halves.
    """
    return np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]
