"""Games in lockstep: each depends on its own seed, and its record plays again."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from agents.curling.games.game_records import parse_record, played_again, record_line, replayed
from agents.curling.games.lockstep_games import LockstepGames, play_games
from agents.curling.games.referee import Forfeit, MoveClock, MoveTooLate, Referee
from agents.curling.players import make_player
from agents.runs.errors import Stopped
from envs.curling.rules.game import start_game
from tests.tournaments.fakes import (
    Breaker,
    Scatterer,
    aims_nowhere,
    quick_world,
    raises,
    sleeps,
    specs,
    spins_wildly,
    talks,
)


def by_number(records):
    return sorted(records, key=lambda record: record.number)


@pytest.fixture(scope="module")
def world():
    return quick_world(ends=2)


@pytest.fixture(scope="module")
def players(world):
    return [make_player("random", world), make_player("drawer", world), Scatterer(world)]


@pytest.fixture(scope="module")
def records(world, players):
    games = specs(12) + specs(8, seats=(2, 1), first=12)
    return by_number(play_games(world, players, games))


def test_a_game_does_not_depend_on_what_is_played_beside_it(world, players, records):
    games = specs(12) + specs(8, seats=(2, 1), first=12)
    for at_once, order in ((1, 1), (5, -1), (64, -1)):
        assert by_number(play_games(world, players, games[::order], at_once=at_once)) == records


def test_a_game_depends_on_its_seed_and_its_hammer(world, players, records):
    assert records[0].turns != records[2].turns != records[1].turns
    (other,) = play_games(world, players, [replace(specs(1)[0], seed=77)])
    assert other.turns != records[0].turns


def test_both_games_of_a_pair_are_thrown_with_the_same_hands(world):
    players = [Scatterer(world, spread=0.0)] * 2
    first, second = by_number(play_games(world, players, specs(2)))
    assert first.hammer != second.hammer
    assert [turn.executed for turn in first.turns] == [turn.executed for turn in second.turns]
    assert first.scores == tuple(pair[::-1] for pair in second.scores)


def test_players_draw_apart_from_the_noise_and_from_each_other(world):
    drawn = []

    class Listener(Scatterer):
        def shots(self, states, seeds):
            drawn.extend(int(seed) for seed in seeds)
            return super().shots(states, seeds)

    list(play_games(world, [Listener(world)] * 2, specs(4)))
    assert len(set(drawn)) == len(drawn) == 4 * 32


def test_records_are_lines_that_replay_to_the_identical_score(world, records):
    for record in records:
        line = record_line(record, players=["a", "b"])
        assert line.endswith(b"\n") and line.count(b"\n") == 1
        read, labels = parse_record(line)
        assert read == record and labels == {"players": ["a", "b"]}
        assert replayed(world, replace(read, scores=(), winner=None, reason=None)) == record


def test_a_changed_line_is_refused(records):
    line = record_line(records[0])
    for place in range(0, len(line) - 1, 97):
        changed = bytearray(line)
        changed[place] ^= 1
        with pytest.raises(ValueError):
            parse_record(bytes(changed))


def test_a_game_goes_on_where_it_was(world, players, records):
    hall = LockstepGames(world, players)
    for spec in specs(4):
        hall.start(spec)
    for _ in range(7):
        assert hall.step() == []
    begun = [
        replace(spec, begun=record.turns) for spec, record in zip(specs(4), hall.unfinished(), strict=True)
    ]
    assert all(len(spec.begun) == 7 for spec in begun)
    assert by_number(play_games(world, players, begun)) == records[:4]


def test_a_finished_game_that_is_begun_again_is_over(world, players, records):
    (again,) = play_games(world, players, [replace(specs(1)[0], begun=records[0].turns)])
    assert again == records[0]


def test_a_conceded_game_is_lost_and_replays(world):
    class Quitter(Scatterer):
        def shots(self, states, seeds):
            return [
                None if state.shot == 9 else shot
                for state, shot in zip(states, super().shots(states, seeds), strict=True)
            ]

    for record in play_games(world, [Scatterer(world), Quitter(world)], specs(2)):
        assert (record.winner, record.reason) == (0, "concede")
        assert replayed(world, record) == record
        assert parse_record(record_line(record))[0] == record


@pytest.mark.parametrize(
    ("deed", "note"),
    [
        (raises, "raised RuntimeError: out of ideas"),
        (talks, "shot: 'a fine draw', expected a Shot of finite numbers, or None to concede"),
        (aims_nowhere, "expected a Shot of finite numbers"),
        (spins_wildly, "a spin of 1e+09 rad/s"),
    ],
)
def test_a_player_that_misbehaves_forfeits_that_game_alone(world, deed, note):
    good, bad = Scatterer(world), Breaker(Scatterer(world), deed, every=40)
    found = by_number(play_games(world, [good, bad], specs(20)))
    clean = by_number(play_games(world, [good, good], specs(20)))
    forfeited = [record for record in found if record.reason == "forfeit"]
    assert 0 < len(forfeited) < 20
    for record in forfeited:
        assert record.winner == 0 and note in record.note and "\n" not in record.note
        throws = list(played_again(world, record.hammer, record.turns))
        assert len(throws) == len(record.turns) < 32
    assert [r for r in found if r.reason != "forfeit"] == [
        clean[r.number] for r in found if r.reason != "forfeit"
    ]


def test_a_player_that_thinks_too_long_forfeits_that_game_alone(world):
    state, seeds = start_game(world.ice.sheet, world.rules), np.arange(3, dtype=np.uint64)
    player = Breaker(Scatterer(world), sleeps, every=3)
    late, *others = Referee(player, world, move_seconds=0.1).answers([state] * 3, seeds)
    assert isinstance(late, Forfeit) and "no move within 0.1 s" in late.note
    assert others == Referee(Scatterer(world), world).answers([state] * 2, seeds[1:])
    in_time = Referee(Scatterer(world), world, move_seconds=5.0)
    assert in_time.answers([state] * 2, seeds[1:]) == others


def test_a_move_that_never_ends_is_waited_for_once_and_what_comes_after_it_is_too_late():
    clock, woken = MoveClock(0.5, patience=0.2), threading.Event()
    with pytest.raises(MoveTooLate, match=r"no move within 0.5 s"):
        clock.timed(woken.wait)
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(MoveTooLate, match=r"an earlier move still runs 0.2 s after its time"):
            clock.timed(divmod, 7, 2)
    assert time.monotonic() - began < 2.0  # waiting each time would take 4 s
    woken.set()
    for thread in threading.enumerate():
        if thread.name == "move":
            thread.join(5.0)
    assert clock.timed(divmod, 7, 2) == (3, 1)


def test_a_clock_passes_on_what_is_returned_and_raised():
    clock = MoveClock(5.0)
    assert clock.timed(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        clock.timed(divmod, 7, 0)
    with pytest.raises(MoveTooLate):
        MoveClock(0.01).timed(sleeps)


def test_a_stop_is_no_forfeit(world):
    def stops():
        raise Stopped(15, "stopped")

    with pytest.raises(Stopped):
        list(play_games(world, [Breaker(Scatterer(world), stops, every=1), Scatterer(world)], specs(2)))


@pytest.mark.parametrize("change", [{"hammer": 2}, {"seats": (0, 5)}, {"seats": (-1, 0)}])
def test_a_spec_of_no_game_is_refused(world, players, change):
    with pytest.raises(ValueError, match="expected hammer 0 or 1 and seats below 3"):
        list(play_games(world, players, [replace(specs(1)[0], **change)]))
