"""Imports modules of ours, each in a fresh fork, and reports what the import did; run as `python -m
tests.import_watch`.

The packages of others are imported before the forks, so that only our own work shows and each import is
quick.
"""

import importlib
import json
import os
import random
import sys

OTHERS = (
    *(
        "numpy",
        "torch",
        "numba",
        "gymnasium",
        "pettingzoo",
        "mujoco",
        "matplotlib.figure",
        "safetensors.torch",
    ),
    *("rich.console", "rich.table", "rich.progress", "tyro"),
)
STARTS = ("subprocess.Popen", "os.fork", "os.posix_spawn", "socket.connect", "socket.bind")
CHANGES = (
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.symlink",
    "os.link",
    "os.truncate",
    "os.putenv",
)
WRITE_FLAGS = os.O_WRONLY | os.O_RDWR


def watch_import(name, root):
    """Imports one module and lists the deeds of that import."""
    deeds = []

    def note(event, arguments):
        if event == "open" and isinstance(arguments[0], str):
            path, _, flags = arguments
            inside = path.startswith(root) and not path.endswith((".py", ".pyc"))
            if (
                flags & WRITE_FLAGS or inside
            ) and "__pycache__" not in path:  # compilers test their cache folder
                deeds.append(f"opened {path}")
        elif event in STARTS:
            deeds.append(event)
        elif event in CHANGES and "__pycache__" not in str(arguments[0]):
            deeds.append(f"{event} {arguments[0]}")

    before = _random_states()
    sys.addaudithook(note)
    importlib.import_module(name)
    if _random_states() != before:
        deeds.append("drew from a global random generator")
    return deeds


def _random_states():
    import numpy as np
    import torch

    name, keys, place, *rest = np.random.get_state()  # noqa: NPY002 (the global state is what is watched)
    return random.getstate(), name, keys.tolist(), place, rest, torch.random.get_rng_state().tolist()


def in_fork(name, root):
    """Runs `watch_import` in a child whose output is part of the report."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        try:
            deeds = watch_import(name, root)
            sys.stdout.write("".join(f"{deed}\n" for deed in deeds))
        except BaseException as error:
            sys.stdout.write(f"raised {type(error).__name__}: {error}\n")
        sys.stdout.flush()
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        report = stream.read()
    os.waitpid(child, 0)
    return report


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    for package in OTHERS:
        importlib.import_module(package)
    here = os.getcwd()
    print(json.dumps({name: in_fork(name, here) for name in sys.argv[1:]}))
