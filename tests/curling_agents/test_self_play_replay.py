"""Laws of the positions that self-play learns from: what is kept, drawn and saved."""

import copy

import numpy as np
import pytest
import torch

from agents.curling.learning.replay import MOST_SEGMENTS, Replay
from agents.curling.learning.self_play import EXAMPLE, hammer_points, play_ends
from agents.curling.positions import mover
from agents.runs.segments import Segment
from tests.curling_agents.tiny_self_play import CONFIG, SEED, player_of
from tests.vision_training.tiny import fingerprint


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def player():
    return player_of()


@pytest.fixture(scope="module")
def played(player):
    return play_ends(player, CONFIG, SEED, range(4))


def replay_of(player, played, **changes):
    options = {"search_share": 0.0, "mirror": False} | changes
    replay = Replay(64, player.grid, **options)
    replay.add(played.examples)
    return replay


def test_batches_are_the_examples_as_the_mover_sees_them(player, played):
    replay = replay_of(player, played)
    *_, policy, values = replay.draw(500, np.random.default_rng(0), "cpu")
    rows = np.random.default_rng(0).integers(64, size=500)
    examples = played.examples[rows]
    sign = np.where(mover(examples["position"]) == 0, 1, -1)
    assert (values.argmax(1).numpy() == 8 + sign * examples["score"]).all()
    picked = np.take_along_axis(policy.numpy(), examples["cells"].astype(int), 1)
    assert np.array_equal(picked, examples["shares"])
    found = replay_of(player, played, search_share=1.0).draw(500, np.random.default_rng(0), "cpu")[-1].numpy()
    expected = np.where(sign[:, None] == 1, examples["found"], examples["found"][:, ::-1])
    np.testing.assert_allclose(found, expected)


def test_mirrored_examples_have_mirrored_stones_and_cells(player, played):
    plain, mirror = replay_of(player, played), replay_of(player, played, mirror=True)
    stones, *_, policy, _ = plain.draw(200, np.random.default_rng(3), "cpu")
    turned, *_, other, _ = mirror.draw(200, np.random.default_rng(3), "cpu")
    flipped = (other != policy).any(1)
    assert 50 < flipped.sum() < 150
    assert torch.equal(other[flipped], policy[flipped][:, player.grid.mirror])
    assert torch.equal(turned[flipped][..., 0], -stones[flipped][..., 0])
    assert torch.equal(turned[~flipped], stones[~flipped])


def test_only_the_ends_of_the_latest_games_are_counted(player, played):
    replay = replay_of(player, played)
    assert np.array_equal(replay.hammer_points(), hammer_points(played.records))
    later = play_ends(player, CONFIG, SEED, range(4, 8))
    replay.add(later.examples)
    assert np.array_equal(replay.hammer_points(), hammer_points(later.records))
    assert not np.array_equal(hammer_points(played.records), hammer_points(later.records))


def empty_replay(player, size):
    return Replay(size, player.grid, search_share=0.5, mirror=True)


def scored(*scores):
    """Last shots of ends that were won by so many points with the hammer."""
    rows = np.zeros(len(scores), EXAMPLE)
    rows["score"], rows["shares"][:, 0], rows["found"][:, 0] = scores, 1.0, 1.0
    rows["position"]["shot"], rows["position"]["shots"] = 15, 16
    return rows


def scores_kept(replay):
    return (np.flatnonzero(replay.hammer_points()) - 8).tolist()


def drawn(replay, seed=0):
    return fingerprint(dict(enumerate(replay.draw(32, np.random.default_rng(seed), "cpu"))))


def test_the_replay_keeps_the_latest_and_survives_saving(player):
    replay = empty_replay(player, 5)
    with pytest.raises(ValueError, match="is empty"):
        replay.draw(1, np.random.default_rng(0), "cpu")
    for first in (0, 3, 6):
        replay.add(scored(*range(first, first + 3)))
    assert (len(replay), scores_kept(replay)) == (5, [4, 5, 6, 7, 8])
    other, smaller = empty_replay(player, 5), empty_replay(player, 2)
    for copied in (other, smaller):
        copied.load_state_dict(copy.deepcopy(replay.state_dict()))
    assert scores_kept(other) == scores_kept(replay) and drawn(other) == drawn(replay)
    assert scores_kept(smaller) == [7, 8]
    with pytest.raises(ValueError, match="replay: got 6 examples, expected 9 to 9"):
        empty_replay(player, 10).load_state_dict(replay.state_dict())
    with pytest.raises(ValueError, match=r"replay: got uint8 \(3, 5\), expected"):
        replay.load_state_dict({"segments": [Segment(np.zeros((3, 5), np.uint8))], "seen": 3})


@pytest.mark.parametrize("sizes", [(3, 3, 3), (9,), (1, 1, 4), (5, 5), (2, 1)])
def test_a_draw_is_one_of_a_ring_whose_oldest_gives_way(player, sizes):
    replay, ring, seen = empty_replay(player, 5), np.zeros(5, EXAMPLE), 0
    for count in sizes:
        rows = scored(*(np.arange(seen, seen + count) % 9))
        replay.add(rows)
        for row in rows:
            ring[seen % 5] = row
            seen += 1
    places = np.random.default_rng(1).integers(len(replay), size=64)
    assert np.array_equal(replay._examples(places), ring[places])


def test_what_was_added_stays_the_segment_it_was_in_every_checkpoint(player):
    replay = empty_replay(player, 6)
    replay.add(scored(1, 2, 3))
    first = [segment.digest for segment in replay.state_dict()["segments"]]
    replay.add(scored(4, 5, 6))
    second = [segment.digest for segment in replay.state_dict()["segments"]]
    replay.add(scored(7, 8))
    third = [segment.digest for segment in replay.state_dict()["segments"]]
    assert second[:1] == first and third[:2] == second  # one of the first three counts still
    replay.add(scored(0))
    assert [segment.digest for segment in replay.state_dict()["segments"]][:2] == third[1:]


def test_few_examples_join_the_segment_before_them(player):
    replay = empty_replay(player, 4 * MOST_SEGMENTS)
    for score in range(9):
        replay.add(scored(score))
    assert [segment.shape[0] for segment in replay.state_dict()["segments"]] == [4, 4, 1]
    assert scores_kept(replay) == list(range(9))


@pytest.mark.parametrize("count", [4, 9])
def test_a_replay_that_was_saved_as_a_ring_is_read(player, count):
    whole, ring = empty_replay(player, 5), np.zeros(5, EXAMPLE)
    whole.add(scored(*range(count)))
    ring[np.arange(count) % 5] = scored(*range(count))
    rows = ring[: min(count, 5)].view(np.uint8).reshape(-1, EXAMPLE.itemsize)
    read = empty_replay(player, 5)
    read.load_state_dict({"rows": rows, "seen": count})
    for replay in (whole, read):
        replay.add(scored(1))
    assert scores_kept(read) == scores_kept(whole) and drawn(read) == drawn(whole)
