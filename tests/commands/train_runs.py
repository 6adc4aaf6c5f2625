"""What the tests of `run.py train` read of runs and of what was said."""

from agents.runs.metrics import read_metrics

ENDED = "note: the run has ended; "


def rows(path):
    """The measurements of a run without their times."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in read_metrics(path)]
