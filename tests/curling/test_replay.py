"""The replay page: one file, no network, and the game as it was."""

import json
import re

import numpy as np
import pytest

from envs.curling.conditions import build_world
from envs.curling.games import play_game
from envs.curling.opponents import get_player
from envs.curling.replay import replay_page, shot_tracks
from envs.curling.rule_set import RuleSet

WORLD = build_world("fcv1", "dc3", RuleSet(ends=1, end_limit=1))
NAMES = ("</script><b>Skip & co", "Drawer")


@pytest.fixture(scope="module")
def throws():
    return play_game(WORLD, [get_player("rules"), get_player("drawer")], np.random.default_rng(11))


@pytest.fixture(scope="module")
def page(throws):
    return replay_page(WORLD.ice, WORLD.rules, throws, names=NAMES, subtitle="fcv1")


@pytest.fixture(scope="module")
def game(page):
    return json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.DOTALL)[1])


def test_the_page_refers_to_nothing_outside_itself(page):
    assert not re.search(
        r"""(src|href)\s*=|https?:|//[a-z]+\.|@import|url\(|fetch\(|XMLHttp|import\(""", page
    )
    assert "default-src 'none'" in page


def test_names_cannot_break_out_of_the_data(page, game):
    assert game["names"] == list(NAMES)
    assert NAMES[0] not in page
    assert page.count("<script") == page.count("</script>") == 2


def test_the_page_has_the_controls_of_a_player(page):
    for control in ("play", "back", "next", "first", "speed", "scrub", "board"):
        assert f'id="{control}"' in page


def test_every_turn_is_there_as_it_was(game, throws):
    assert len(game["shots"]) == len(throws) == 16
    for shot, throw in zip(game["shots"], throws, strict=True):
        assert (shot["end"], shot["shot"], shot["team"]) == (
            throw.before.end,
            throw.before.shot,
            throw.before.thrower,
        )
        assert shot["foul"] == throw.foul
        stones, in_play = throw.board
        assert {int(slot) for slot in shot["after"]} == set(np.flatnonzero(in_play))
        for slot, place in shot["after"].items():
            np.testing.assert_allclose(np.array(place) / 1000, stones[int(slot)], atol=6e-4)


def test_tracks_lead_from_before_the_house_to_where_the_stones_stop(game, throws):
    for shot, throw in zip(game["shots"], throws, strict=True):
        for slot, way in shot["tracks"].items():
            assert len(way) == 2 * shot["samples"]
            if slot in shot["after"] and not throw.foul:
                np.testing.assert_allclose(np.array(way[-2:]) / 1000, throw.board[0][int(slot)], atol=6e-4)
    assert shot_tracks(WORLD.ice, WORLD.rules, throws[0]).shape[1:] == (16, 2)


def test_the_result_is_told(game, throws):
    state = throws[-1].after
    assert state.winner is not None
    assert game["result"] == f"{NAMES[state.winner]} wins {max(state.totals)}:{min(state.totals)}"


def test_a_concession_has_no_track_and_ends_the_game():
    def quitter(world, state, rng):
        return None

    throws = play_game(WORLD, [quitter, get_player("drawer")], np.random.default_rng(0))
    page = replay_page(WORLD.ice, WORLD.rules, throws)
    assert "by concession" in page
    assert '"tracks":{}' in page


def test_a_page_without_throws_is_refused():
    with pytest.raises(ValueError, match="throws: none"):
        replay_page(WORLD.ice, WORLD.rules, [])
