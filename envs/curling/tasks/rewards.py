"""What a turn of a game is worth to a team: net points of finished ends, or the result."""

from envs.curling.rules.game import GameState
from envs.curling.tasks.observations import lead_of

REWARDS = ("points", "result")
CONCEDED = 1.0  # points a concession counts for


def checked_reward(reward: str) -> str:
    """The name of a reward.

    Raises:
        ValueError: when it is not known.
    """
    if reward not in REWARDS:
        raise ValueError(f"reward: {reward!r}, expected one of {', '.join(REWARDS)}")
    return reward


def turn_reward(reward: str, before: GameState, after: GameState, team: int) -> float:
    """Reward of `team` for what happened between two states of a game.

    Args:
        reward: "points": net points of the ends finished in between, a concession counting `CONCEDED`;
            "result": 1 for a win, -1 for a loss, 0 otherwise.
        before, after: the game before and after.
        team: 0 or 1.
    """
    won = 0.0 if after.winner is None else (1.0 if after.winner == team else -1.0)
    if reward == "result":
        return won
    points = float(lead_of(after, team) - lead_of(before, team))
    return points + (CONCEDED * won if after.reason == "concede" else 0.0)
