"""Golden playthroughs: the rules and the physics do what they did."""

import pytest

from envs.curling.conditions import RULE_SETS
from tests.curling.golden_ends import FOLDER, VARIANTS, golden_ends, playthrough

GOLDEN = golden_ends()


@pytest.mark.parametrize(("seed", "name"), list(enumerate(GOLDEN)))
def test_playthrough_is_the_golden_one(seed, name):
    expected = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    played = playthrough(GOLDEN[name], seed).splitlines()
    for number, (was, now) in enumerate(zip(expected, played, strict=False)):
        assert was == now, f"{name}.txt line {number + 1}"
    assert len(expected) == len(played)


def test_every_rule_set_and_ice_has_golden_playthroughs():
    assert len(GOLDEN) == 30
    assert {golden.rules for golden in GOLDEN.values()} == {*RULE_SETS, *VARIANTS}
    assert {golden.ice for golden in GOLDEN.values()} == {"fcv1", "gat2016"}
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(GOLDEN)


def test_the_golden_ends_hold_fouls_blanks_draws_and_winners():
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt"))
    assert "FOUL" in text
    assert "end: ((0, 0),)" in text
    assert "winner 0" in text
    assert "winner 1" in text
    assert "reason draw" in text
