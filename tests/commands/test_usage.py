"""Wrong flags and values end in one clear line and exit code 2, quickly, before anything heavy is loaded."""

import json
import os
import random
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

import run
from agents.commands.train import Options
from agents.runs.errors import EXIT_CODES, ConfigError, StorageError
from agents.runs.kinds import KINDS, config_class
from tests.commands.schemas import BAD_VALUES, all_flags, flags_of

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "ray", "numba", "mujoco", "numpy", "matplotlib", "gymnasium")
MAX_SECONDS = 1.0


@pytest.fixture
def nothing_runs(monkeypatch, tmp_path, tiny_kind):
    """Every command stops after its flags are parsed; the working folder is empty."""
    monkeypatch.chdir(tmp_path)
    for row in run.COMMANDS.values():
        monkeypatch.setattr(import_module(row.module), "run", lambda *_: 0)


def outcome(words, capsys):
    """Exit code and error lines of a command line."""
    capsys.readouterr()
    code = run.main(words)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    return code, captured.err.splitlines()


def problem_of(flag, value, capsys):
    """Says what is wrong with the answer to one bad value, or returns an empty string."""
    code, errors = outcome(flag.words(value), capsys)
    if code == 0:
        return "" if flag.may_take(value) else f"took {value[:20]!r}"
    if code != 2 or len(errors) != 1:
        return f"answered {value[:20]!r} with code {code} and {len(errors)} lines"
    own_name = flag.name.split(".")[-1] in errors[0].replace("-", "_")
    return "" if own_name or flag.positional or len(value) > 4096 else f"is not named: {errors[0]}"


def problem_of_unknown(flag, capsys):
    """Says what is wrong with the answer to a flag that there is not, or returns an empty string."""
    words = flag.words("1")[: -1 if flag.positional else -2]
    code, errors = outcome([*words, f"--{flag.name}-unknown", "1"], capsys)
    clear = code == 2 and len(errors) == 1 and "unknown" in errors[0]
    return "" if clear else f"unknown was answered {code} {errors}"


@pytest.mark.parametrize("shares", [8, pytest.param(1, marks=pytest.mark.slow)])
def test_every_field_refuses_bad_values_and_names_itself(shares, nothing_runs, capsys, tmp_path):
    problems, flags = [], all_flags()
    for index, flag in enumerate(flags):
        values = BAD_VALUES[index % shares :: shares]  # neighbouring flags take turns with the shares
        problems += [f"{flag.command} {flag.name} {problem_of(flag, value, capsys)}" for value in values]
        if index % shares == 0:
            problems += [f"{flag.command} {flag.name} {problem_of_unknown(flag, capsys)}"]
    assert [problem for problem in problems if not problem.endswith(" ")] == []
    assert len(flags) * len(BAD_VALUES) >= 150
    assert list(tmp_path.iterdir()) == []


def test_no_kind_has_a_flag_of_the_same_name_as_a_run_flag(tiny_kind):
    taken = {flag.name for flag in flags_of("train", "train", Options)}
    for kind in KINDS:
        assert not taken & {flag.name for flag in flags_of(kind, kind, config_class(kind))}


