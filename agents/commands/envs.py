"""`run.py envs`: lists the registered environments with their observations and actions."""

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.commands.flags import parse_flags
from agents.commands.terminal.tables import print_table

if TYPE_CHECKING:
    from gymnasium import Space

NAMESPACE = "hogline"


@dataclass(frozen=True)
class Config:
    """List the registered environments: id, observation space, action space."""

    json: bool = False
    """Print one JSON object per environment instead of a table."""


def main(argv: list[str]) -> int:
    """Parses the flags and lists the environments."""
    return run(parse_flags(Config, argv, command="envs"))


def run(config: Config) -> int:
    """Lists the environments on stdout; returns the exit code."""
    import gymnasium

    import envs  # noqa: F401  (registers the ids)

    rows = []
    for name in sorted(name for name, spec in gymnasium.registry.items() if spec.namespace == NAMESPACE):
        env = gymnasium.make(name)
        spaces = {"observation": env.observation_space, "action": env.action_space}
        rows.append({"id": name, **{role: _described(space) for role, space in spaces.items()}})
        env.close()
    if config.json:
        sys.stdout.writelines(json.dumps(row) + "\n" for row in rows)
    elif rows:
        _print_table(rows)
    else:
        sys.stdout.write("no environments are registered\n")
    return 0


def _described(space: "Space") -> str:
    """One line a part: its name, shape, dtype and bounds over all its elements."""
    from gymnasium.spaces import Box, Dict

    if isinstance(space, Dict):
        return "\n".join(f"{name}: {_described(part)}" for name, part in space.items())
    if isinstance(space, Box):
        size = " x ".join(map(str, space.shape))
        return f"{size} {space.dtype} in {space.low.min():g} .. {space.high.max():g}"
    return str(space)


def _print_table(rows: list[dict[str, str]]) -> None:
    from rich.table import Table

    table = Table("id", "observation", "action", show_lines=True)
    for row in rows:
        table.add_row(row["id"], row["observation"], row["action"])
    print_table(table)
