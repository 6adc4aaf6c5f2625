"""Where games are played and updates made: in this process, in several, or on several machines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.runs.processes import ALONE, Team
from agents.runs.workers import Crew, StartCrew, Work, Workers, worker_count

if TYPE_CHECKING:
    from agents.cluster.connection import Cluster


@dataclass(frozen=True)
class Workplace:
    """A place for workers, and for updates.

    Args:
        device: where networks run: `cpu` or `cuda`.
        workers: that are wanted; 0 is what suits.
        cluster: that is connected; None is this machine.
        team: of processes that make the updates together, and which of them this one is.
    """

    device: str
    workers: int = 0
    cluster: "Cluster | None" = None
    team: Team = ALONE

    def starter(self, *, most: int, notice: Callable[[str], None], suits: int = 0) -> StartCrew | None:
        """What starts workers; None where this process alone should work.

        Args:
            most: workers that would have something to do.
            notice: told in one line who was lost.
            suits: processes of this machine that suit; 0 is one for each core. On a cluster all suit that are
                free.

        Raises:
            ConfigError: the cluster has nothing free.
        """
        if self.cluster is not None:
            return self.cluster.starter(self.workers, most=most, device=self.device, notice=notice)
        processes = min(worker_count(self.workers or suits), most)

        def start(work: Work, arguments: tuple[Any, ...]) -> Crew:
            return Workers(work, arguments, processes)

        return start if processes > 1 else None


@contextmanager
def workplace(
    address: str, *, workers: int, device: str, notice: Callable[[str], None]
) -> Iterator[Workplace]:
    """The place that `--cluster` means; when it is left, its workers are gone.

    Args:
        address: of the cluster; nothing is this machine without one.
        workers: that are wanted, 0 is any number; a new cluster has as many CPUs.
        device: where networks run.
        notice: told in one line what a person should know.

    Raises:
        ConfigError: no cluster is there, or it refuses.
    """
    if not address:
        yield Workplace(device, workers)
        return
    from agents.cluster.connection import connected

    with connected(address, cores=worker_count(workers), notice=notice) as cluster:
        yield Workplace(device, workers, cluster)
