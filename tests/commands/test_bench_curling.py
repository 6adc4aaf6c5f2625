"""`run.py bench`: what it says of memory."""

import sys
from types import SimpleNamespace

import pytest

from agents.benchmarks import curling


@pytest.mark.parametrize(("system", "peak"), [("linux", 3 * 2**10), ("darwin", 3 * 2**20)])
def test_the_peak_of_memory_is_in_megabytes_whatever_unit_the_system_has(system, peak, monkeypatch):
    resource = pytest.importorskip("resource", reason="Windows does not tell")
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=peak))
    monkeypatch.setattr(sys, "platform", system)
    assert curling._peak_megabytes() == 3
