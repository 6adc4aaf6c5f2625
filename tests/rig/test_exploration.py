"""Laws of exploring actions: how much noise remembers, and how many actions are random."""

import numpy as np
import pytest

from agents.rig.exploration import ActionNoise, randomised


def test_noise_remembers_its_share_and_keeps_its_spread():
    noise, rng = ActionNoise(0.2, 0.85), np.random.default_rng(0)
    noise.restart(500, 2)
    values = np.stack([noise.step(rng) for _ in range(200)])[50:]
    lasting = np.corrcoef(values[:-1].ravel(), values[1:].ravel())[0, 1]
    assert lasting == pytest.approx(0.85, abs=0.01)
    assert values.std() == pytest.approx(0.2 / np.sqrt(1 - 0.85**2), rel=0.02)


def test_the_stated_share_of_actions_is_drawn_evenly_and_the_rest_is_kept():
    actions = np.full((20_000, 2), 0.123, np.float32)
    found = randomised(actions, 0.2, np.random.default_rng(0))
    kept = (found == actions).all(1)
    assert found.dtype == np.float32 and kept.mean() == pytest.approx(0.8, abs=4 * 0.4 / np.sqrt(20_000))
    drawn = found[~kept]
    assert np.abs(drawn).max() <= 1 and drawn.std(0) == pytest.approx([1 / np.sqrt(3)] * 2, rel=0.03)
    assert np.array_equal(randomised(actions, 0.0, np.random.default_rng(0)), actions)
