"""Work on the parts of a list, in threads; what comes out does not depend on how many."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")


class Workers:
    """Threads that start when there is work for more than one.

    Args:
        threads: at least 1.

    Raises:
        ValueError: on fewer.
    """

    def __init__(self, threads: int) -> None:
        if threads < 1:
            raise ValueError(f"threads: {threads!r}, expected at least 1")
        self.threads = threads
        self._pool: ThreadPoolExecutor | None = None

    def each_part(self, work: Callable[[Sequence[Item]], None], items: Sequence[Item]) -> None:
        """Call `work` on even parts of the items, none of them empty, and return when all are done.

        Raises:
            Exception: what the work on the first part that failed raised.
        """
        parts = min(self.threads, len(items))
        if parts <= 1:
            if items:
                work(items)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads)
        edges = [part * len(items) // parts for part in range(parts + 1)]
        futures = [self._pool.submit(work, items[low:high]) for low, high in pairwise(edges)]
        wait(futures)
        for future in futures:
            future.result()

    def close(self) -> None:
        """End the threads; more work starts new ones."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
