"""Leads as games between equal teams bring them, for ends that begin in the middle of a game."""

import numpy as np

SPREAD = 1.4  # points, standard deviation of the lead after one end; it grows with the root of the ends


def drawn_lead(rng: np.random.Generator, ends: int) -> int:
    """Points that team 0 is ahead after so many ends."""
    return round(rng.normal(0.0, SPREAD * np.sqrt(ends)))
