"""Canaries: positions that can be, references that can be found again, players that see or miss the shot."""

import json
from dataclasses import replace

import numpy as np
import pytest

import run
from agents.curling.judging import canary_trial
from agents.curling.judging.canaries import CANARIES
from agents.curling.judging.canary_trial import (
    EXECUTIONS,
    canary_world,
    find_reference,
    reach_rate,
    read_references,
    try_player,
)
from agents.curling.players import make_player
from agents.runs.errors import CorruptFileError
from envs.curling.physics.delivery import Shot, velocity_through
from envs.curling.physics.positions import OVERLAP
from envs.curling.rules.game import thrown_slot
from envs.curling.wire.digital_curling import check_position


@pytest.fixture(scope="module")
def references():
    return read_references()


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
@pytest.mark.parametrize("mirrored", [False, True], ids=["", "mirrored"])
def test_every_position_can_be_played_by_its_thrower(canary, mirrored):
    world, state = canary_world(), canary.state(mirrored=mirrored)
    check_position(world.ice, state, OVERLAP, "state")
    assert state.thrower == 1 and not state.in_play[thrown_slot(world.rules, state)]
    assert len(canary.own) <= canary.shot // 2 and len(canary.theirs) <= (canary.shot + 1) // 2
    assert len(state.scores) == state.end and state.totals[1] - state.totals[0] == canary.lead


def test_there_are_enough_canaries_and_all_have_a_reference_that_is_often_reached(references):
    assert len(CANARIES) >= 12 and len({canary.name for canary in CANARIES}) == len(CANARIES)
    assert all(references[canary.name].rate > 0.8 for canary in CANARIES)


def test_the_shot_of_every_reference_reaches_its_outcome_as_often_as_it_says_and_mirrored_too(references):
    world, throws = canary_world(), 400
    for canary in CANARIES:
        x, y, spin = references[canary.name].shot
        for mirrored, shot in ((False, Shot(x, y, spin)), (True, Shot(-x, y, -spin))):
            rng = np.random.default_rng(5)
            rate = reach_rate(world, canary, shot, throws, rng, mirrored=mirrored)
            best = references[canary.name].rate
            assert abs(rate - best) < 4 * np.sqrt(best * (1 - best) / throws) + 0.01, canary.name


def test_a_reference_is_found_again(references):
    seed = json.loads(canary_trial.REFERENCES.read_bytes())["seed"]
    (canary,) = (one for one in CANARIES if one.name.startswith("raise"))
    found, kept = find_reference(canary_world(), canary, seed), references[canary.name]
    # Another processor's last bits may differ.
    assert found.shot == pytest.approx(kept.shot, rel=1e-12) and found.rate == kept.rate


def test_players_are_told_apart(references):
    world = canary_world()
    right = {
        name: sum(trial.right for trial in try_player(make_player(name, world), references, 1))
        for name in ("random", "drawer", "rules")
    }
    assert right["random"] < right["drawer"] < 15 < 24 <= right["rules"]


def test_a_concession_reaches_nothing(references):
    class Quitter:
        def shots(self, states, seeds):
            return [None] * len(states)

    trials = try_player(Quitter(), references, 1)
    assert len(trials) == 2 * len(CANARIES)
    assert not any(trial.right or trial.rate for trial in trials)


def test_the_table_and_its_numbers_are_shown_and_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run.main(["canaries", "drawer", "--json", "found.json", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    found = json.loads((tmp_path / "found.json").read_text())["players"]["drawer"]
    assert f"drawer: {found['right']} of 30 right" in out and found["of"] == 30
    assert all(row["rate"] * EXECUTIONS == round(row["rate"] * EXECUTIONS) for row in found["canaries"])


@pytest.mark.parametrize("words", [[], ["drawer", "--find", "x.json"], ["ruls"]])
def test_canaries_without_a_player_or_with_too_much_are_refused(words, capsys):
    assert run.main(["canaries", *words]) == 2
    assert capsys.readouterr().err.startswith("run.py: players: ")


def test_references_that_lack_a_canary_are_refused(tmp_path):
    path = tmp_path / "references.json"
    values = json.loads(canary_trial.REFERENCES.read_bytes())
    del values["canaries"][CANARIES[3].name]
    path.write_text(json.dumps(values))
    with pytest.raises(CorruptFileError, match=CANARIES[3].name):
        read_references(path)
    path.write_text("{}")
    with pytest.raises(CorruptFileError, match="no references"):
        read_references(path)


def test_a_foul_reaches_nothing():
    world = canary_world()
    canary = replace(CANARIES[-1], theirs=((0.0, -2.6),), shot=2, wanted=lambda sight: sight.theirs >= 0)
    rng, spin = np.random.default_rng(1), world.ice.release_spin
    hit = velocity_through(
        world.ice, np.array([0.0, world.ice.sheet.tee_y - 2.6]), np.array(2.5), np.array(spin)
    )
    assert reach_rate(world, canary, Shot(*hit.tolist(), spin), 50, rng) < 0.1
    assert reach_rate(world, canary, Shot(-0.5, 2.4, spin), 50, rng) == 1.0
