"""What `run.py shots` does once its flags are parsed: one line in, one line out, or one complaint."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from agents.curling.agreement import Agreement
from agents.runs.atomic import write_file
from envs.curling.conditions import build_world
from envs.curling.digital_curling import play_line
from envs.curling.rule_set import RuleSet

if TYPE_CHECKING:
    from agents.commands.shots import Config

LONGEST_LINE = 1 << 20  # bytes; a shot line has about two thousand


def play_lines(config: "Config") -> int:
    """Plays every line of the input; returns 0, or 2 when a line was malformed."""
    rules = RuleSet(protected_shots=config.protected_shots)
    world = build_world(config.ice, config.noise, rules, contact_quantum=config.contact_quantum)
    rng = np.random.default_rng(config.seed)
    with ExitStack() as stack:
        lines = sys.stdin.buffer if config.input == "-" else stack.enter_context(open(config.input, "rb"))
        output = sys.stdout
        if config.output != "-":
            output = stack.enter_context(open(config.output, "w", encoding="utf-8", newline="\n"))
        complaints, agreement = 0, Agreement()
        for number, raw in _numbered(lines):
            try:
                line = _read(raw)
                played = play_line(world, line, rng)
                output.write(json.dumps(played, allow_nan=False) + "\n")
                if config.agreement:
                    agreement.add(line, played)
            except ValueError as error:
                complaints += 1
                sys.stderr.write(f"line {number}: {' '.join(str(error).split())}\n")
    if config.agreement:
        report = json.dumps(agreement.report(), indent=1) + "\n"
        write_file(Path(config.agreement), report.encode())
    return 2 if complaints else 0


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
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"line: no JSON ({error}), expected an object") from error
    except RecursionError as error:
        raise ValueError("line: nested too deeply, expected a shot line") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"line: {constant} is no JSON number, expected finite numbers")
