"""`run.py evaluate RUN ...`: reports on trained runs; measurements and flags are those of their kind.

A kind brings its evaluation through the row `evaluation` of `agents.runs.kinds`.
"""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from agents.commands.flags import check_tokens, parse_flags
from agents.runs.checkpoint import read_kind
from agents.runs.checkpoint_paths import checkpoint_files, has_checkpoints
from agents.runs.errors import ConfigError, CorruptFileError
from agents.runs.kinds import KINDS, get_kind


def main(argv: list[str]) -> int:
    """Finds the kind, parses its flags and evaluates."""
    check_tokens(argv)
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write(_manual())
        return 0
    kind, words = _split_kind(argv)
    config = parse_flags(_evaluation(kind).Config, words, command=f"evaluate {kind}")
    return run(kind, config)


def run(kind: str, config: Any) -> int:
    """Evaluates checkpoints of one kind; returns the exit code."""
    return _evaluation(kind).run(config)


def _kinds() -> list[str]:
    return [name for name, kind in KINDS.items() if kind.evaluation]


def _manual() -> str:
    width = max(map(len, _kinds()))
    kinds = "\n".join(f"  {name:<{width}}  {KINDS[name].summary}" for name in _kinds())
    return (
        "usage: run.py evaluate CHECKPOINT ... [flags]\n"
        "       run.py evaluate KIND CHECKPOINT ... [flags]\n\n"
        "A checkpoint is a file, a run folder, or a folder of several seeds.\n\n"
        f"kinds (run.py evaluate KIND --help lists the flags):\n{kinds}\n"
    )


def _split_kind(argv: list[str]) -> tuple[str, list[str]]:
    """The kind and the words after it; a kind that is not said is that of the first checkpoint.

    Raises:
        ConfigError: Neither a kind nor a checkpoint is named.
        CorruptFileError, StorageError: The first checkpoint is malformed or cannot be read.
    """
    if argv and argv[0] in KINDS:
        return argv[0], argv[1:]
    paths = [Path(word) for word in argv if not word.startswith("-")]
    damaged = None
    for path in paths:
        if path.is_file() or has_checkpoints(path):
            try:
                return read_kind(checkpoint_files(path)[0]), argv
            except CorruptFileError as error:  # perhaps another flag's file
                damaged = damaged or error
    if damaged:
        raise damaged
    got = f"{paths[0]}"[:200] if paths else "none"
    raise ConfigError(
        f"checkpoints: got {got}, expected a checkpoint file or a run with checkpoints, "
        f"or first one of the kinds {', '.join(_kinds())}"
    )


def _evaluation(kind: str) -> ModuleType:
    """The module that evaluates a kind.

    Raises:
        ConfigError: There is no such kind, or nothing to evaluate in it.
    """
    module = get_kind(kind).evaluation
    if not module:
        raise ConfigError(f"kind: got {kind}, expected one that can be evaluated: {', '.join(_kinds())}")
    return import_module(module)
