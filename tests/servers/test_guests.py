"""Programs on our engine: honest ones play to the end, and every misbehaviour costs the game."""

import json
import time
from itertools import pairwise

import pytest

from agents.curling.games.game_records import parse_record, record_line, replayed
from agents.runs.errors import PeerError
from agents.servers import guest, lines
from agents.servers.conditions import setting_of
from agents.servers.lobby import LOOPBACK, Lobby
from envs.curling.conditions import build_world
from envs.curling.rules.rule_set import RuleSet
from tests.servers.programs import DRAW, PATIENCE, Program, hosted, programs

MOVE = json.dumps({"cmd": "move", "move": DRAW}).encode() + b"\n"


def with_velocity(x):
    return b'{"cmd":"move","move":{"type":"shot","rotation":"cw","velocity":{"x":%s,"y":2.4}}}\n' % x


NO_MOVES = {
    "text": (b"draw to the button\n", "sent no JSON ('draw to the button')"),
    "nothing": (b"\n", "sent no JSON ('')"),
    "no text at all": (b"\xff\xfe\n", "sent no JSON"),
    "a list": (b"[1]\n", "sent '[1]', expected a JSON object"),
    "a deep list": (b"[" * 60_000 + b"\n", "sent no JSON ('[[["),
    "NaN": (with_velocity(b"NaN"), "sent no JSON"),
    "infinity": (with_velocity(b"1e999"), "sent no JSON"),
    "ten thousand digits": (with_velocity(b"9" * 10_000), "sent no JSON"),
    "a number too large": (with_velocity(b"9" * 400), "sent a wrong move (move.velocity.x: 999"),
    "a text for a number": (
        with_velocity(b'"fast"'),
        "sent a wrong move (move.velocity.x: 'fast', expected a finite number",
    ),
    "another command": (
        b'{"cmd":"dc_ok","name":"a"}\n',
        "sent a wrong move (cmd: 'dc_ok', expected one of move",
    ),
    "no command": (b"{}\n", "sent a wrong move (message.cmd: missing"),
    "no move": (b'{"cmd":"move"}\n', "sent a wrong move (message.move: missing"),
    "an unknown spin": (
        MOVE.replace(b"ccw", b"up"),
        "sent a wrong move (move.rotation: 'up', expected one of ccw, cw",
    ),
    "a line without end": (b"x" * 70_000, "sent a line of more than 65536 bytes"),
    "a line too long": (b" " * 70_000 + MOVE, "sent a line of more than 65536 bytes"),
    "two moves": (MOVE + MOVE, "spoke out of turn"),
}


def shouting(raw):
    """A deed: plays three turns, then says this instead of a move."""

    def deed(program):
        program.play(turns=3)
        program.shout(raw)
        while program.hear()["cmd"] != "game_over":
            pass

    return deed


def leaves(program):
    """A deed: plays two turns, then goes while the other is to throw."""
    program.play(turns=2)
    program.say({"cmd": "move", "move": DRAW})


@pytest.mark.parametrize("hammer_of_program", [True, False])
def test_a_game_over_the_wire_is_the_same_game_when_it_is_played_again(hammer_of_program):
    heard = []

    def program(peer):
        peer.play()
        heard.extend(peer.heard)

    record = hosted(program, team=int(hammer_of_program), ends=2, noise="dc3", seed=11)
    world = build_world("fcv1", "dc3", RuleSet(ends=2))
    assert record.reason in ("score", "draw") and len(record.turns) >= 32
    assert replayed(world, parse_record(record_line(record))[0]) == record
    last = heard[-2]["state"]
    assert last["game_result"]["winner"] == f"team{record.winner}"
    assert [sum(map(int, last["scores"][f"team{team}"])) for team in (0, 1)] == [
        sum(points[team] for points in record.scores[:2]) for team in (0, 1)
    ]
    assert heard[-1] == {"cmd": "game_over"}


