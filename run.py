"""The command line of Hogline: parses flags into a config, then hands over to one command."""

import difflib
import os
import re
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import NamedTuple

from agents.runs.errors import BROKEN_PIPE, EXIT_CODES, ConfigError, HoglineError, PeerError
from agents.runs.signals import stops_raise

_FIELD = re.compile(r"(?:^|(?<=; ))[a-z][a-z0-9_.]*(?=: (?:got|missing|unknown)\b)")


class Command(NamedTuple):
    """One row of the table; a new command is one module and one row.

    Args:
        module: Offers `Config` (a frozen dataclass whose fields are the flags), `run(config) -> int`, and
            `main(argv) -> int` that parses and runs; it imports nothing heavy at load.
        summary: One line for the help.
    """

    module: str
    summary: str


COMMANDS: dict[str, Command] = {
    "demo": Command("agents.commands.demo", "see Hogline at work: a match, then an agent that learns to win"),
    "train": Command("agents.commands.train", "train a learner, or continue a run"),
    "compare": Command(
        "agents.commands.compare", "draw curves of runs and tabulate their final values with intervals"
    ),
    "table": Command("agents.commands.table", "train the rows of a table of results and compare them"),
    "bench": Command("agents.commands.bench", "measure speed"),
    "evaluate": Command(
        "agents.commands.evaluate", "report on what runs learnt, with intervals, as one table"
    ),
    "reach": Command("agents.commands.reach", "give a trained agent a goal image and watch it"),
    "latents": Command("agents.commands.latents", "measure how the size of a code makes it jitter and blur"),
    "schedule": Command(
        "agents.commands.schedule", "draw batch schedules against epochs and count their updates"
    ),
    "teach": Command("agents.commands.teach", "let a teacher play curling and keep its shots for learning"),
    "strategy": Command(
        "agents.commands.strategy", "the chance to win a game of curling, by lead and ends left"
    ),
    "export": Command("agents.commands.export", "write the curling network of a run to a small file"),
    "envs": Command("agents.commands.envs", "list the registered environments"),
    "match": Command("agents.commands.match", "play one game of curling between two players"),
    "tournament": Command(
        "agents.commands.tournament", "play every pairing of curling players and rate them, with intervals"
    ),
    "play": Command("agents.commands.play", "play curling against a player, in the terminal"),
    "connect": Command("agents.commands.connect", "play curling at a Digital Curling 3 server"),
    "serve": Command(
        "agents.commands.serve", "let external programs play curling: a Digital Curling 3 server"
    ),
    "analyse": Command(
        "agents.commands.analyse", "judge the shots of a curling position, as table and heat map"
    ),
    "canaries": Command("agents.commands.canaries", "does a curling player see the obvious shots?"),
    "explain": Command("agents.commands.explain", "which stones of a board a curling network sees together"),
    "render": Command("agents.commands.render", "draw a curling position, or a shot with its tracks"),
    "shots": Command("agents.commands.shots", "play Digital Curling shot lines, JSON in and JSON out"),
}


def main(argv: list[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: The words after the program's name; None takes them from the process.

    Returns:
        The exit code, one of `agents.runs.errors.EXIT_CODES`.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    _mend_streams()
    try:
        with stops_raise():
            code = _dispatch(words)
            sys.stdout.flush()
            return code
    except ConfigError as error:
        return _complain(_as_typed(str(error)), error.exit_code)
    except HoglineError as error:
        return _complain(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _complain("stopped", 128 + signal.SIGINT)
    except FloatingPointError as error:
        return _complain(str(error), 4)
    except BrokenPipeError:
        _drop_output()
        return BROKEN_PIPE
    except ConnectionError as error:
        return _complain(str(error), PeerError.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}", 3)
    except SystemExit as ending:
        return _code_of(ending)


def _mend_streams() -> None:
    """Opens the standard streams that the caller closed, and lets those that cannot show a character show
    another: a picture of the house, say, on an output in Windows' western encoding."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (until the end)
        elif mode == "w" and hasattr(stream, "reconfigure") and not stream.encoding.lower().startswith("utf"):
            stream.reconfigure(errors="replace")


def _drop_output() -> None:
    """Lets what is still to be written go nowhere: nobody reads it, and the interpreter would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # it is closed, or no file
            try:
                stream.flush()
            except BrokenPipeError:
                os.dup2(nowhere, stream.fileno())


def _dispatch(words: list[str]) -> int:
    if words and words[0] in ("-h", "--help"):
        sys.stdout.write(_manual())
        return 0
    if not words or words[0] not in COMMANDS:
        near = difflib.get_close_matches(words[0], COMMANDS, n=1) if words else []
        hint = f" (did you mean {near[0]}?)" if near else ""
        got = repr(words[0][:60]) if words else "nothing"
        raise ConfigError(
            f"command: got {got}, expected one of {', '.join(COMMANDS)}{hint}; see run.py --help"
        )
    return import_module(COMMANDS[words[0]].module).main(words[1:])


def _manual() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items())
    codes = "\n".join(f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items())
    return (
        "usage: run.py COMMAND [flags]\n\n"
        f"commands (run.py COMMAND --help lists the flags):\n{commands}\n\n"
        f"exit codes:\n{codes}\n"
    )


def _code_of(ending: SystemExit) -> int:
    """The exit code that the interpreter would give: a text is an error, nothing is none."""
    if ending.code is None or isinstance(ending.code, int):
        return ending.code or 0
    return _complain(str(ending.code), 1)


def _as_typed(message: str) -> str:
    """The message with the names of fields as their flags have them: with dashes."""
    return _FIELD.sub(lambda name: name[0].replace("_", "-"), message)


def _complain(message: str, exit_code: int) -> int:
    line = " ".join(message.split()) or "no details"
    sys.stderr.write(f"run.py: {line}\n")
    return exit_code


if __name__ == "__main__":
    raise SystemExit(main())
