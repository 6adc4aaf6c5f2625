"""Laws of replay, relabelling and rewards: nothing stored twice, shares as stated, rewards by hand."""

import numpy as np
import pytest
import torch
from torch.distributions import Independent, Normal

from agents.rig.experience import draw_batch
from agents.rig.goals import Goals
from agents.rig.relabel import RELABELLING, Shares, relabelled
from agents.rig.replay import Replay
from agents.rig.rewards import Reached, log_probability, reward_of
from agents.runs.segments import Segment
from tests.rig.tiny import NumberedGoals, tiny

SIDE, HORIZON = 4, 5


def empty(slots=6, horizon=HORIZON, **changes):
    parts = {"code_size": 2, "side": SIDE, "goal_images": False} | changes
    return Replay(slots, horizon, **parts)


def picture(number):
    return np.full((SIDE, SIDE, 3), number, np.uint8)


def play(replay, episode, length=HORIZON, together=1, ends=False):
    """Episodes whose codes are (episode, time), actions (time, 0), and images 10 episode + time."""

    def seen(time):
        codes = np.array([[episode + place, time] for place in range(together)], np.float32)
        images = np.stack([picture(10 * (episode + place) + time) for place in range(together)])
        return images, codes, codes + 0.5

    goals = np.array([[100 + episode + place, 0] for place in range(together)], np.float32)
    goal_images = np.stack([picture(200 + episode + place) for place in range(together)])
    replay.begin(Goals(goals, goal_images), *seen(0))
    for time in range(length):
        last = ends and time == length - 1
        replay.add(np.full((together, 2), time), np.full(together, last), *seen(time + 1))
    replay.finish()


def test_every_finished_transition_is_drawn_as_often_and_no_other():
    replay = empty()
    play(replay, 0, length=5)
    play(replay, 1, length=2)
    replay.begin(
        Goals(np.zeros((1, 2), np.float32), None), *(np.zeros((1, SIDE, SIDE, 3), np.uint8),) + (0, 0)
    )
    slots, times = replay.sample(np.random.default_rng(0), 70_000)
    counts = np.zeros((6, HORIZON), int)
    np.add.at(counts, (slots, times), 1)
    assert counts.sum() == counts[0, :5].sum() + counts[1, :2].sum()
    assert np.abs(counts[counts > 0] - 10_000).max() < 4 * np.sqrt(10_000)


def test_the_next_observation_of_a_transition_is_the_next_image_and_code():
    replay = empty()
    play(replay, 0, together=2)
    slots, times = replay.sample(np.random.default_rng(1), 50)
    assert np.array_equal(replay.codes_at(slots, times + 1) - replay.codes_at(slots, times), [[0, 1]] * 50)
    after = replay.images_at(slots, times + 1)[:, 0, 0, 0]
    assert np.array_equal(after, 10 * slots + times + 1)
    actions, terminated = replay.actions_at(slots, times)
    assert np.array_equal(actions[:, 0], times) and not terminated.any()


def test_each_image_is_held_once():
    replay = empty(slots=4)
    for episode in range(4):
        play(replay, episode)
    held = sum(image.array.nbytes for image in replay.images)
    assert held == 4 * (HORIZON + 1) * SIDE * SIDE * 3


def test_the_oldest_episodes_give_way():
    replay = empty(slots=3)
    for episode in range(5):
        play(replay, episode)
    slots, times = replay.moments()
    assert sorted(set(replay.codes[slots, times][:, 0])) == [2, 3, 4]
    assert len(replay) == 3 * HORIZON


def test_a_terminal_transition_says_so():
    replay = empty()
    play(replay, 0, length=3, ends=True)
    _, terminated = replay.actions_at(np.zeros(3, int), np.arange(3))
    assert terminated.tolist() == [0, 0, 1]


@pytest.mark.parametrize("name", RELABELLING)
def test_goals_come_in_the_stated_shares(name):
    replay, rng = empty(), np.random.default_rng(0)
    for episode in range(4):
        play(replay, episode)
    slots, times = replay.sample(rng, 120)
    goals = relabelled(replay, NumberedGoals(2), slots, times, RELABELLING[name], rng).codes
    imagined = goals[:, 0] == -1
    own = goals[:, 0] >= 100
    found = Shares(own.mean(), (~own & ~imagined).mean(), imagined.mean())
    assert found == pytest.approx(RELABELLING[name], abs=0.5 / 120 + 1e-9)
    assert sum(RELABELLING[name]) == 1.0


def test_the_papers_mixture_is_12_own_52_future_and_64_imagined_goals_of_128():
    replay, rng = empty(), np.random.default_rng(0)
    play(replay, 0)
    slots, times = replay.sample(rng, 128)
    goals = relabelled(replay, NumberedGoals(2), slots, times, RELABELLING["rig"], rng).codes[:, 0]
    assert ((goals >= 100).sum(), (goals == 0).sum(), (goals == -1).sum()) in [(13, 51, 64), (12, 52, 64)]


