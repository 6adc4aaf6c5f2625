"""Lists of seeds as people write them: `7`, `1..5`, `1,3,8..10`."""

import re

from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED

MAX_SEEDS = 1000
_PART = re.compile(r"(\d{1,19})(?:\.\.(\d{1,19}))?", re.ASCII)


def parse_seeds(text: str) -> list[int]:
    """Reads a list of seeds, in the order written.

    Raises:
        ConfigError: Malformed, descending, repeated, too large or too many.
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if not match:
            raise ConfigError(f"seeds: got {text[:60]!r}, expected seeds such as 7, 1..5 or 1,3,8..10")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last > MAX_SEED or last - first >= MAX_SEEDS:
            raise ConfigError(
                f"seeds: got {part!r}, expected an ascending range of at most {MAX_SEEDS} seeds"
            )
        seeds += range(first, last + 1)
    if len(set(seeds)) != len(seeds) or len(seeds) > MAX_SEEDS:
        raise ConfigError(f"seeds: got {text[:60]!r}, expected at most {MAX_SEEDS} seeds, none twice")
    return seeds
