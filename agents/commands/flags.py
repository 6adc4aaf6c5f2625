"""Command-line flags <-> config dataclasses, through tyro; every usage error is one line."""

import contextlib
import difflib
import io
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

import tyro

from agents.runs.errors import ConfigError

T = TypeVar("T")

MAX_TOKEN_CHARACTERS = 4096
_UNKNOWN = "Unrecognized options: "
_MISSING = "missing: "
_OWNER = re.compile(
    r"(?:^|(?<=\.))[A-Z]\w*\.(?=\w+: got )"
)  # the class of a config's part, which no flag shows
_BOX_EDGES = "│╭╮╰╯"
_BOX_RULE = re.compile(r"─|-{10,}$")
_PLAINER: tuple[tuple[str, str], ...] = (
    (r"Error parsing (\S+): could not convert string to float: (.*)", r"\1: got \2, expected a number"),
    (
        r"Error parsing (\S+): invalid literal for int\(\) with base 10: (.*)",
        r"\1: got \2, expected a whole number",
    ),
    (
        r"Error parsing (\S+): Could not find valid parse for arguments: (.*)",
        r"\1: got \2, expected what --help shows",
    ),
    (
        r"invalid choice (.*) for argument '(.*)'\. Expected one of \((.*)\)\s*\.",
        r"\2: got \1, expected one of \3",
    ),
    (r"Missing value for argument '(.*)'\. Expected .*", r"\1: got nothing, expected a value"),
    (r"Missing from run\.py .*?: (?:STR|INT|FLOAT) (.*?)\. \(required\).*", r"missing: \1"),
    (r"Missing from run\.py .*?: (--\S+) .*", r"\1: got nothing, expected a value"),
    (
        r"Error parsing (\S+): no type matching \{None\}\|(INT|FLOAT) could be .* from \['(.*?)'\].*",
        r"\1: got '\3', expected a number or None",
    ),
    (
        r"Error parsing (\S+): no type matching \{None\}\|\{?(.*?)\}? could be .*? from \[(.*?)\].*",
        r"\1: got \3, expected \2 or None",
    ),
    (r"Error parsing (?:config|options|[A-Z]\w*): (.*)", r"\1"),
    (r"Error parsing (?:config\.)?([a-z][\w.]*): (.*)", r"\1.\2"),
)


def parse_flags(config: type[T], argv: list[str], *, command: str, default: Any = None) -> T:
    """Builds a config from flags; `--help` prints the manual and raises `SystemExit(0)`.

    Args:
        config: A frozen dataclass; its fields become flags, its docstrings the help.
        argv: The words after the command's name.
        command: The command's name, for the help text.
        default: An instance whose values replace the class's defaults.

    Raises:
        ConfigError: A flag is unknown, missing or has a bad value.
    """
    check_tokens(argv)
    complaint = io.StringIO()
    settings = {} if default is None else {"default": default}
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(config, args=argv, prog=f"run.py {command}", **settings)
    except ValueError as error:
        raise ConfigError(_OWNER.sub("", " ".join(str(error).split()))) from error
    except SystemExit as ending:
        if not ending.code:
            raise
        line = _OWNER.sub("", _one_line(complaint.getvalue(), argv, tuple(_flags(config))))
        raise ConfigError(_named(line, config, complaint.getvalue())) from None


def check_tokens(argv: list[str]) -> None:
    """Refuses words that no flag can mean: empty, very long, or with control characters.

    Raises:
        ConfigError: Names the word and its place.
    """
    for place, token in enumerate(argv, start=1):
        if not token or (token.endswith("=") and token.startswith("--")):
            before = argv[place - 2] if place > 1 and not token else token.rstrip("=")
            raise ConfigError(f"{before or 'argument'}: got an empty value, expected some text")
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise ConfigError(
                f"argument {place}: got {len(token)} characters, expected {MAX_TOKEN_CHARACTERS} at most"
            )
        if not token.isprintable():
            raise ConfigError(f"argument {place}: got {token[:40]!a}, expected printable characters")


def flag_value(words: list[str], flag: str) -> str:
    """The value of a flag before the full parse, which needs the defaults that this value names; or an empty
    text."""
    value = ""
    for place, word in enumerate(words):
        name, equals, attached = word.partition("=")
        if name.replace("_", "-") == flag:
            value = attached if equals else "".join(words[place + 1 : place + 2])
    return value


def _one_line(complaint: str, argv: list[str], known: tuple[str, ...]) -> str:
    """Turns the parser's box (drawn with lines, or with blanks where a terminal lacks them) into a line."""
    paragraphs: list[list[str]] = [[]]
    for row in complaint.splitlines():
        text = row.strip().strip(_BOX_EDGES).strip()
        if _BOX_RULE.match(text):
            paragraphs.append([])
        elif text:
            paragraphs[-1].append(text)
    texts = [" ".join(rows) for rows in paragraphs if rows] or ["a flag is wrong, see --help"]
    title_comes_first = "─" not in complaint and len(texts) > 1
    line = texts[1 if title_comes_first else 0]
    if line.startswith(_UNKNOWN):
        return _unknown_word(line.removeprefix(_UNKNOWN), argv, known)
    for pattern, plainer in _PLAINER:
        line, hits = re.subn(f"^{pattern}", plainer, line)
        if hits:
            break
    return line if len(line) <= 300 else line[:297] + "..."


def _named(line: str, config: type, complaint: str) -> str:
    """Names the first of the missing words, of which the parser shows the help only."""
    required = [field.name for field in fields(config) if MISSING is field.default is field.default_factory]
    missing = complaint.count("(required)")
    if not line.startswith(_MISSING) or not 0 < missing <= len(required):
        return line
    wanted = line.removeprefix(_MISSING)
    begun = wanted[0].lower() if wanted[1:2].islower() else wanted[0]  # JSON stays as it is
    return f"{required[-missing]}: got nothing, expected {begun}{wanted[1:]}"


def _flags(config: type, prefix: str = "--") -> Iterator[str]:
    """The flags of a config and of the configs in it."""
    hints = get_type_hints(config)
    for field in fields(config):
        name = f"{prefix}{field.name.replace('_', '-')}"
        if is_dataclass(hints[field.name]):
            yield from _flags(hints[field.name], f"{name}.")
        else:
            yield name


def _unknown_word(words: str, argv: list[str], known: tuple[str, ...]) -> str:
    """Names the first unknown word and, as a value too many is a usual reason, the flag before it."""
    for before, word in zip(["", *argv], argv, strict=False):
        if words.startswith(word) and before.startswith("--") and not re.match("--?[A-Za-z]", word):
            return f"{before}: got one value too many ({word}), see --help"
    word = words.split(",")[0]
    near = difflib.get_close_matches(word.partition("=")[0], known, n=1) if word.startswith("--") else []
    meant = f"did you mean {near[0]}?" if near else "expected those of --help"
    return f"{word}: unknown flag or value, {meant}"
