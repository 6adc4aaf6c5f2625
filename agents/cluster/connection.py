"""The connection of this process to a cluster: one that `ray start` made, or a new one on this machine alone.

Ray's own tongue is held: no dashboard, no statistics to anyone, no log lines on the terminal. A new cluster
listens to this machine only and has a token; that of others is never switched off.
"""

import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from agents.cluster.address import LOCAL
from agents.cluster.identity import identity
from agents.cluster.ray_actors import RayActors
from agents.cluster.remote_workers import RemoteWorkers
from agents.runs.errors import ConfigError
from agents.runs.signals import deaf_children
from agents.runs.workers import StartCrew

CONNECT_SECONDS = 30.0  # that a cluster may take to answer
STORE_BYTES = 256 * 2**20  # for what machines share, in a new cluster
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
"""Of a new cluster: its processes listen on the loopback only, as Ray has it where it knows no clusters; and
each call needs the token."""
TRIAL = """
import logging, sys
import ray
logging.getLogger("ray").setLevel(logging.CRITICAL)
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level=logging.CRITICAL)
except Exception as error:
    sys.exit(f"REASON {type(error).__name__}: {' '.join(str(error).split())}")
"""
"""Tries an address in another process: for one that is none Ray waits minutes, or ends the process."""


class Cluster:
    """The cluster that this process is connected to."""

    def starter(self, count: int, *, most: int, device: str, notice: Callable[[str], None]) -> StartCrew:
        """What starts workers on the cluster.

        Args:
            count: of them; 0 is one for each CPU (on `cuda` GPU) that is free now.
            most: workers that would have something to do.
            device: where their networks run.
            notice: told in one line who was lost.

        Raises:
            ConfigError: nothing is free.
        """
        actors = RayActors(gpu=device == "cuda")
        room = actors.room()
        if not room:
            what = "GPU with a CPU" if device == "cuda" else "CPU"
            raise ConfigError(f"cluster: got one without a free {what}, expected at least one")
        count = min(count or room, most)
        if count > room:
            notice(f"{room} of {count} workers start now, as the cluster has no more room")
        return partial(RemoteWorkers, actors, count=count, identity=identity(), notice=notice)


@contextmanager
def connected(address: str, *, cores: int, notice: Callable[[str], None]) -> Iterator[Cluster]:
    """Connects this process; when it is left, workers end, and so does a cluster that was made here.

    Args:
        address: `auto`, `local` or HOST:PORT, as `agents.cluster.address` checks it.
        cores: of a new cluster.
        notice: told in one line what a person should know.

    Raises:
        ConfigError: no cluster is there, or it refuses.
    """
    with ExitStack() as stack:
        stack.enter_context(_environment(QUIET | (ALONE if address == LOCAL else {})))
        if address != LOCAL:
            _try(address)
        import ray

        logging.getLogger("ray").setLevel(logging.CRITICAL)
        ray._private.worker._worker_logs_enabled = False  # its debugger's switch for news of dead workers
        quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        if address == LOCAL:
            made = tempfile.TemporaryDirectory(prefix="hogline-ray-", ignore_cleanup_errors=True)
            quiet |= {
                "num_cpus": cores,
                "include_dashboard": False,
                "object_store_memory": STORE_BYTES,
                "_temp_dir": stack.enter_context(made),
            }
        stack.callback(_unsignalled, ray.shutdown)
        with deaf_children(), _private_files():
            _unsignalled(partial(ray.init, address=address, **quiet))
        if os.environ.get("RAY_AUTH_MODE") != "token":
            notice("the cluster has no token: whoever reaches its ports can run programs on its machines")
        yield Cluster()


def _try(address: str) -> None:
    """Connects in a process of its own, to learn soon and for sure whether it can be done.

    Raises:
        ConfigError: it cannot.
    """
    expected = "expected one that ray start made, with this machine in it"
    command = [sys.executable, "-c", TRIAL, address]
    try:
        tried = subprocess.run(command, capture_output=True, text=True, timeout=CONNECT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ConfigError(
            f"cluster: got {address}, which did not answer within {CONNECT_SECONDS:g} s, {expected}"
        ) from error
    if tried.returncode:
        reasons = [line for line in tried.stderr.splitlines() if line.startswith("REASON ")]
        reason = reasons[-1].removeprefix("REASON ")[:200] if reasons else f"code {tried.returncode}"
        raise ConfigError(f"cluster: got {address}, {expected} ({reason})")


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """While open, these variables are set; Ray may change its own in the meantime."""
    before = {name: os.environ.get(name) for name in (*values, "RAY_AUTH_MODE")}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _private_files() -> Iterator[None]:
    """While open, new files are for this user alone: Ray's token is one."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _unsignalled(deed: Callable[[], object]) -> None:
    """Does something that sets handlers of signals, and puts ours back."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        deed()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
