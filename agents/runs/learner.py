"""What a run trains: a learner, any object with these four members; there is no base class.

How the pieces meet, for a kind named `vision` in `agents/runs/kinds.py`::

    config = VisionConfig(...)                        # from flags, or from a saved run
    learner = build(config, seed=7, device="cpu")     # the kind's builder
    learner.load_state_dict(checkpoint.state)         # only when a run is continued
    for metrics in learner.train():                   # one dict of plain floats per interval
        ...                                           # the run logs it and, when due, saves state_dict()

A learner may also have `notes`, a tuple of lines about its data that a person should read before it starts.
One of a kind that shares games has `games_shared(start)`, a context in which workers that `start` starts play
its games (`agents.runs.workers.StartCrew`), to the same numbers.
One of a kind that shares batches has `share(processes)`, after which it makes its updates together with other
processes (`agents.runs.processes`); it comes before `load_state_dict`.
The run, never the learner, owns the run folder, the progress bar, saving and stopping.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol


class LearnerConfig(Protocol):
    """A frozen dataclass in a module that imports only the standard library; its fields become the flags.

    Fields hold `int`, `float`, `bool`, `str`, `Literal`, tuples of these, or nested frozen dataclasses (so
    that the config is also plain JSON). `__post_init__` checks every field and raises a `ValueError` of the
    form `field: got value, expected ...`. No field has the name of a flag of `agents.commands.train.Options`.
    A config whose intervals are not all alike may have `stages`, (name, number of intervals) each: the time
    left is then that of the present stage. One whose runs can go on beyond their end has `length`, an
    `agents.runs.lengthening.Length`.
    """

    @property
    def intervals(self) -> int:
        """How many dicts `train()` yields from a fresh start to the end."""


class Learner(Protocol):
    """Something that learns in intervals (an epoch, a thousand updates: best a few seconds each)."""

    @property
    def config(self) -> LearnerConfig:
        """The config it was built from."""

    def train(self) -> Iterator[dict[str, float]]:
        """Trains from the present state to the end, yielding the measurements of each interval.

        At each yield the learner is at rest: `state_dict()` taken there and loaded into a fresh learner of
        the same config continues with exactly the same numbers (weights, optimiser, schedules, buffers, data
        order, random states). After `load_state_dict` of the state at interval k the generator yields
        interval k + 1 first. The yielded values are finite Python floats under names of letters, digits, `_`,
        `-`, `.` and `/`; a quantity without a value in this interval is left out. `step` and `seconds` are
        names the run adds.

        Raises:
            FloatingPointError: A loss or a gradient is not finite.
        """

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes while learning, as nested dicts, lists and tuples.

        The leaves are tensors, arrays (of plain numeric dtypes), `int`, `float`, `bool`, `str` and `None`;
        floating tensors are finite and no two share memory. `agents/runs/random_state.py` turns generators
        into such leaves. The run does not keep references beyond the call.
        """

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over a state as `state_dict` gave it (tensors arrive on the CPU).

        Raises:
            ValueError: A key or a shape does not fit the config.
        """


class Builder(Protocol):
    """Makes a fresh learner; the `build` entry of a kind names one."""

    def __call__(self, config: Any, *, seed: int, device: str) -> Learner:
        """Builds the learner.

        Args:
            config: An instance of the kind's config class.
            seed: Source of all its randomness, at least 0.
            device: `cpu` or `cuda`, already resolved.

        Raises:
            ValueError: The config asks for something impossible.
            OSError: Data named by the config cannot be read.
        """
