"""Ready configs by name; a flag given beside a preset changes that one field.

The `paper_` runs have the constants of Nair et al. (2018), from the paper and its authors' scripts; the others
are ours, for a CPU.
"""

from agents.rig.config import RigConfig

_REACHER = RigConfig()

PRESETS: dict[str, RigConfig] = {
    "reacher": _REACHER,
}
