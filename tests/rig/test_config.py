"""Laws of the flags of `run.py train rig`: bad values name their field, presets build, a run trains."""

import json
from dataclasses import replace

import numpy as np
import pytest

import agents.rig.goals
import run
from agents.rig.config import METHODS, RigConfig
from agents.rig.learner import RigLearner
from agents.rig.presets import PRESETS
from agents.rig.relabel import RELABELLING
from agents.runs.errors import ConfigError
from envs.manipulation.puck import Puck
from envs.manipulation.tasks import TASKS
from envs.manipulation.world import World
from tests.rig.tiny import TINY, tiny

LONG = ("pusher", "multi_pusher", "variable_pusher")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", "dqn"),
        ("reward", "dense"),
        ("relabel", "final"),
        ("algorithm", "ppo"),
        ("prior", "uniform"),
        ("skew", 1.5),
        ("steps", 0),
        ("parallel", 0),
        ("image_size", 64),
        ("latent", 0),
        ("hidden", (0,)),
        ("discount", 1.1),
        ("random_actions", 1.5),
        ("tau", 0.0),
        ("noise", -0.1),
        ("sparse_distance", float("nan")),
        ("beta_warmup", 2.0),
        ("products", "float16"),
        ("vae_precision", "float16"),
        ("reward_scale", True),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_name(field, value):
    with pytest.raises(ConfigError, match=f"^{field}: got .*expected"):
        tiny(**{field: value})


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("reward", {"method": "oracle", "reward": "pixel_mse"}),
        ("reward", {"method": "dsae", "reward": "log_probability"}),
        ("reward", {"method": "her", "reward": "latent_distance"}),
        ("prior", {"method": "lr", "prior": "standard"}),
        ("skew", {"method": "dsae", "skew": 0.5}),
        ("finetune_every", {"skew": 0.5}),
        ("finetune_every", {"method": "oracle", "finetune_every": 10}),
        ("latent", {"method": "dsae", "latent": 5}),
    ],
)
def test_what_a_method_cannot_do_is_refused_by_its_name(field, changes):
    with pytest.raises(ConfigError, match=f"^{field}: got .*expected"):
        tiny(**changes)


@pytest.mark.parametrize("method", METHODS)
def test_auto_stands_for_the_method_s_own(method):
    config = tiny(method=method)
    assert config.reward_kind == METHODS[method].rewards[0]
    assert config.relabel_kind in RELABELLING
    assert tiny(method=method, relabel="half").relabel_kind == "half"


def test_intervals_are_those_of_pretraining_and_of_play():
    assert tiny(vae_epochs=3, steps=25, interval_steps=10).intervals == 3 + 3
    assert tiny(method="oracle", steps=25, interval_steps=10).intervals == 3


def test_presets_name_every_world_ours_and_the_papers():
    worlds = {"reacher", "pusher", "multi_pusher", "variable_pusher", "door"}
    assert set(PRESETS) == worlds | {f"paper_{world}" for world in worlds} | {
        f"long_{world}" for world in LONG
    }
    assert all(name.removeprefix("paper_").removeprefix("long_") == PRESETS[name].env for name in PRESETS)
    assert PRESETS["paper_pusher"].steps == 500_000 and PRESETS["paper_pusher"].hidden == (400, 300)
    assert PRESETS["paper_pusher"].interval_steps == 20_000
    assert PRESETS["reacher"] == RigConfig()


def test_a_world_that_is_not_in_the_table_is_refused_and_its_run_forgotten(tmp_path, capsys):
    assert run.main(["train", "rig", "--env", "lift", "--out", str(tmp_path / "run")]) == 2
    assert "env: got 'lift', expected one of reacher, pusher" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.lock"]


def test_a_new_task_in_the_table_is_learnt_without_further_changes(monkeypatch):
    start = np.array([0.0, 0.5, 0.1, 0.6, 0.0, 0.6, -0.1, 0.6])
    pucks = tuple(Puck(f"puck_{number}", (0.2 * number, 0.2, 0.8)) for number in range(3))
    plan = replace(
        TASKS["pusher"],
        world=World("three", pucks, TASKS["pusher"].world.camera),
        start=start,
        sample_goal=lambda rng, present: start + rng.uniform(-0.02, 0.02, 8),
    )
    monkeypatch.setitem(TASKS, "three", plan)
    monkeypatch.setattr(agents.rig.goals, "POOL", 20)
    *_, last = RigLearner(tiny(env="three", method="oracle"), seed=0, device="cpu").train()
    assert last["updates"] > 0 and last["puck_distance"] < 0.2


def test_the_command_line_trains_stops_nowhere_and_resumes(tmp_path, monkeypatch, short_epochs, capsys):
    monkeypatch.setattr(agents.rig.goals, "POOL", 20)
    flags = []
    for name in (
        "interval_steps",
        "horizon",
        "parallel",
        "warmup_steps",
        "goals",
        "vae_images",
        "vae_rollout",
    ):
        flags += [f"--{name.replace('_', '-')}", str(getattr(TINY, name))]
    flags += ["--vae-epochs", "1", "--vae-batch", "2", "--steps", "24", "--batch", "4", "--device", "cpu"]
    flags += ["--env", "pusher", "--method", "rig", "--reward", "log_probability", "--relabel", "half"]
    path = tmp_path / "run"
    assert run.main(["train", "rig", *flags, "--out", str(path), "--seed", "2"]) == 0
    rows = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    assert len(rows) == 3 and {"puck_distance", "hand_distance"} <= set(rows[-1])
    assert (path / "checkpoints" / "best.safetensors").exists()
    assert list((path / "checkpoints" / "segments").glob("*.segment"))
    assert run.main(["train", "--resume", str(path)]) == 0
    assert run.main(["train", "rig", "--method", "oracle", "--reward", "pixel_mse"]) == 2
    assert "reward: got 'pixel_mse', expected one of" in capsys.readouterr().err
