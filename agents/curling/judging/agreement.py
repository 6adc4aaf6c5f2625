"""How well played shot lines agree with the results that the lines already carried.

A line that carries an official "after" and "fgz_foul" is compared with ours; lines are grouped by their
"contacts", if they carry that too. A shot's error is the greatest distance of a stone in play in both.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from envs.curling.wire.digital_curling import parse_state

PERCENTILES = (50, 90, 100)


class Agreement:
    """Collects lines; `report` sums them up."""

    def __init__(self) -> None:
        self._errors: dict[str, list[float]] = defaultdict(list)
        self._compared = 0
        self._same_stones = 0
        self._fouls = {"official": 0, "ours": 0, "both": 0}

    def add(self, official: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
        """Compare one line as it came with the same line as we played it; lines without "after" are passed.

        Raises:
            ValueError: the line's "after" is no state.
        """
        if "after" not in official:
            return
        theirs, mine = (parse_state(line["after"], "after").state for line in (official, ours))
        both = theirs.in_play & mine.in_play
        apart = np.hypot(*(theirs.stones - mine.stones)[both].T)
        self._compared += 1
        self._same_stones += bool((theirs.in_play == mine.in_play).all())
        foul = bool(official.get("fgz_foul"))
        self._fouls["official"] += foul
        self._fouls["ours"] += ours["fgz_foul"]
        self._fouls["both"] += foul and ours["fgz_foul"]
        if len(apart) and not foul:
            self._errors[str(official.get("contacts", "any"))].append(float(apart.max()))

    def report(self) -> dict[str, Any]:
        """Counts, and for each number of contacts the percentiles of the errors in metres."""
        groups = {
            contacts: {
                "shots": len(errors),
                **{f"percentile_{p}": float(np.percentile(errors, p)) for p in PERCENTILES},
            }
            for contacts, errors in sorted(self._errors.items())
        }
        return {
            "lines_compared": self._compared,
            "same_stones_in_play": self._same_stones,
            "fouls": dict(self._fouls),
            "error_metres_by_contacts": groups,
        }
