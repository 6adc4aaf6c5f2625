"""Who imports whom, what happens at import, how long files and functions are, and what no source may do."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import run
from agents.runs.kinds import KINDS

ROOT = Path(__file__).parents[1]
ROOMS = ("agents", "envs", "planners", "vision")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
ALLOWED = {
    "run": {"agents"},
    "agents": {"agents", "envs", "planners", "vision"},
    "envs": {"envs"},
    "planners": {"planners"},
    "vision": {"vision"},
}
SOURCES = sorted([ROOT / "run.py", *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))])
TESTS = sorted((ROOT / "tests").rglob("*.py"))
HEAVY = {"torch", "ray", "numba", "mujoco", "numpy", "matplotlib", "gymnasium", "pettingzoo", "tensorboard"}


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module


def by_name(paths):
    return pytest.mark.parametrize("path", paths, ids=name_of)


@by_name(SOURCES)
def test_imports_follow_the_arrows(path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    ours = {name.split(".")[0] for name in imported(tree_of(path))} & {"run", *ROOMS}
    assert ours <= ALLOWED[room]


@by_name([path for path in SOURCES if path.name == "__init__.py"])
def test_package_files_import_nothing_of_ours(path):
    roots = {name.split(".")[0] for name in imported(tree_of(path))}
    assert not roots & {"run", *ROOMS}


@by_name(SOURCES + TESTS)
def test_files_and_functions_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES
    for node in ast.walk(tree_of(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, f"{node.name} is too long"


def test_the_top_level_holds_what_the_plan_says():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    tops = {line.split("/")[0] for line in listed.stdout.splitlines()}
    fixed = {"run.py", "pyproject.toml", "tests", *ROOMS}
    beside = {"README.md", "CHANGELOG.md", "LICENSE", ".gitignore", ".ci", "results"}
    assert fixed <= tops <= fixed | beside


@pytest.fixture(scope="module")
def import_reports():
    """Name of each module of ours -> what its import printed and did, one deed a line."""
    if not hasattr(os, "fork"):
        pytest.skip("imports are watched where processes can fork")
    command = [sys.executable, "-m", "tests.import_watch", *map(name_of, SOURCES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@by_name(SOURCES)
def test_importing_does_no_work(path, import_reports):
    assert import_reports[name_of(path)] == ""


def test_the_import_watch_sees_work(tmp_path):
    (tmp_path / "busy.py").write_text(
        "import random\nprint('hello')\nopen('made', 'w').close()\nrandom.random()\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.import_watch", "busy"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    report = json.loads(done.stdout)["busy"]
    assert "hello" in report and "opened made" in report and "global random generator" in report


def test_what_help_and_usage_errors_load_names_nothing_heavy():
    entries = {"run", *(row.module for row in run.COMMANDS.values())}
    entries |= {kind.config.partition(":")[0] for kind in KINDS.values()}
    queue, seen = sorted(entries), set()
    while queue:
        name = queue.pop()
        seen.add(name)
        names = {
            imported_name for node in at_load(tree_of(file_of(name))) for imported_name in imported(node)
        }
        assert not {imported_name.split(".")[0] for imported_name in names} & HEAVY, name
        queue += [other for other in names if other.split(".")[0] in ROOMS and other not in seen]
    assert {"run", "agents.commands.flags", "agents.runs.errors"} <= seen


def file_of(name):
    path = ROOT.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def at_load(tree):
    """The statements a module runs when it is loaded: not inside functions, nor for type checkers only."""
    for node in tree.body:
        is_typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if not is_typing and not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node


def dotted(node):
    """`a.b.c` of a call's function, as text."""
    return ast.unparse(node.func)


def keyword(call, name):
    return next((argument.value for argument in call.keywords if argument.arg == name), None)


def is_true(node):
    return isinstance(node, ast.Constant) and node.value is True


def crimes(tree):
    """Calls and imports that no source of ours may contain."""
    for name in imported(tree):
        if name.split(".")[0] in ("pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"):
            yield f"imports {name}"
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        function = dotted(call)
        if function in (
            "eval",
            "exec",
            "__import__",
            "os.system",
            "os.popen",
            "yaml.load",
            "yaml.unsafe_load",
        ):
            yield function
        if function == "torch.save" or (
            function == "torch.load" and not is_true(keyword(call, "weights_only"))
        ):
            yield function
        if function.endswith(".load") and keyword(call, "allow_pickle") is not None:
            yield f"{function} allow_pickle"
        if keyword(call, "shell") is not None and not _is_false(keyword(call, "shell")):
            yield f"{function} shell"
        if function.endswith(".bind") and any(
            host in ast.unparse(call) for host in ("'0.0.0.0'", "''", "'::'")
        ):
            yield function
        if function in ("np.random.seed", "numpy.random.seed", "torch.manual_seed", "random.seed"):
            yield function


def _is_false(node):
    return isinstance(node, ast.Constant) and node.value is False


@by_name(SOURCES)
def test_no_source_unpickles_evaluates_or_listens_to_the_world(path):
    assert list(crimes(tree_of(path))) == []


@pytest.mark.parametrize(
    "crime",
    [
        "import pickle",
        "from dill import loads",
        "eval('1')",
        "torch.load('x')",
        "torch.load('x', weights_only=False)",
        "np.load('x', allow_pickle=True)",
        "yaml.load(text)",
        "subprocess.run('x', shell=True)",
        "server.bind(('0.0.0.0', 1))",
        "server.bind(('', 1))",
        "np.random.seed(0)",
    ],
)
def test_the_scan_finds_each_crime(crime):
    assert list(crimes(ast.parse(crime)))


def test_the_scan_leaves_honest_calls_alone():
    honest = (
        "torch.load('x', weights_only=True)\nnp.load('x')\nserver.bind(('127.0.0.1', 1))\njson.load(file)"
    )
    assert list(crimes(ast.parse(honest))) == []
