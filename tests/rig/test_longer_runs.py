"""Runs of the kind `rig` that go on beyond their end."""

from pathlib import Path

import pytest

from agents.runs.lengthening import how_to_lengthen, is_lengthened
from tests.rig.runs import fingerprint, make
from tests.rig.tiny import tiny

pytestmark = pytest.mark.usefixtures("small_pool")


@pytest.mark.parametrize("name", ["finetuned", "sac", "oracle", "forgetful"])
def test_a_run_that_goes_on_beyond_its_end_is_one_that_was_as_long_from_the_start(name):
    whole, short, longer = (make(name, steps=steps) for steps in (48, 24, 48))
    rows, seen = list(whole.train()), list(short.train())
    longer.load_state_dict(short.state_dict())
    assert is_lengthened(short.config, longer.config)
    assert seen + list(longer.train()) == rows
    assert len(rows) == longer.config.intervals and fingerprint(longer) == fingerprint(whole)


def test_a_run_whose_last_interval_was_cut_short_cannot_go_on():
    assert not is_lengthened(tiny(steps=25), tiny(steps=48))
    assert "no multiple of 12" in how_to_lengthen(Path("r"), "rig", tiny(steps=25))
