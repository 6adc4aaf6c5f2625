"""A run that is stopped and continued ends as one that is not, and says truly what it saved."""

import signal
from types import SimpleNamespace

import pytest

from agents.runs.checkpoint import read_step
from agents.runs.checkpoint_store import BEST, LAST
from agents.runs.errors import Stopped
from agents.runs.loop import train_run
from agents.runs.run_folder import RunFolder, RunRecord
from tests.runs.tiny_config import TINY

LOSSES = (9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 1.0, 4.0, 4.0, 3.0, 2.0, 2.5)


class Reader:
    """A learner that measures the losses of a list, one after the other."""

    config = SimpleNamespace(intervals=len(LOSSES))

    def __init__(self):
        self.step = 0

    def train(self):
        while self.step < len(LOSSES):
            self.step += 1
            yield {"loss": LOSSES[self.step - 1]}

    def state_dict(self):
        return {"step": self.step}

    def load_state_dict(self, state):
        self.step = state["step"]


class Stop:
    """A stop request, as yet without a signal."""

    signal_number, accepted = 0, False

    def accept(self):
        self.accepted = True


class StopBetweenReads(Stop):
    """A signal that comes once this many reads have found none."""

    def __init__(self, reads):
        self.left = reads

    @property
    def signal_number(self):
        self.left -= 1
        return 0 if self.left >= 0 else signal.SIGTERM


def opened(path, checkpoint_every):
    """The run folder of this path, made if it is new."""
    if path.exists():
        return RunFolder.open(path)
    return RunFolder.create(path, RunRecord("tiny", {}, [0], "cpu", checkpoint_every, "cpu"))


def train(path, stop, checkpoint_every, stop_in=0):
    def interval(step, measurements):
        if step == stop_in:
            stop.signal_number = signal.SIGTERM

    observer = SimpleNamespace(start=lambda *_: None, interval=interval, notice=pytest.fail)
    with opened(path, checkpoint_every) as run:
        return train_run(run, TINY, Reader(), stop=stop, observer=observer)


@pytest.mark.parametrize("reads", range(4))
def test_a_stop_that_comes_at_any_moment_has_saved_the_step_that_it_names(tmp_path, reads):
    stop = StopBetweenReads(reads)
    with pytest.raises(Stopped) as stopped:
        train(tmp_path / "run", stop, checkpoint_every=100)
    step = read_step(tmp_path / "run" / "checkpoints" / LAST)
    assert str(stopped.value).endswith(f"saved at step {step}") and stopped.value.exit_code == 143
    assert stop.accepted


@pytest.mark.parametrize("stop_in", [1, 7, 10, 11, 12])
def test_a_stop_does_not_change_which_checkpoint_is_the_best(tmp_path, stop_in):
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    assert train(unbroken, Stop(), checkpoint_every=5) == len(LOSSES)
    with pytest.raises(Stopped, match=f"step {stop_in}$"):
        train(broken, Stop(), checkpoint_every=5, stop_in=stop_in)
    assert train(broken, Stop(), checkpoint_every=5) == len(LOSSES)
    best = [path / "checkpoints" / BEST for path in (unbroken, broken)]
    assert [read_step(path) for path in best] == [12, 12]