def test_a_program_is_asked_on_its_turns_only_and_hears_of_every_shot():
    heard = []

    def program(peer):
        peer.play()
        heard.extend(peer.heard)

    record = hosted(program, team=1)
    updates = [message for message in heard if message["cmd"] == "update"]
    assert [update["next_team"] for update in updates[:-1]] == ["team0", "team1"] * 8
    assert len(updates) == len(record.turns) + 1 == 17


def test_two_programs_play_each_other():
    records = [hosted(Program.play, Program.play, team=team, seed=3) for team in (0, 1)]
    assert all(len(record.turns) >= 16 and record.reason == "score" for record in records)


def test_a_program_may_concede():
    record = hosted(lambda peer: peer.play(lambda update: {"type": "concede"}), team=0)
    assert (record.winner, record.reason, record.note) == (1, "concede", "")


@pytest.mark.parametrize("name", NO_MOVES)
def test_what_is_no_move_loses_the_game(name):
    raw, note = NO_MOVES[name]
    record = hosted(shouting(raw), team=1)
    assert (record.winner, record.reason) == (0, "forfeit")
    assert record.note.startswith(note) and "\n" not in record.note
    parse_record(record_line(record))


def test_a_program_that_leaves_loses_whoever_is_to_throw():
    assert hosted(lambda peer: peer.play(turns=2), team=0).note == "closed the connection"
    record = hosted(leaves, team=0)
    assert (record.winner, record.reason) == (1, "forfeit")
    assert record.note in ("closed the connection", "went away")


def test_the_other_program_hears_why_it_has_won():
    heard = []

    def winner(peer):
        peer.play()
        heard.extend(peer.heard)

    record = hosted(winner, shouting(b"nonsense\n"), team=0)
    assert (record.winner, record.reason) == (0, "forfeit")
    assert heard[-1] == {"cmd": "game_over"} and heard[-2]["next_team"] is None
    assert heard[-2]["state"]["game_result"] == {"winner": "team0", "reason": "time_limit"}


@pytest.mark.parametrize("deed", ["speaks", "leaves"])
def test_who_misbehaves_while_the_other_thinks_loses_at_once(deed):
    def thinker(peer):
        peer.play(turns=1)
        peer.hear()

    def other(peer):
        peer.enter()
        while peer.hear()["next_team"] != "team1":
            pass
        peer.say({"cmd": "move", "move": DRAW})
        assert peer.hear()["next_team"] == "team0"
        if deed == "speaks":
            peer.say({"cmd": "move", "move": DRAW})
            peer.hear()

    began = time.monotonic()
    record = hosted(thinker, other, team=0, thinking=PATIENCE)
    assert (record.winner, record.reason) == (0, "forfeit")
    assert record.note in ("spoke out of turn", "closed the connection", "went away")
    assert time.monotonic() - began < PATIENCE / 2


def test_silence_and_slow_letters_cost_the_thinking_time_and_the_game():
    def silent(peer):
        peer.play(turns=1)
        peer.hear()

    def trickle(peer):
        peer.play(turns=1)
        for letter in MOVE.decode():
            peer.shout(letter.encode())
            time.sleep(0.05)

    for deed in (silent, trickle):
        record = hosted(deed, team=0, thinking=0.5)
        assert (record.winner, record.reason, record.note) == (1, "forfeit", "ran out of thinking time")
        assert len(record.turns) == 2


def test_thinking_time_is_for_all_moves_together_and_new_in_every_extra_end():
    left = []

    def program(peer):
        def move(update):
            if update["next_team"] == "team0":
                left.append(update["state"]["thinking_time_remaining"]["team0"])
            time.sleep(0.02)
            return {**DRAW, "velocity": {"x": 1.5, "y": 2.4}}  # over the side line

        peer.play(move)

    record = hosted(program, program, team=0, thinking=30.0, extra=7.0, seed=1, limit=2)
    assert record.reason == "draw"
    assert left[0] == 30_000.0 and all(one - two > 15.0 for one, two in pairwise(left[:8]))
    assert left[8] == 7_000.0


