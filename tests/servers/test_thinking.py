"""How our player plays at a server: in its time, in the server's world, and not on in what is lost."""

import time
from dataclasses import replace

import numpy as np
import pytest

from agents.curling.player_tokens import check_token
from agents.servers.conditions import setting_of, world_of
from agents.servers.pacing import USED_SHARE, PacedPlayer, seconds_for_shot
from agents.servers.thinker import PacedThinker
from envs.curling.conditions import build_world
from envs.curling.physics.delivery import Shot
from envs.curling.physics.noise import NoNoise, PolarNoise
from envs.curling.rules.game import start_game
from envs.curling.rules.rule_set import RuleSet
from envs.curling.wire.session_messages import Hand

WORLD = build_world("fcv1", "dc3", RuleSet(ends=8))
START = start_game(WORLD.ice.sheet, WORLD.rules)
SETTING = setting_of(WORLD, 600.0, 60.0)


class Slow:
    """A player that takes so long for each simulation, and says how many it had by the speed of its shot."""

    def __init__(self, simulations, seconds):
        self.simulations, self.seconds = simulations, seconds

    def shots(self, states, seeds):
        time.sleep(self.simulations * self.seconds[0])
        return [Shot(0.0, float(self.simulations), 1.0) for _ in states]


@pytest.fixture
def paced():
    """A paced player with up to 64 simulations, and the list whose first entry is the seconds of each."""
    seconds = [0.001]
    player = PacedPlayer(lambda budget: Slow(budget, seconds), 64)
    player.rehearse(START)
    return player, seconds


def test_the_time_left_is_shared_among_the_shots_left():
    assert seconds_for_shot(WORLD.rules, START, 600.0) == pytest.approx(USED_SHARE * 600.0 / 64)
    last = replace(START, end=7, shot=15)
    assert seconds_for_shot(WORLD.rules, last, 9.0) == pytest.approx(USED_SHARE * 9.0)
    extra = replace(START, end=9, shot=1)
    assert seconds_for_shot(WORLD.rules, extra, 60.0) == pytest.approx(USED_SHARE * 60.0 / 8)
    assert seconds_for_shot(WORLD.rules, START, -1.0) == 0.0


def test_whoever_uses_its_share_of_every_shot_has_time_for_the_last_one():
    left = 600.0
    for end in range(8):
        for shot in range(0, 16, 2):
            left -= seconds_for_shot(WORLD.rules, replace(START, end=end, shot=shot), left)
    assert left > 0


def test_a_search_has_all_its_simulations_where_there_is_time_and_fewer_where_not(paced):
    player, _ = paced
    assert player.shot(START, 1, 10.0).velocity_y == 64
    for seconds in (0.04, 0.02, 0.002):
        began = time.monotonic()
        used = player.shot(START, 1, seconds).velocity_y
        assert used <= 1000 * seconds and used in (1, 2, 4, 8, 16, 32)
        assert time.monotonic() - began < seconds + 0.05
    assert player.shot(START, 1, 0.0).velocity_y == 1


def test_a_machine_that_becomes_slower_or_faster_is_noticed(paced):
    player, seconds = paced
    seconds[0] = 0.004
    player.shot(START, 1, 0.1)
    assert player.affordable(0.1) < 64
    seconds[0] = 0.0001
    for _ in range(40):
        player.shot(START, 1, 0.1)
    assert player.affordable(0.1) == 64


def test_a_searching_player_plays_within_its_time_and_as_its_seed_says():
    knobs = {"simulations": 400, "device": "cpu"}
    thinker, twin = (PacedThinker(check_token("kr_drl"), WORLD, 5, **knobs) for _ in range(2))
    assert thinker.shot(START, 0, 600.0) == twin.shot(START, 0, 600.0)
    began = time.monotonic()
    assert thinker.shot(START, 0, 0.0) is not None
    assert time.monotonic() - began < 2.0


def test_only_who_may_concede_does_and_only_before_its_first_stone_of_a_lost_end():
    lost = replace(START, end=7, scores=((0, 3),) * 7)
    cases = [
        (0.05, lost, True),
        (0.0, lost, False),
        (0.05, START, False),
        (0.05, replace(lost, shot=2), False),
    ]
    for concede, state, gives_up in cases:
        thinker = PacedThinker(check_token("drawer"), WORLD, 1, simulations=1, concede=concede)
        assert (thinker.shot(state, 0, 60.0) is None) == gives_up
    ahead = replace(lost, scores=((3, 0),) * 7, hammer=0)
    assert ahead.thrower == 1
    thinker = PacedThinker(check_token("drawer"), WORLD, 1, simulations=1, concede=0.05)
    assert thinker.shot(ahead, 0, 60.0) is None


def test_what_the_server_says_is_what_we_play_in():
    hand = Hand(3.5, 0.02, 0.004)
    setting = replace(SETTING, ends=4, five_rock=False, sheet_width=4.5, hands=((hand,) * 4,) * 2)
    world, notes = world_of(setting, 1)
    assert notes == []
    assert (world.rules.ends, world.rules.protected_shots, world.ice.sheet.width) == (4, 4, 4.5)
    assert world.noise == PolarNoise(3.5, 0.02, 0.004) and world.ice.max_speed == 3.5
    for player in ("rules", "kr_drl"):
        shot = PacedThinker(check_token(player), world, 1, simulations=32).shot(START, 0, 600.0)
        assert np.hypot(*shot[:2]) <= 3.5 + 1e-9
    exact, notes = world_of(replace(SETTING, hands=((None,) * 4,) * 2), 0)
    assert exact.noise == NoNoise() and notes == []


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"simulator": "fcv9\x1b"}, "simulator: 'fcv9\\x1b' is unknown, we plan for fcv1"),
        ({"hands": ((Hand(4.0, 0.01, 0.002),) * 4, (None,) * 4)}, "players: their hands differ"),
        ({"hands": ((Hand(5.0, 0.01, 0.002),) * 4,) * 2}, "players: they throw up to 5 m/s, we up to 4"),
        ({"hands": ((Hand(4.0, 0.0, 0.002),) * 4,) * 2}, "players: either speed or direction is exact"),
        ({"unknown_hands": ("wild",)}, "players: the type 'wild' is unknown, we plan for exact hands"),
    ],
)
def test_what_cannot_be_taken_over_is_said_in_one_line(changes, note):
    world, notes = world_of(replace(SETTING, **changes), 0)
    assert len(notes) == 1 and notes[0].startswith(note)
    assert world.ice.max_speed == 4.0


def test_a_world_that_digital_curling_has_not_is_refused():
    for world in (
        build_world("gat2016", "gat2016", "standard"),
        build_world("fcv1", "student_t", "standard"),
    ):
        with pytest.raises(ValueError, match="expected fcv1 with exact hands or dc3"):
            setting_of(world, 1.0, 1.0)
    with pytest.raises(ValueError, match="expected 4 or 5 and no no-tick rule"):
        setting_of(build_world("fcv1", "dc3", RuleSet(no_tick_shots=5)), 1.0, 1.0)
