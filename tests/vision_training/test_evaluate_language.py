"""`run.py evaluate language`: what a run measured is measured again, and what does not fit is refused."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import run
from agents.language.config import LanguageConfig
from agents.language.learner import build


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A small model trained in the working folder on texts of its own."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, lines in (("train.txt", 300), ("valid.txt", 120), ("test.txt", 150)):
        words = rng.choice(["cat", "dog", "eats", "sees", "fish"], (lines, 5), p=[0.4, 0.3, 0.1, 0.1, 0.1])
        (tmp_path / name).write_text("\n".join(map(" ".join, words)) + "\n")
    flags = ["--dimensions", "8", "--window", "9", "--epochs", "2", "--rate", "0.02", "--batch", "8"]
    assert run.main(["train", "language", "--data", ".", *flags, "--device", "cpu", "--out", "r"]) == 0
    return tmp_path


def evaluated(*words):
    assert run.main(["evaluate", "r", "--data", ".", "--device", "cpu", "--json", "e.json", *words]) == 0
    (found,) = json.loads(Path("e.json").read_text())["checkpoints"]
    return found


def test_a_runs_own_perplexity_is_found_again_with_an_interval(trained, capsys):
    found = evaluated()
    last = json.loads((trained / "r/metrics.jsonl").read_text().splitlines()[-1])
    mean, low, high = found["perplexity"]
    # the run counts the last, shorter window of the text too
    assert mean == pytest.approx(last["test_perplexity"], rel=0.02) and low < mean < high
    assert found["loss"]["mean"] == pytest.approx(math.log(mean)) and found["unknown"] == 0.0
    assert "bootstrap over windows" in capsys.readouterr().out


def test_another_part_and_words_that_are_not_known(trained):
    (trained / "test.txt").write_text("cat bird eats\n" * 80)
    found = evaluated("--part", "test")
    assert found["unknown"] == pytest.approx(0.25, abs=0.01)


def test_a_text_without_a_known_word_is_refused(trained, capsys):
    (trained / "test.txt").write_text("un chien mange\n" * 80)
    assert run.main(["evaluate", "r", "--data", ".", "--part", "test"]) == 2
    assert "expected its language" in capsys.readouterr().err


def test_a_state_from_before_vocabularies_goes_on_but_is_not_evaluated(trained):
    config = LanguageConfig(data=".", dimensions=8, window=9, epochs=2.0, batch=8)
    learner, other = (build(config, seed=seed, device="cpu") for seed in (1, 2))
    other.load_state_dict(learner.state_dict()["fit"])
    state = learner.state_dict()
    with pytest.raises(ValueError, match="words: got another vocabulary"):
        other.load_state_dict(state | {"words": state["words"][:-1]})
