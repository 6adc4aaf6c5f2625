"""Where the players of a tournament stand: ratings, and every pairing, as tables and as JSON.

Only what was played counts, not when or in which order, so a continued tournament ends with the same bytes.

Shape letters: N players.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from agents.curling.games.game_records import GameRecord
from agents.ratings import IMAGINED, Record, rate, score_interval
from agents.runs.intervals import CONFIDENCE, Interval
from agents.tournament import Schedule


@dataclass(frozen=True)
class Meeting:
    """Games of two players as the first of them sees them.

    Args:
        players: their words.
        record: all games.
        score: share of the points with its interval.
        by_hammer: games in which it had the first hammer, and those in which it had not.
    """

    players: tuple[str, str]
    record: Record
    score: Interval
    by_hammer: tuple[Record, Record]


@dataclass(frozen=True)
class Standing:
    """One player.

    Args:
        name: the player's word.
        rating: Elo with its interval; the mean of all players is 0.
        record: all its games.
        forfeits: notes of the games it forfeited, in the order of the schedule.
    """

    name: str
    rating: Interval
    record: Record
    forfeits: tuple[str, ...]


@dataclass(frozen=True)
class Standings:
    """The result of a tournament: players, the strongest first, and pairings in the order of the schedule."""

    players: tuple[Standing, ...]
    meetings: tuple[Meeting, ...]


def standings(schedule: Schedule, records: Iterable[GameRecord]) -> Standings:
    """The standings after all games of a schedule.

    Args:
        schedule: who played whom.
        records: its games, in any order.

    Raises:
        KeyError: a game is missing.
    """
    found = {record.number: record for record in records}
    names, points = schedule.names, np.zeros((len(schedule.names), len(schedule.names)))
    results: dict[tuple[int, int], list[tuple[bool, float]]] = {}
    forfeits: list[list[str]] = [[] for _ in names]
    for game in schedule:
        record = found[game.number]
        won = 0.5 if record.winner is None else 1.0 - record.winner
        results.setdefault(game.players, []).append((game.hammer == 0, won))
        first, second = game.players
        points[first, second] += won
        points[second, first] += 1.0 - won
        if record.reason == "forfeit":
            forfeits[game.players[1 - record.winner]].append(record.note)
    by_name = sorted(range(len(names)), key=names.__getitem__)  # so that no listing changes even a rounding
    ratings = dict(zip(by_name, rate(points[np.ix_(by_name, by_name)]), strict=True))
    players = [
        Standing(name, ratings[i], _all_games(results, i), tuple(forfeits[i])) for i, name in enumerate(names)
    ]
    meetings = [_meeting((names[a], names[b]), results[a, b]) for a, b in schedule.pairings]
    return Standings(tuple(sorted(players, key=lambda one: -one.rating.estimate)), tuple(meetings))


def tables(found: Standings) -> list[Table]:
    """The players and the pairings."""
    percent = f"{CONFIDENCE:.0%}"
    ladder = Table("player", f"Elo [{percent}]", "games", "won", "drawn", "lost", "points", "forfeits")
    for one in found.players:
        estimate, low, high = (round(bound) for bound in one.rating)
        rating = f"{estimate:+} [{low:+}, {high:+}]"
        counts = [str(value) for value in (one.record.games, *one.record)]
        lost = str(len(one.forfeits)) if one.forfeits else ""
        ladder.add_row(one.name, rating, *counts, _percent(one.record.score), lost)
    pairs = Table("first", "second", "won", "drawn", "lost", f"points [{percent}]", "hammer", "no hammer")
    for one in found.meetings:
        low, high = (100 * bound for bound in one.score[1:])
        share = f"{_percent(one.score.estimate)} [{low:.1f}, {high:.1f}]"
        by_hammer = [_percent(part.score) for part in one.by_hammer]
        pairs.add_row(*one.players, *map(str, one.record), share, *by_hammer)
    return [ladder, pairs]


def notes(found: Standings) -> list[str]:
    """What to know beside the tables: how the intervals came about, and why games were forfeited."""
    lines = [
        "Elo: Bradley-Terry, likeliest ratings of mean 0 with profile-likelihood intervals; a draw is half a "
        f"win; {IMAGINED:g} imagined game for every two players that met, half won by each.",
        "Points: of the first player, with Wilson's intervals; then those with and without the first hammer.",
    ]
    for one in found.players:
        if one.forfeits:
            lines.append(f"{one.name} forfeited {len(one.forfeits)}, the first because it {one.forfeits[0]}")
    return lines


def results_json(found: Standings) -> dict[str, Any]:
    """The standings as plain values."""
    return {
        "confidence": CONFIDENCE,
        "players": [
            {
                "player": one.name,
                "elo": _interval_json(one.rating),
                **one.record._asdict(),
                "forfeits": list(one.forfeits),
            }
            for one in found.players
        ],
        "pairings": [
            {
                "players": list(one.players),
                **one.record._asdict(),
                "score": _interval_json(one.score),
                "with_first_hammer": one.by_hammer[0]._asdict(),
                "without_first_hammer": one.by_hammer[1]._asdict(),
            }
            for one in found.meetings
        ],
    }


def _all_games(results: dict[tuple[int, int], list[tuple[bool, float]]], player: int) -> Record:
    won = [
        points if pairing[0] == player else 1.0 - points
        for pairing, games in results.items()
        if player in pairing
        for _, points in games
    ]
    return _record(won)


def _meeting(players: tuple[str, str], games: list[tuple[bool, float]]) -> Meeting:
    record = _record([points for _, points in games])
    with_hammer = _record([points for hammer, points in games if hammer])
    without = _record([points for hammer, points in games if not hammer])
    return Meeting(players, record, score_interval(record), (with_hammer, without))


def _record(points: list[float]) -> Record:
    return Record(points.count(1.0), points.count(0.5), points.count(0.0))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval_json(interval: Interval) -> dict[str, float | None]:
    return interval._asdict()
