"""The flag `--cluster`: which cluster of machines plays the games; loads nothing heavy."""

import re
from importlib.util import find_spec

from agents.runs.errors import ConfigError

LOCAL, AUTO = "local", "auto"
_HOST_PORT = re.compile(r"([\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})")
MOST_PORT = 65_535


def check_cluster(address: str) -> None:
    """Checks the value of `--cluster`: nothing, `auto`, `local` or HOST:PORT.

    Raises:
        ConfigError: it is something else, or Ray is not installed.
    """
    if not address:
        return
    found = _HOST_PORT.fullmatch(address)
    if address not in (AUTO, LOCAL) and not (found and 0 < int(found[2]) <= MOST_PORT):
        raise ConfigError(f"cluster: got {address[:80]!r}, expected auto, local or HOST:PORT")
    if find_spec("ray") is None:
        raise ConfigError(
            f"cluster: got {address}, which needs Ray, expected it installed: pip install 'hogline[cluster]'"
        )
