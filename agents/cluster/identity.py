"""What has to be equal on every machine for a game to be the same there: versions and our own sources."""

import platform
import socket
import sys
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from agents.runs.origin import versions

ROOT = Path(__file__).parents[2]
ROOMS = ("agents", "envs", "planners", "vision")
DECISIVE = ("python", "hogline", "torch", "numpy", "numba")
"""Packages that decide the numbers of a game."""


class Identity(NamedTuple):
    """Of one process.

    host: name of its machine.
    versions: of the packages that decide numbers, by name.
    sources: SHA-256 over our sources and pretrained networks.
    processor: kind of processor, as the compiler of our kernels calls it.
    """

    host: str
    versions: dict[str, str]
    sources: str
    processor: str


def identity() -> Identity:
    """That of this process."""
    found = versions()
    return Identity(
        socket.gethostname(), {name: found[name] for name in DECISIVE}, sources_hash(ROOT), _processor()
    )


def difference(ours: Identity, theirs: Identity) -> str:
    """What of a worker is not as it is here, in words; empty if its games are the same as ours."""
    for name, version in ours.versions.items():
        if theirs.versions.get(name) != version:
            return f"{name} {theirs.versions.get(name, 'absent')}, expected {version} as here"
    return "" if theirs.sources == ours.sources else "other sources of Hogline than here, expected the same"


def sources_hash(root: Path) -> str:
    """SHA-256 over names and contents of the sources and pretrained networks below a folder."""
    digest = sha256()
    patterns = [f"{room}/**/*.{kind}" for room in ROOMS for kind in ("py", "safetensors")]
    files = [file for pattern in patterns for file in root.glob(pattern)]
    for file in sorted(files, key=lambda file: file.relative_to(root).as_posix()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _processor() -> str:
    """Such as `znver3`; kernels compiled for another kind, and libraries there, may round otherwise."""
    from llvmlite.binding import get_host_cpu_name

    return f"{sys.platform} {platform.machine()} {get_host_cpu_name()}"
