"""Ray actors, each with a `RemoteWork`, as `agents.cluster.remote_workers.Actors`; every wait has an end."""

from collections.abc import Sequence
from typing import Any

from agents.cluster.remote_work import RemoteWork
from agents.cluster.remote_workers import ActorGone
from agents.runs.errors import ConfigError

TAKE_SECONDS = 60.0  # that an answer which is there may take to come over
CALLS_AT_ONCE = 3  # of one actor: one is asked what it tells while it hears messages


class RayActors:
    """Actors of the cluster that this process is connected to.

    Args:
        gpu: whether each has a GPU of its own, beside its CPU.
    """

    def __init__(self, *, gpu: bool) -> None:
        import ray

        self._ray, self._gpu = ray, gpu
        resources = {"num_gpus": 1} if gpu else {}
        self._class = ray.remote(
            num_cpus=1, max_restarts=0, max_task_retries=0, max_concurrency=CALLS_AT_ONCE, **resources
        )(RemoteWork)

    def room(self) -> int:
        """How many CPUs (with `gpu`, CPUs with GPUs) are free in the whole cluster."""
        free = self._ray.available_resources()
        room = free.get("CPU", 0.0)
        return int(min(room, free.get("GPU", 0.0)) if self._gpu else room)

    def start(self) -> Any:
        """Starts an actor."""
        return self._class.remote()

    def share(self, value: Any) -> Any:
        """Puts a value into the cluster's store."""
        return self._ray.put(value)

    def call(self, actor: Any, method: str, *arguments: Any) -> Any:
        """Calls a method; an argument that is shared arrives as its value."""
        return getattr(actor, method).remote(*arguments)

    def wait(self, tickets: Sequence[Any], seconds: float) -> list[Any]:
        """The tickets whose answers are there, after a wait for the first, at most so long."""
        self._ray.wait(list(tickets), num_returns=1, timeout=seconds)
        return self._ray.wait(list(tickets), num_returns=len(tickets), timeout=0)[0]

    def take(self, ticket: Any) -> Any:
        """The answer of a ticket that is ready.

        Raises:
            ActorGone: there will be none, or it does not come over.
            ConfigError: the actor's machine lacks our program.
        """
        try:
            return self._ray.get(ticket, timeout=TAKE_SECONDS)
        except self._ray.exceptions.RayError as error:
            text = str(error)
            if "ModuleNotFoundError" in text:
                missing = text[text.rindex("ModuleNotFoundError") :].splitlines()[0]
                raise ConfigError(
                    f"cluster: a machine lacks this program ({missing}), expected the same Hogline on all"
                ) from error
            raise ActorGone(type(error).__name__) from error

    def end(self, actor: Any) -> None:
        """Kills an actor."""
        self._ray.kill(actor, no_restart=True)
