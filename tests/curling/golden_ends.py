"""Thirty golden playthroughs of curling, as text, compared line by line.

`python -m tests.curling.golden_ends` from the root of the repository writes them anew; do so only when a
change of the rules or of the physics is meant, and say so in the commit.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from envs.curling.conditions import RULE_SETS, build_world
from envs.curling.games import play_game
from envs.curling.physics.delivery import Shot, velocity_through, velocity_to_stop
from envs.curling.players.opponents import get_player
from envs.curling.rules.game import place, start_game
from envs.curling.rules.positioned import PLACEMENTS
from envs.curling.rules.rule_set import RuleSet

FOLDER = Path(__file__).parent / "golden"


class Golden(NamedTuple):
    """What one playthrough plays: always one end of the rule set, from its start."""

    rules: str
    players: tuple[str, str]
    ice: str
    noise: str
    placement: str = "house"


VARIANTS = {
    "four_rock": replace(RULE_SETS["end"], protected_shots=4),
    "no_tick": replace(RULE_SETS["end"], no_tick_shots=5),
    "hammer_first": replace(RULE_SETS["end"], first_hammer=0),
}
PAIRS = (("drawer", "random"), ("rules", "hitter"), ("hitter", "hitter"), ("rules", "rules"))


def hitter(world, state, rng):
    """Run hard through the opponent's foremost stone, or through the house when there is none."""
    sheet = world.ice.sheet
    rivals = np.flatnonzero(state.in_play & (np.arange(16) // 8 != state.thrower))
    target = state.stones[rivals[state.stones[rivals, 1].argmin()]] if rivals.size else sheet.tee
    spin = world.ice.release_spin if state.shot % 4 < 2 else -world.ice.release_spin
    speed = 0.8 * np.hypot(*velocity_to_stop(world.ice, sheet.tee, spin))
    x, y = velocity_through(world.ice, target, speed, spin)
    return Shot(float(x), float(y), spin)


def golden_ends() -> dict[str, Golden]:
    """The thirty playthroughs by name."""
    ends = {}
    for rules in (*RULE_SETS, *VARIANTS):
        for number, players in enumerate(PAIRS[: 3 if rules in VARIANTS else 4]):
            ice, noise = ("gat2016", "gat2016") if number == 3 else ("fcv1", "dc3")
            placement = PLACEMENTS[number] if rules == "mixed_doubles" else "house"
            ends[f"{rules}_{number}"] = Golden(rules, players, ice, noise, placement)
    ends["exact_ice"] = Golden("end", ("drawer", "rules"), "fcv1", "none")
    return ends


def playthrough(golden: Golden, seed: int) -> str:
    """The end as text: every turn, what it left, and the score."""
    rules: RuleSet = {**RULE_SETS, **VARIANTS}[golden.rules]
    world = build_world(golden.ice, golden.noise, rules)
    state = start_game(world.ice.sheet, rules)
    if rules.positioned:
        state = place(world.ice.sheet, rules, state, golden.placement)
    players = [hitter if name == "hitter" else get_player(name) for name in golden.players]
    throws = play_game(world, players, np.random.default_rng(seed), state=state, ends=1)
    lines = [f"{golden!r} seed={seed}", repr(rules)]
    for throw in throws:
        lines += _turn(throw)
    return "\n".join(lines) + "\n"


def _turn(throw) -> list[str]:
    before, after = throw.before, throw.after
    if throw.executed is None:
        lines = [f"shot {before.shot} team {before.thrower} concedes"]
    else:
        x, y, spin = throw.executed
        foul = " FOUL" if throw.foul else ""
        lines = [f"shot {before.shot} team {before.thrower} v=({x:+.6f}, {y:.6f}) spin={spin:+.4f}{foul}"]
    stones, in_play = throw.board
    for slot in np.flatnonzero(in_play):
        x, y = 1000 * stones[slot]
        lines.append(f"  {slot:2d} ({x:+.0f}, {y:.0f})")
    if after.end != before.end or after.over:
        lines.append(f"end: {after.scores} hammer {after.hammer} winner {after.winner} reason {after.reason}")
    return lines


def write_all() -> None:
    """Write every playthrough to its file."""
    FOLDER.mkdir(exist_ok=True)
    for seed, (name, golden) in enumerate(golden_ends().items()):
        (FOLDER / f"{name}.txt").write_text(playthrough(golden, seed), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_all()
