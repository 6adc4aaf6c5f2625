"""The words with which the curling commands name ice, noise and rules.

They repeat the tables of `envs.curling`, which take a moment to load; a test keeps both equal.
"""

from typing import Literal

IceName = Literal["fcv1", "gat2016"]
NoiseName = Literal["none", "dc3", "gat2016", "student_t"]
RulesName = Literal["end", "two_ends", "eight_ends", "standard", "mixed_doubles"]
MOST_ENDS = 255
MOST_SIMULATIONS = 10**6
SHOTS_PER_END = 16
