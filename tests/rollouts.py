"""Rollouts of random actions, and their comparison bit by bit; for the laws of all environments."""


def rollout(env, seed, steps):
    """Observations, rewards and ends of `steps` random actions, resets included."""
    env.action_space.seed(seed)
    observation, _ = env.reset(seed=seed)
    rows = [(observation, 0.0, False, False)]
    for _ in range(steps):
        observation, reward, terminated, truncated, _ = env.step(env.action_space.sample())
        rows.append((observation, reward, terminated, truncated))
        if terminated or truncated:
            rows.append((env.reset()[0], 0.0, False, False))
    return rows


def assert_same(first, second):
    """Two rollouts are equal to the last bit."""
    assert len(first) == len(second)
    for (seen, *outcome), (seen_2, *outcome_2) in zip(first, second, strict=True):
        assert outcome == outcome_2
        for key in seen:
            assert seen[key].tobytes() == seen_2[key].tobytes()


def assert_fresh(space, rows):
    """Observations lie in the space, and none shares memory with another, nor one of its parts with the next.

    Returns:
        The values of each key over the rollout.
    """
    seen = {key: [row[0][key] for row in rows] for key in rows[0][0]}
    assert all(space[key].contains(value) for key, values in seen.items() for value in values)
    addresses = {value.__array_interface__["data"][0] for values in seen.values() for value in values}
    assert len(addresses) == sum(len(values) for values in seen.values())
    return seen