def vocabulary():
    """Words a confused person or a broken script might put together."""
    flags = [f"--{flag.name}" for flag in all_flags()]
    mutants = [flag[: len(flag) // 2] for flag in flags] + [f"{flag}x" for flag in flags]
    joined = [f"{flag}={value[:50]}" for flag in flags[:10] for value in BAD_VALUES]
    odd = [
        "--",
        "-",
        "-h5",
        "---",
        "=",
        "'",
        '"',
        "$(id)",
        "`id`",
        "; rm",
        "\0",
        "\n",
        "\ud800",
        "..",
        "../..",
        "%s",
    ]
    return [*run.COMMANDS, *KINDS, *flags, *mutants, *joined, *odd, *BAD_VALUES, "1", "2.5", "true", "True"]


def fuzz(count, seed, capsys, tmp_path):
    draw, words = random.Random(seed), vocabulary()
    refused = 0
    for _ in range(count):
        head = [["train", "tiny"], ["train"], ["compare"], ["envs"], []][draw.randrange(5)]
        argv = head + [draw.choice(words) for _ in range(draw.randrange(1, 7))]
        code, errors = outcome(argv, capsys)
        assert code in (0, 2), argv
        assert len(errors) <= 3 and (code == 0 or (errors and errors[0].startswith("run.py: "))), (
            argv,
            errors,
        )
        refused += code == 2
    assert refused > 0.8 * count
    assert list(tmp_path.iterdir()) == []


def test_five_hundred_random_command_lines_are_refused_in_few_lines(nothing_runs, capsys, tmp_path):
    fuzz(500, 1, capsys, tmp_path)


@pytest.mark.slow
def test_ten_thousand_random_command_lines_are_refused_in_few_lines(nothing_runs, capsys, tmp_path):
    fuzz(10_000, 2, capsys, tmp_path)


PROBE = """
import json, sys
from tests.runs.tiny_config import register
register()
import run
code = run.main(sys.argv[1:])
heavy = [name for name in {heavy} if name in sys.modules]
sys.stderr.write("\\n" + json.dumps([code, heavy]))
"""


def probe(words, cwd=ROOT):
    """Exit code, heavy modules, error lines and seconds of a fresh process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROBE.format(heavy=HEAVY), *words]
    started = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60)
    seconds = time.monotonic() - started
    *errors, report = done.stderr.splitlines()
    return *json.loads(report), [line for line in errors if line], seconds


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--help"], 0),
        (["train", "--help"], 0),
        (["train", "tiny", "--help"], 0),
        (["compare", "--help"], 0),
        (["envs", "--help"], 0),
        ([], 2),
        (["trian"], 2),
        (["train"], 2),
        (["train", "no-such-kind"], 2),
        (["train", "tiny", "--learning-rate", "nan"], 2),
        (["train", "tiny", "--wrong", "1"], 2),
        (["compare", "nowhere"], 2),
        (["envs", "--wrong"], 2),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else str(value),
)
def test_help_and_usage_errors_take_under_a_second_and_load_nothing_heavy(words, expected):
    fastest = float("inf")
    for _ in range(5):
        code, heavy, errors, seconds = probe(words)
        assert (code, heavy) == (expected, [])
        assert len(errors) == (expected == 2)
        fastest = min(fastest, seconds)
        if fastest < MAX_SECONDS:
            return
    pytest.fail(f"took {fastest:.2f} s")


@pytest.mark.slow
def test_a_hundred_random_command_lines_in_processes_of_their_own(tmp_path, tiny_kind):
    draw, words = random.Random(3), [word for word in vocabulary() if "\0" not in word and word != "\ud800"]
    for _ in range(100):
        argv = ["train", "tiny", *(draw.choice(words) for _ in range(4)), "--no-such-flag"]
        code, heavy, errors, _ = probe(argv, tmp_path)
        assert (code, heavy) in ((2, []), (0, [])) and len(errors) <= 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("columns", ["20", "80", "200"])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_one_line_is_the_same_on_every_terminal(columns, encoding):
    environment = {**os.environ, "COLUMNS": columns, "PYTHONIOENCODING": encoding}
    for words, line in (
        (["--learning"], "--learning: unknown flag or value, expected those of --help"),
        (["--jsn"], "--jsn: unknown flag or value, did you mean --json?"),
        (["--json", "no"], "--json: got one value too many (no), see --help"),
    ):
        command = [sys.executable, "run.py", "envs", *words]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (2, f"run.py: {line}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently on Windows")
def test_a_reader_that_goes_away_is_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "run.py", "--help"]
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_the_help_of_the_program_documents_every_exit_code(capsys):
    assert run.main(["--help"]) == 0
    manual = capsys.readouterr().out
    assert all(f"{code}  {meaning}" in manual for code, meaning in EXIT_CODES.items())
    assert all(row.summary in manual for row in run.COMMANDS.values())


def test_the_installed_script_is_the_same_main():
    assert 'hogline = "run:main"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["match"],
            "first: got nothing, expected who throws first in the first end: random, drawer",
        ),
        (
            ["match", "rules"],
            "second: got nothing, expected who has the hammer in the first end",
        ),
        (["analyse"], "--position: got nothing, expected a value"),
        (["match", "rules", "drawer", "--ends", "1e9"], "--ends: got '1e9', expected a number or None"),
        (["train", "vision", "--epochs", "0"], "epochs: got 0.0, expected a number above 0"),
        (["train", "kr_drl", "--exploration", "x"], "--exploration: got 'x', expected a number or None"),
    ],
)
def test_what_is_missing_or_no_number_is_said_plainly(words, line, capsys):
    code, errors = outcome(words, capsys)
    assert code == 2 and len(errors) == 1 and errors[0].startswith(f"run.py: {line}")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConfigError("max_ends: got 3, expected 9"), "max-ends: got 3, expected 9"),
        (ConfigError("a.b_c: unknown field, expected d_e"), "a.b-c: unknown field, expected d_e"),
        (ConfigError("a_b: got 1, expected 2; c_d: got 3"), "a-b: got 1, expected 2; c-d: got 3"),
        (ConfigError("start: got my_run: got"), "start: got my_run: got"),
        (StorageError("my_run: got lost"), "my_run: got lost"),
    ],
)
def test_errors_name_a_field_as_its_flag_is_typed(error, line, monkeypatch, capsys):
    def fails(words):
        raise error

    monkeypatch.setattr(run, "_dispatch", fails)
    assert run.main([]) == error.exit_code
    assert capsys.readouterr().err == f"run.py: {line}\n"


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_a_stream_that_the_caller_closed_is_no_hindrance(name, monkeypatch):
    monkeypatch.setattr(sys, name, None)
    assert run.main(["--help"]) == 0
    assert run.main(["nothing"]) == 2
    getattr(sys, name).close()


@pytest.mark.parametrize(
    ("ending", "code", "line"), [(None, 0, ""), (3, 3, ""), ("it is\nover", 1, "run.py: it is over\n")]
)
def test_a_command_that_exits_itself_keeps_its_code_and_its_text(ending, code, line, monkeypatch, capsys):
    monkeypatch.setattr(run, "_dispatch", lambda words: sys.exit(ending))
    assert run.main([]) == code
    assert capsys.readouterr().err == line
