"""Which ice and noise a network learned on, as its file says; loads no torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agents.runs.checkpoint import read_outlines
from agents.runs.errors import CorruptFileError
from envs.curling.physics.ice import ICES
from envs.curling.physics.noise import NOISES, get_noise
from envs.curling.world import World


class Conditions(NamedTuple):
    """Names of an ice and a noise."""

    ice: str
    noise: str

    def hold_in(self, world: World) -> bool:
        """Whether a world has them."""
        return self.ice == world.ice.name and get_noise(self.noise, world.ice) == world.noise


FORMER = Conditions("fcv1", "dc3")
"""Of files that do not say: these are the defaults of every command that trains networks."""


def conditions_of(config: Mapping[str, Any], state: Any) -> Conditions:
    """The conditions in a network's checkpoint.

    Args:
        config: of the checkpoint; that of self-play and of small files names them.
        state: of the checkpoint, or its outline; that of supervised learning names them, as its pairs do.

    Raises:
        ValueError: they are unknown.
    """
    said = {**state.get("learner", state).get("conditions", {}), **config}
    found = Conditions(*(said.get(name, former) for name, former in FORMER._asdict().items()))
    if found.ice not in ICES or found.noise not in NOISES:
        raise ValueError(f"conditions: got {found.ice!r} and {found.noise!r}, expected ones that are known")
    return found


def read_conditions(path: Path) -> Conditions:
    """The conditions in a network's file, from its header alone.

    Raises:
        CorruptFileError: the file has no such header.
        StorageError: it cannot be read.
    """
    outlines = read_outlines(path)
    try:
        return conditions_of(*outlines)
    except (AttributeError, TypeError, ValueError) as error:
        raise CorruptFileError(f"{path}: {error}") from error
