"""Where a run comes from: package versions, source revision and machine, for its `config.json`."""

import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("hogline", "torch", "numpy", "numba", "mujoco", "gymnasium", "pettingzoo", "safetensors")
GIT_SECONDS = 5.0


def origin() -> dict[str, Any]:
    """Returns what a file of measurements says of where they were made: date, machine, versions, revision."""
    date = time.strftime("%Y-%m-%d", time.gmtime())
    return {"date": date, "machine": machine(), "versions": versions(), "revision": revision()}


def versions() -> dict[str, str]:
    """Returns name -> version of Python and of the packages that decide numbers (`absent` if not
    installed)."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def revision() -> str:
    """Returns the git hash of these sources, with `+changes` if they differ from it, or `unknown`."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return "unknown"
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return f"{commit}+changes" if _git(root, "status", "--porcelain") else commit
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def machine() -> dict[str, str]:
    """Returns the operating system, the processor, the number of cores, and the GPU if torch, once it is
    loaded, sees one."""
    found = {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": str(os.cpu_count()),
    }
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=True)
    return done.stdout.strip()