GREETINGS = {
    "text": (b"hello\n", "sent no JSON ('hello')"),
    "no name": (b'{"cmd":"dc_ok"}\n', "sent a wrong message (dc_ok.name: missing, expected a value)"),
    "a number for a name": (
        b'{"cmd":"dc_ok","name":1}\n',
        "sent a wrong message (name: '1', expected a text)",
    ),
    "a move": (MOVE, "sent a wrong message (cmd: 'move', expected one of dc_ok)"),
    "three throwers": (
        b'{"cmd":"dc_ok","name":"a"}\n{"cmd":"ready_ok","player_order":[0,1,2]}\n',
        "sent a wrong message (ready_ok.player_order: [0, 1, 2], expected a list of 4 entries)",
    ),
    "one thrower twice": (
        b'{"cmd":"dc_ok","name":"a"}\n{"cmd":"ready_ok","player_order":[0,1,2,2]}\n',
        "sent a wrong message (ready_ok.player_order: [0, 1, 2, 2], expected every one of 0 to 3 once)",
    ),
    "a line without end": (b"x" * 70_000, "sent a line of more than 65536 bytes"),
    "nothing": (b"", "said nothing for 0.3 s"),
    "its name alone": (b'{"cmd":"dc_ok","name":"a"}\n', "said nothing for 0.2 s"),
    "half a line": (b'{"cmd":', "said nothing for 0.3 s"),
}


@pytest.mark.parametrize("name", GREETINGS)
def test_a_bad_greeting_is_turned_away_and_the_next_program_gets_the_seat(name, monkeypatch):
    monkeypatch.setattr(guest, "GREETING_SECONDS", 0.3)
    monkeypatch.setattr(guest, "READY_SECONDS", 0.2)
    raw, note = GREETINGS[name]
    setting = setting_of(build_world("fcv1", "none", RuleSet(ends=1)), 10.0, 10.0)
    refused = []
    with Lobby(LOOPBACK, [0]) as lobby:
        (address,) = lobby.addresses
        bad, good = Program(address[1]), Program(address[1])
        bad.shout(raw)
        good.say({"cmd": "dc_ok", "name": "good\x1b[31m"})
        good.say({"cmd": "ready_ok", "player_order": [3, 2, 1, 0]})
        found = lobby.guest(0, 0, setting, seconds=PATIENCE, refused=refused.append)
        found.lines.close()
        bad.close()
        good.close()
    assert found.name == "good?[31m"
    assert len(refused) == 1 and refused[0].startswith(f"{LOOPBACK}:") and refused[0].endswith(note)


def test_a_program_that_leaves_before_its_greeting_is_turned_away(monkeypatch):
    setting = setting_of(build_world("fcv1", "none", RuleSet(ends=1)), 10.0, 10.0)
    refused = []
    with Lobby(LOOPBACK, [0]) as lobby:
        Program(lobby.addresses[0][1]).close()
        with pytest.raises(PeerError, match=r"nobody within .* expected a program that plays"):
            lobby.guest(0, 0, setting, seconds=0.5, refused=refused.append)
    assert len(refused) == 1


def test_a_gigantic_line_takes_no_memory():
    setting = setting_of(build_world("fcv1", "none", RuleSet(ends=1)), 10.0, 10.0)
    longest = []
    grown = lines.Lines.next

    def watched(self):
        longest.append(len(self._received))
        return grown(self)

    def floods(program):
        while True:
            program.shout(b"x" * 1_000_000)

    with programs(floods) as lobby, pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines.Lines, "next", watched)
        with pytest.raises(PeerError):
            lobby.guest(0, 0, setting, seconds=0.5, refused=lambda line: None)
    assert 0 < max(longest) <= (1 << 16) + lines.CHUNK
