"""The flags --line and --game, which choose a line of a file with positions, shots or games."""

from agents.runs.errors import ConfigError


def check_place(line: int, game: int | None) -> None:
    """Checks the flags that choose a line.

    Args:
        line: its number, from 1.
        game: instead of it, the number of a recorded game, from 0; None for none.

    Raises:
        ConfigError: One is out of range, or both are given.
    """
    if line < 1:
        raise ConfigError(f"line: got {line}, expected 1 or more")
    if game is not None and game < 0:
        raise ConfigError(f"game: got {game}, expected 0 or more")
    if game is not None and line != 1:
        raise ConfigError(f"game: got {game}, expected nothing beside --line")
