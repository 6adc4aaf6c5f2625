"""Laws of the clock and of what a run shows of its progress on the terminal."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from agents.commands.terminal.clock import Clock
from agents.commands.terminal.progress import BarProgress, LineProgress, progress
from agents.rig.config import RigConfig


class Time:
    """A clock set by hand, seconds."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def time():
    return Time()


def pass_intervals(clock, time, steps, seconds):
    moments = []
    for step in steps:
        time.seconds += seconds
        moments.append(clock.at(step))
    return moments


def test_time_left_is_that_of_the_intervals_that_are_missing(time):
    clock = Clock(now=time)
    clock.start(0, 10)
    *_, moment = pass_intervals(clock, time, (1, 2, 3, 4), 5.0)
    assert (moment.stage, moment.done, moment.total) == ("", 4, 10)
    assert moment.rate == pytest.approx(0.2)
    assert clock.left(moment.end) == "0:00:30"
    time.seconds += 12
    assert clock.left(moment.end) == "0:00:18"


def test_the_first_interval_which_holds_the_start_is_forgotten_once_there_are_more(time):
    clock = Clock(now=time)
    clock.start(0, 12)
    (first,) = pass_intervals(clock, time, (1,), 20.0)
    assert clock.left(first.end) == "0:03:40"
    again, later = pass_intervals(clock, time, (1, 3), 2.0)
    assert again.rate == first.rate and later.rate == pytest.approx(0.5)
    assert clock.left(later.end) == "0:00:18"


def test_a_slow_stage_is_not_judged_by_the_quick_one_before_it(time):
    clock = Clock((("autoencoder", 20), ("acting", 10)), now=time)
    clock.start(0, 30)
    quick = pass_intervals(clock, time, range(1, 21), 1.0)
    assert (quick[4].stage, quick[4].done, quick[4].total, clock.left(quick[-1].end)) == (
        *("autoencoder", 5, 20),
        "0:00:00",
    )
    slow = pass_intervals(clock, time, (21, 22), 60.0)
    assert (slow[-1].stage, slow[-1].done, slow[-1].total) == ("acting", 2, 10)
    assert clock.left(slow[-1].end) == "0:08:00"


def test_a_run_that_goes_on_counts_its_own_intervals_only(time):
    clock = Clock((("autoencoder", 20), ("acting", 10)), now=time)
    moment = clock.start(24, 30)
    assert (moment.stage, moment.done, moment.rate, clock.left(moment.end)) == ("acting", 4, 0.0, "-:--:--")
    (moment,) = pass_intervals(clock, time, (25,), 30.0)
    assert clock.left(moment.end) == "0:02:30"


def test_going_on_where_a_stage_ended_begins_the_next_one(time):
    clock = Clock((("autoencoder", 20), ("acting", 10)), now=time)
    clock.start(20, 30)
    assert clock.ahead(20)[:3] == ("acting", 0, 10) and clock.ahead(19) is clock.ahead(30) is None
    (moment,) = pass_intervals(clock, time, (21,), 30.0)
    assert (moment.stage, moment.done) == ("acting", 1) and clock.left(moment.end) == "0:04:30"


def test_lines_name_the_stage_and_its_last_interval_is_always_shown(capsys):
    lines = LineProgress("rig seed 1", (("autoencoder", 2), ("acting", 2)))
    lines.start(0, 4)
    for step in range(1, 5):
        lines.interval(step, {"loss": 0.5})
    captured = capsys.readouterr()
    shown = captured.err.splitlines()
    assert captured.out == ""
    assert [line.split("  ")[0] for line in shown] == [
        "rig seed 1 autoencoder 1/2",
        "rig seed 1 autoencoder 2/2",
        "rig seed 1 acting 2/2",
    ]
    assert all("loss 0.5" in line for line in shown)


@pytest.mark.parametrize(
    ("terminal", "term", "kind"),
    [(True, "xterm", BarProgress), (True, "dumb", LineProgress), (False, "xterm", LineProgress)],
)
def test_the_bar_is_for_a_stderr_that_can_redraw(monkeypatch, terminal, term, kind):
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("sys.stderr", SimpleNamespace(isatty=lambda: terminal))
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: not terminal))
    assert type(progress("train")) is kind


def test_the_headline_and_held_out_figures_come_before_the_others(capsys):
    lines = LineProgress("kr_dl", headline="validation_b")
    lines.start(0, 1)
    lines.interval(1, {"loss": 1, "rate": 2, "norm": 3, "validation_a": 4, "validation_b": 5, "momentum": 6})
    assert capsys.readouterr().err.endswith("  loss 1  validation_b 5  validation_a 4  rate 2\n")


def test_the_bar_tells_the_time_left_of_slow_intervals(time, monkeypatch):
    drawn = io.StringIO()

    def console(*, stderr):
        assert stderr, "results alone go to stdout"
        return Console(file=drawn, force_terminal=True, width=120)

    monkeypatch.setattr("rich.console.Console", console)
    bar = BarProgress("rig seed 1", (("autoencoder", 1), ("acting", 4)))
    bar._clock.now = time
    with bar:
        bar.start(0, 5)
        for step in range(1, 4):
            time.seconds += 90.0
            bar.interval(step, {"reward": -1.5})
    last = [line for line in drawn.getvalue().splitlines() if "rig seed 1" in line][-1]
    assert "acting" in last and "2/4" in last and "0:03:00" in last and "reward -1.5" in last


def test_the_stages_of_a_config_are_its_intervals():
    for method in ("rig", "oracle"):
        config = RigConfig(method=method)
        assert sum(number for _, number in config.stages) == config.intervals
