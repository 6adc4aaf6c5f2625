"""Laws of `run.py evaluate` on runs of the kind rig: groups, true numbers, pictures."""

import json

import numpy as np
import pytest
from PIL import Image

import run
from agents.commands.actions.rig_pictures import SAMPLES
from agents.plots.codes import draw_samples
from agents.plots.picture_grid import png_bytes
from agents.rig.agent import load_agent
from agents.rig.evaluation import final_distances, held_out_goals, passive_distances
from agents.rig.goals import ImaginedGoals
from agents.rig.worlds import build_task
from agents.runs.checkpoint import load_checkpoint
from agents.runs.run_folder import read_record

FLAGS = ["--goals", "3", "--seed", "5", "--device", "cpu"]


def report_of(words, path):
    """The JSON report of an evaluation."""
    assert run.main(["evaluate", *map(str, words), *FLAGS, "--json", str(path)]) == 0
    return json.loads(path.read_text())


def test_runs_that_differ_in_their_seed_are_one_group_beside_the_others(oracle, imaginer, tmp_path, capsys):
    report = report_of([imaginer, oracle], tmp_path / "report.json")
    assert [(group["run"], len(group["checkpoints"])) for group in report["groups"]] == [
        ("imaginer", 1),
        ("oracle", 2),
    ]
    shown = capsys.readouterr().out
    words = shown.split()
    assert {"imaginer", "oracle", "pusher", "rig", "passive", "/passive", "/oracle"} <= set(words)
    assert "2 runs" in shown and "1 run " in shown and "single run" in shown


def test_the_values_are_the_final_distances_on_the_held_out_goals(oracle, tmp_path):
    report = report_of([oracle], tmp_path / "report.json")
    agent = load_agent(oracle / "seed-2" / "checkpoints" / "last.safetensors", "cpu")
    task = build_task(agent.config)
    goals = held_out_goals(task, 3, 5)
    found, passive = final_distances(agent, task, goals), passive_distances(task, goals)
    assert np.array_equal(report["goal_layouts"]["pusher"], goals)
    measurements = report["groups"][0]["measurements"]
    assert list(measurements) == ["hand_distance", "puck_distance", "total_distance", "is_success"]
    for name, measured in measurements.items():
        assert measured["values"][1] == pytest.approx(found[name].astype(float).tolist())
        assert measured["mean"]["estimate"] == pytest.approx(np.mean(measured["values"]))
        assert measured["passive"] == pytest.approx(passive[name].mean())


def test_groups_are_compared_with_the_first_seed_by_seed(oracle, imaginer, tmp_path, capsys):
    report = report_of([oracle, imaginer], tmp_path / "report.json")
    first, second = report["groups"]
    assert first["difference_to_first"] == {}
    (seed,) = read_record(imaginer).seeds
    place = read_record(oracle).seeds.index(seed)
    for name, found in second["difference_to_first"].items():
        ours, theirs = (group["measurements"][name]["values"] for group in (second, first))
        assert found["seeds"] == [seed] and found["shown"] == "not shown"
        assert found["values"] == pytest.approx([np.mean(ours[0]) - np.mean(theirs[place])])
    assert list(second["difference_to_first"]) == list(second["measurements"])
    assert "minus oracle" in capsys.readouterr().out


def test_an_evaluation_repeats_exactly(imaginer, tmp_path):
    reports = [report_of([imaginer], tmp_path / f"{name}.json") for name in "ab"]
    assert reports[0] == reports[1]


def test_single_object_goals_and_other_horizons_change_what_is_reached(imaginer, tmp_path):
    usual = report_of([imaginer], tmp_path / "a.json")
    longer = report_of([imaginer, "--horizon", "12"], tmp_path / "b.json")
    single = report_of([imaginer, "--horizon", "12", "--one-at-a-time"], tmp_path / "c.json")
    values = [report["groups"][0]["measurements"]["total_distance"]["values"] for report in (usual, longer)]
    assert values[0] != values[1]
    assert single["one_at_a_time"] and not longer["one_at_a_time"]


def test_pictures_show_rollouts_and_what_the_autoencoder_decodes(oracle, imaginer, tmp_path):
    folder = tmp_path / "pictures"
    words = [str(oracle), str(imaginer), *FLAGS, "--pictures", str(folder)]
    assert run.main(["evaluate", *words]) == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *(
            f"{run_name}-rollouts.{kind}"
            for run_name in ("01-oracle", "02-imaginer")
            for kind in ("png", "gif")
        ),
        *(f"02-imaginer-{name}.png" for name in ("reconstructions", "interpolations", "imagined")),
    }
    for name in names:
        with Image.open(folder / name) as picture:
            picture.verify()
            assert min(picture.size) > 100, name
    assert (folder / "02-imaginer-imagined.png").read_bytes() == imagined_by_the_run(imaginer)


def imagined_by_the_run(path):
    """What the prior of a run's last checkpoint imagines, as a PNG."""
    file = path / "checkpoints" / "last.safetensors"
    codec = load_agent(file, "cpu").representation
    goals = ImaginedGoals(codec, with_images=False)
    goals.load_state_dict(load_checkpoint(file).state["learner"]["goals"])
    assert goals.spread.any() and not np.array_equal(goals.spread, np.eye(len(goals.spread)))
    return png_bytes(draw_samples(codec, goals.imagine(np.random.default_rng(5), SAMPLES).codes))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--goals", "0"], "goals: got 0"),
        (["--checkpoint", "first"], "checkpoint"),
        (["--pictures", __file__], "pictures: got"),
        (["--json", "report.txt"], "json: got"),
        (["--data", "."], "--data: unknown flag"),
    ],
)
def test_wrong_flags_end_with_one_line(oracle, words, complaint, capfd):
    assert run.main(["evaluate", str(oracle), *words]) == 2
    error = capfd.readouterr().err
    assert complaint in error and error.count("\n") == 1


def test_a_checkpoint_given_twice_is_refused(oracle, capsys):
    assert run.main(["evaluate", str(oracle), str(oracle / "seed-1"), *FLAGS]) == 2
    assert "twice, expected each once" in capsys.readouterr().err


def test_other_kinds_are_refused_by_name(oracle, tmp_path, capsys):
    from agents.runs.atomic import publish, stage
    from agents.runs.checkpoint import encode
    from tests.runs.checkpoints import small_checkpoint

    file = tmp_path / "tiny.safetensors"
    publish(stage(file, encode(small_checkpoint())), file)
    assert run.main(["evaluate", "rig", str(file)]) == 2
    assert "kind tiny, expected rig" in capsys.readouterr().err
