"""Stable-Baselines3 learns to draw to a target with PPO, one shot an episode: a short example."""

import gymnasium
import numpy as np
import pytest

import envs

STEPS = 12_288
SHOTS = 200


def mean_reward(policy, shots=SHOTS):
    """Mean reward of a policy (or of random actions) over the same boards."""
    env = gymnasium.make("hogline/CurlingDraw-v0", guards=0)
    env.action_space.seed(0)
    rewards = []
    for seed in range(shots):
        observation, _ = env.reset(seed=seed)
        action = policy.predict(observation, deterministic=True)[0] if policy else env.action_space.sample()
        rewards.append(env.step(action)[1])
    return float(np.mean(rewards))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_stable_baselines_learns_to_draw():
    ppo = pytest.importorskip("stable_baselines3", reason="needs the extra `test`")
    import torch

    torch.set_num_threads(1)
    assert envs.__doc__
    env = gymnasium.make("hogline/CurlingDraw-v0", guards=0)
    learner = ppo.PPO(
        "MultiInputPolicy",
        env,
        n_steps=512,
        batch_size=128,
        n_epochs=10,
        gamma=0.0,
        learning_rate=1e-3,
        seed=0,
    )
    untrained = mean_reward(learner)
    learner.learn(STEPS)
    trained = mean_reward(learner)
    assert trained > untrained + 0.3
    assert trained > mean_reward(None) + 0.5
