"""Processes that train one network together, as `torchrun` starts them: who this one is, and how they talk.

The first process leads: it alone owns terminal, run folder and checkpoints, and tells the others what to go
on from and whether to go on. Imports no torch at load.
"""

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agents.runs.errors import ConfigError, PeerError

RANK, COUNT, PLACE = "RANK", "WORLD_SIZE", "LOCAL_RANK"
"""The variables of the environment in which `torchrun` says who a process is."""
LONGEST_WAIT = timedelta(minutes=30)
"""For the slowest process, before the others give up."""


@dataclass(frozen=True)
class Team:
    """Who this process is among those that train together.

    Args:
        rank: its number, from 0, the leader's.
        count: how many there are.
        place: its number on its own machine, and that of its GPU there.
    """

    rank: int = 0
    count: int = 1
    place: int = 0

    @property
    def leads(self) -> bool:
        """Whether it is the first."""
        return self.rank == 0

    def tell(self, word: Any) -> None:
        """Say something to the others; it arrives where they call `told`.

        Raises:
            PeerError: one of them is gone.
        """
        if self.count > 1:
            _broadcast(word)

    def told(self) -> Any:
        """Wait for what the leader says.

        Raises:
            PeerError: it is gone.
        """
        return _broadcast(None)


ALONE = Team()


def team_of(environment: Mapping[str, str]) -> Team:
    """Who this process is; alone where the environment says nothing.

    Raises:
        ConfigError: a number is missing or none.
    """
    if COUNT not in environment:
        return ALONE
    rank, count, place = (_number(environment, name) for name in (RANK, COUNT, PLACE))
    if rank >= count:
        raise ConfigError(f"{RANK}: got {rank}, expected a number below {COUNT}, {count}")
    return Team(rank, count, place)


@contextmanager
def joined(team: Team, device: str) -> Iterator[None]:
    """While open, the processes of a team can talk.

    Args:
        team: of several, or this process alone, for which nothing is done.
        device: where networks run, `cpu` or `cuda`; then each process takes the GPU of its place.

    Raises:
        ConfigError: there is no such GPU, or the others are not found.
    """
    if team.count == 1:
        yield
        return
    import torch
    from torch import distributed

    backend = "gloo"
    if device == "cuda":
        gpus = torch.cuda.device_count()
        if team.place >= gpus:
            raise ConfigError(
                f"{PLACE}: got {team.place}, expected at most one process for each of {gpus} GPUs"
            )
        torch.cuda.set_device(team.place)
        backend = "cpu:gloo,cuda:nccl"
    try:
        distributed.init_process_group(backend, timeout=LONGEST_WAIT)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"processes: {_first_line(error)}, expected to be started by torchrun") from error
    try:
        yield
    finally:
        distributed.destroy_process_group()


@contextmanager
def deaf() -> Iterator[None]:
    """While open, this process hears of no stop: it does what the leader tells it."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _broadcast(word: Any) -> Any:
    """What the leader says."""
    import torch
    from torch import distributed

    box = [word]
    try:
        distributed.broadcast_object_list(box, src=0, device=torch.device("cpu"))
    except RuntimeError as error:
        raise PeerError("processes: another one is gone; the last checkpoint, if any, stays") from error
    return box[0]


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "")
    if not text.isascii() or not text.isdigit():
        raise ConfigError(f"{name}: got {text!r}, expected a whole number, as torchrun sets it")
    return int(text)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
