"""`run.py envs` lists what is registered under our namespace."""

import json

import gymnasium
import pytest

import run


class Point(gymnasium.Env):
    """A world with one number."""

    observation_space = gymnasium.spaces.Box(0, 1, (1,))
    action_space = gymnasium.spaces.Discrete(2)


@pytest.fixture
def point_env(monkeypatch):
    monkeypatch.setitem(
        gymnasium.registry,
        "hogline/Point-v0",
        gymnasium.envs.registration.EnvSpec("hogline/Point-v0", entry_point=Point, disable_env_checker=True),
    )


def test_the_list_names_id_observation_and_action(point_env, capsys):
    assert run.main(["envs", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {
        "id": "hogline/Point-v0",
        "observation": "1 float32 in 0 .. 1",
        "action": "Discrete(2)",
    } in listed
    assert all(row["id"].startswith("hogline/") for row in listed)
    assert run.main(["envs"]) == 0
    assert "hogline/Point-v0" in capsys.readouterr().out