def test_future_goals_are_reached_at_or_after_the_transition_in_its_own_episode():
    replay, rng = empty(), np.random.default_rng(0)
    play(replay, 0, length=5, together=2)
    play(replay, 2, length=3)
    slots, times = replay.sample(rng, 4000)
    goals = relabelled(replay, NumberedGoals(2), slots, times, Shares(0, 1, 0), rng).codes
    assert np.array_equal(goals[:, 0], slots)
    later = goals[:, 1].astype(int)
    assert (later >= times + 1).all() and (later <= replay.lengths[slots]).all()
    first = later[(times == 0) & (slots == 0)]
    counts = np.bincount(first, minlength=6)[1:]
    assert np.abs(counts / len(first) - 0.2).max() < 4 * np.sqrt(0.16 / len(first))


def test_goals_with_images_keep_code_and_image_together():
    replay, rng = empty(goal_images=True), np.random.default_rng(0)
    play(replay, 1)
    play(replay, 2)
    slots, times = replay.sample(rng, 40)
    goals = relabelled(replay, NumberedGoals(2), slots, times, Shares(0.5, 0.5, 0.0), rng)
    pixels = goals.images[:, 0, 0, 0].astype(float)
    expected = np.where(goals.codes[:, 0] >= 100, goals.codes[:, 0] + 100, goals.codes @ [10, 1])
    assert np.array_equal(pixels, expected)


def test_codes_of_images_may_be_the_images_themselves():
    replay, rng = empty(code_size=None, goal_images=True), np.random.default_rng(0)
    play(replay, 1)
    slots, times = replay.sample(rng, 10)
    assert replay.codes_at(slots, times).dtype == np.uint8
    goals = relabelled(replay, NumberedGoals(2), slots, times, Shares(1, 0, 0), rng)
    assert np.array_equal(goals.codes, goals.images) and (goals.codes == 201).all()


def test_state_goes_through_a_copy_bit_by_bit_with_an_episode_open():
    replay = empty(slots=4)
    for episode in range(5):
        play(replay, episode)
    replay.begin(Goals(np.ones((1, 2), np.float32), None), picture(7)[None], np.ones((1, 2)), np.ones((1, 2)))
    state = replay.state_dict()
    other = empty(slots=4)
    other.load_state_dict(state)
    for one in (replay, other):
        one.add(np.ones((1, 2)), np.zeros(1, bool), picture(8)[None], np.ones((1, 2)), np.ones((1, 2)))
        one.finish()
    draws = [one.sample(np.random.default_rng(3), 30) for one in (replay, other)]
    assert np.array_equal(draws[0], draws[1])
    assert np.array_equal(replay.images_at(*draws[0]), other.images_at(*draws[1]))
    assert sum(isinstance(image, Segment) for image in state["images"]) == 3


def test_a_state_of_another_horizon_is_refused():
    replay = empty()
    play(replay, 0)
    with pytest.raises(ValueError, match="replay codes"):
        empty(horizon=HORIZON + 1).load_state_dict(replay.state_dict())


def test_an_empty_replay_gives_nothing():
    with pytest.raises(ValueError, match="no finished episode"):
        empty().sample(np.random.default_rng(0), 1)


def test_the_log_probability_is_that_of_torch():
    rng = np.random.default_rng(0)
    goals, means, spreads = rng.normal(size=(3, 20, 4)).astype(np.float32)
    law = Independent(Normal(torch.from_numpy(means), torch.from_numpy(np.exp(spreads / 2))), 1)
    expected = law.log_prob(torch.from_numpy(goals)).numpy()
    assert np.allclose(log_probability(goals, means, spreads), expected, rtol=1e-5, atol=1e-4)


def test_rewards_by_hand():
    reached = Reached(np.array([[3.0, 4.0], [0.3, 0.4]], np.float32), np.zeros((2, 2), np.float32), None)
    goals = Goals(np.zeros((2, 2), np.float32), None)
    assert reward_of(tiny(), reached, goals) == pytest.approx([-5.0, -0.5])
    assert reward_of(tiny(reward_scale=2.0), reached, goals) == pytest.approx([-10.0, -1.0])
    assert reward_of(tiny(reward="sparse", sparse_distance=1.0), reached, goals).tolist() == [-1.0, 0.0]
    white, black = picture(255)[None], picture(0)[None]
    codes = np.zeros((1, 2), np.float32)
    found = reward_of(tiny(reward="pixel_mse"), Reached(codes, None, white), Goals(codes, black))
    assert found == pytest.approx([-np.sqrt(SIDE * SIDE * 3)])
    pixels = tiny(method="her", reward="sparse")
    assert reward_of(pixels, Reached(white, None, white), Goals(white, white)).tolist() == [0.0]
    assert reward_of(pixels, Reached(white, None, white), Goals(black, black)).tolist() == [-1.0]


def test_a_batch_holds_transitions_under_goals_with_their_rewards():
    replay = empty()
    play(replay, 0, length=4, ends=True)
    batch = draw_batch(replay, NumberedGoals(2), tiny(relabel="vae"), np.random.default_rng(0), device="cpu")
    times = batch.observation[:, 1]
    assert torch.equal(batch.next_observation[:, 1], times + 1) and torch.equal(batch.action[:, 0], times)
    assert torch.equal(batch.terminated, (times == 3).float())
    expected = -(batch.next_observation - batch.goal).norm(dim=1)
    assert torch.allclose(batch.reward, expected) and (batch.goal == -1).all()
