"""The replay page: one file, no network, and the game as it was."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from envs.curling.conditions import build_world
from envs.curling.games import play_game
from envs.curling.physics.delivery import Shot, velocity_through
from envs.curling.physics.ice import ICES
from envs.curling.physics.motion import trajectory
from envs.curling.pictures.replay import SAMPLE_TRAVEL, THINNED, replay_page, shot_tracks
from envs.curling.players.opponents import draw, get_player
from envs.curling.rules.game import frozen, start_game, thrown_slot
from envs.curling.rules.rule_set import RuleSet
from tests.curling.boards import board

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
    return data_of(page)


def data_of(page):
    return json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.DOTALL)[1])


def rng():
    return np.random.default_rng(5)


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
            ticks = way[::3]
            assert ticks[0] == 0 and (np.diff(ticks) > 0).all() and ticks[-1] <= shot["ticks"]
            if slot in shot["after"] and not throw.foul:
                assert ticks[-1] == shot["ticks"]
                np.testing.assert_allclose(np.array(way[-2:]) / 1000, throw.board[0][int(slot)], atol=6e-4)
    assert shot_tracks(WORLD.ice, WORLD.rules, throws[0]).shape[1:] == (16, 2)


def test_the_page_moves_stones_as_they_were_sampled(game, throws):
    for shot, throw in zip(game["shots"], throws, strict=True):
        times, sampled, _ = whole_trajectory(throw)
        seconds = shot["ticks"] * game["tick"]
        since = (times - times[-1] + seconds) / game["tick"]
        for slot, way in shot["tracks"].items():
            ticks, across, along = np.array(way).reshape(-1, 3).T
            shown = (since > -0.5) & (since < ticks[-1] + 0.5)
            places = np.stack([np.interp(since[shown], ticks, axis / 1000) for axis in (across, along)], -1)
            missed = np.hypot(*(places - sampled[shown, int(slot)]).T)
            assert shown.sum() > 1 and missed.max() < THINNED + 0.0015
            assert np.isnan(sampled[since > ticks[-1] + 0.5, int(slot)]).all()


def whole_trajectory(throw):
    shot, before = throw.executed, throw.before
    slot = thrown_slot(WORLD.rules, before)
    return trajectory(
        WORLD.ice, before.stones, before.in_play, slot, np.array(shot[:2]), shot.spin, interval=0.01
    )


@pytest.mark.parametrize("ice", ICES)
def test_a_struck_stone_moves_only_when_the_thrown_one_touches_it(ice):
    world, throw = hit(ice)
    tracks = shot_tracks(world.ice, world.rules, throw)
    still = np.hypot(*(tracks[:, 8] - tracks[0, 8]).T) < 1e-6
    last = int(np.flatnonzero(still)[-1])
    thrown = thrown_slot(world.rules, throw.before)
    gap = np.hypot(*(tracks[last, thrown] - tracks[last, 8])) - 2 * world.ice.sheet.stone_radius
    assert 0 <= gap < 1e-6
    assert np.nanmax(np.hypot(*np.diff(tracks[:, thrown], axis=0).T)) < SAMPLE_TRAVEL


@pytest.mark.parametrize("ice", ICES)
def test_the_page_shows_the_contact(ice):
    world, throw = hit(ice)
    (shot,) = data_of(replay_page(world.ice, world.rules, [throw]))["shots"]
    thrown = str(thrown_slot(world.rules, throw.before))
    ways = [np.array(shot["tracks"][slot]).reshape(-1, 3) for slot in (thrown, "8")]
    common = np.intersect1d(ways[0][:, 0], ways[1][:, 0])[1:]  # but the beginning
    first, second = (way[np.isin(way[:, 0], common[:1]), 1:][0] / 1000 for way in ways)
    assert second == pytest.approx(ways[1][0, 1:] / 1000)
    rounding = 0.5e-3 * np.sqrt(2) * 2  # of both places to whole millimetres
    assert abs(np.hypot(*(first - second)) - 2 * world.ice.sheet.stone_radius) < rounding


def hit(ice):
    """The world, and a take-out of a lone stone on the tee."""
    world = build_world(ice, "none", "end")
    sheet, state = world.ice.sheet, start_game(world.ice.sheet, world.rules)
    stones, in_play = board([], [(0.0, 0.0)])
    state = replace(state, shot=2, stones=frozen(stones[0]), in_play=frozen(in_play[0]))
    aim = velocity_through(
        world.ice, sheet.tee, np.array(world.ice.max_speed / 2), np.array(world.ice.release_spin)
    )
    _, throw = world.deliver(state, Shot(*aim, world.ice.release_spin), np.random.default_rng(0))
    return world, throw


@pytest.mark.parametrize("ice", ICES)
def test_a_shot_opens_as_its_stone_enters_the_picture(ice):
    world = build_world(ice, "none", "end")
    sheet = world.ice.sheet
    page = replay_page(world.ice, world.rules, play_game(world, [get_player("drawer")] * 2, rng(), ends=1))
    game = data_of(page)
    edge = sheet.hog_y - game["below"] - sheet.stone_radius
    for shot in game["shots"]:
        thrown = str(8 * shot["team"] + shot["shot"] // 2)
        assert 0 < shot["tracks"][thrown][2] / 1000 - edge < SAMPLE_TRAVEL + 0.001


def test_a_stone_that_stays_out_of_the_picture_takes_no_time():
    def short(world, state, rng):
        return draw(world, (0.0, world.ice.sheet.hog_y - 8.0), world.ice.release_spin)

    world = build_world("fcv1", "none", "end")
    throws = play_game(world, [short, short], rng())
    assert all(
        shot["ticks"] == 0 and not shot["tracks"]
        for shot in data_of(replay_page(world.ice, world.rules, throws))["shots"]
    )


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
