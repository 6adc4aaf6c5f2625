"""What `run.py shots` does once its flags are parsed: one line in, one line out, or one complaint."""

import json
import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from agents.curling.judging.agreement import Agreement
from agents.runs.atomic import publish, stage, write_file
from agents.runs.errors import StorageError
from envs.curling.conditions import build_world
from envs.curling.rules.rule_set import RuleSet
from envs.curling.wire.digital_curling import play_line
from envs.curling.world import World

if TYPE_CHECKING:
    from agents.commands.shots import Config

LONGEST_LINE = 1 << 20  # bytes; a shot line has about two thousand
MOST_DIGITS = 309  # of a whole number; a float holds no longer ones


def play_lines(config: "Config") -> int:
    """Plays every line of the input; returns 0, or 2 when a line was malformed."""
    rules = RuleSet(protected_shots=config.protected_shots)
    world = build_world(config.ice, config.noise, rules, contact_quantum=config.contact_quantum)
    agreement = Agreement() if config.agreement else None
    bad_lines: list[int] = []
    with nullcontext(sys.stdin.buffer) if config.input == "-" else open(config.input, "rb") as lines:
        _write(config.output, _played(world, config.seed, lines, agreement, bad_lines))
    if agreement is not None:
        report = json.dumps(agreement.report(), indent=1) + "\n"
        write_file(Path(config.agreement), report.encode())
    return 2 if bad_lines else 0


def _write(output: str, lines: Iterable[str]) -> None:
    """Writes the lines as they come to a stream, and to a file when all of them are there.

    The file may therefore be the one that the lines are still being read from.
    """
    target = Path(output).resolve()
    if output == "-":
        sys.stdout.writelines(lines)
    elif _is_stream(output):
        try:
            with open(output, "w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(lines)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StorageError(f"{output}: {error.strerror}") from error
    else:
        publish(stage(target, (line.encode() for line in lines)), target)


def _is_stream(output: str) -> bool:
    """Whether the name means a pipe or a device, or, as /dev/stdout can, an open file: nothing to replace."""
    path = Path(output)
    return (path.exists() and not path.is_file()) or path.absolute().is_relative_to("/dev")


def _played(
    world: World, seed: int, lines: Iterable[bytes], agreement: Agreement | None, bad_lines: list[int]
) -> Iterator[str]:
    """The played lines; the numbers of malformed ones go to `bad_lines`, complaints about them to stderr.

    The noise of a line depends on the seed and its number alone.
    """
    for number, raw in _numbered(lines):
        try:
            line = _read(raw)
            played = play_line(world, line, np.random.default_rng([seed, number]))
            text = json.dumps(played, allow_nan=False) + "\n"
            if agreement is not None:
                agreement.add(line, played)
        except ValueError as error:
            bad_lines.append(number)
            sys.stderr.write(f"line {number}: {' '.join(str(error).split())}\n")
        else:
            yield text


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers from 1."""
    for number, raw in enumerate(lines, start=1):
        if raw.strip():
            yield number, raw


def _read(raw: bytes) -> Any:
    """The JSON value of a shot line.

    Raises:
        ValueError: it is too long, or no JSON.
    """
    if len(raw) > LONGEST_LINE:
        raise ValueError(f"line: {len(raw)} bytes, expected at most {LONGEST_LINE}")
    return decoded(raw)


def decoded(raw: bytes) -> Any:
    """The JSON value of a line.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"line: no JSON ({error}), expected an object") from error
    except RecursionError as error:
        raise ValueError("line: nested too deeply, expected a shot line") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"line: {constant} is no JSON number, expected finite numbers")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"line: {digits[:60]} is too large, expected finite numbers")
    return number


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"line: a number of {len(digits)} digits, expected at most {MOST_DIGITS}")
    return int(digits)
