"""Laws of the language models: corpus, fixed directions, carried states, and the kind `language`."""

import copy
import math
from functools import partial

import numpy as np
import pytest
import torch

from agents.language.config import LanguageConfig
from agents.language.learner import build, perplexity
from tests.vision_training.tiny import fingerprint
from vision.text.corpus import Windows, build_vocabulary, parallel_streams, read_tokens
from vision.text.embeddings import (
    information_directions,
    neighbours,
    positive_information,
    random_directions,
    word2vec_directions,
)
from vision.text.language_model import LanguageModel, mean_loss

OUTPUTS = ["learned", "random", "pmi", "word2vec"]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Sentences of a tiny grammar: subjects of two groups, each with verbs and objects of its own."""
    folder = tmp_path_factory.mktemp("texts")
    rng = np.random.default_rng(0)
    groups = [
        (["cat", "dog"], ["eats", "chases"], ["fish", "meat"]),
        (["sun", "moon"], ["shines"], ["dim", "red"]),
    ]
    for name, lines in (("train.txt", 400), ("wiki.valid.tokens", 100)):
        chosen = [groups[rng.integers(2)] for _ in range(lines)]
        text = "\n".join(" ".join(part[rng.integers(len(part))] for part in group) for group in chosen)
        (folder / name).write_text(text + "\n")
    return folder


def small(texts, **changes):
    settings = {
        "dimensions": 8,
        "layers": 2,
        "window": 9,
        "epochs": 4.0,
        "rate": 0.02,
        "batch": 8,
        "clip": 1.0,
    }
    return LanguageConfig(data=str(texts), **(settings | changes))


def model(rows=None, size=11, dropout=0.0):
    return LanguageModel(size, 6, layers=2, dropout=dropout, rows=rows, generator=seeded())


def test_lines_end_in_their_own_word_and_rare_words_are_unknown(tmp_path):
    (tmp_path / "train.txt").write_text(" a b a\n\n b c \n")
    tokens = read_tokens(tmp_path, "train")
    assert tokens == ["a", "b", "a", "<eos>", "<eos>", "b", "c", "<eos>"]
    vocabulary = build_vocabulary(tokens, least=2)
    assert vocabulary.words == ("<eos>", "a", "b", "<unk>")
    assert vocabulary.encode(["c", "b", "never"]).tolist() == [3, 2, 3]


@pytest.mark.parametrize("separator", ["\x0c", "\x85", "\u2028"])
def test_a_separator_inside_a_line_parts_words_and_not_lines(separator, tmp_path):
    (tmp_path / "train.txt").write_text(f"a{separator}b\nc\n", encoding="utf-8")
    assert read_tokens(tmp_path, "train") == ["a", "b", "<eos>", "c", "<eos>"]


def test_missing_and_empty_texts_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train\.txt"):
        read_tokens(tmp_path, "train")
    (tmp_path / "train.txt").write_text("\n\n")
    with pytest.raises(ValueError, match="no words"):
        read_tokens(tmp_path, "train")


def test_windows_tile_the_text_and_their_targets_are_the_next_words():
    words = torch.arange(23)
    windows = Windows(words, 5)
    inputs, following = windows(torch.arange(len(windows)), seeded())
    assert torch.equal(inputs.flatten(), words[:20])
    assert torch.equal(following.flatten(), words[1:21])
    with pytest.raises(ValueError, match="window of 23"):
        Windows(words, 23)


def test_streams_keep_the_order_of_the_text():
    assert parallel_streams(torch.arange(11), 2).tolist() == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    with pytest.raises(ValueError, match="streams: got 6"):
        parallel_streams(torch.arange(11), 6)


def test_neighbours_are_all_pairs_within_reach():
    words = torch.arange(9)
    centres, contexts = neighbours(words)
    found = sorted(zip(centres.tolist(), contexts.tolist(), strict=True))
    assert found == [(a, b) for a in range(9) for b in range(9) if 0 < abs(a - b) <= 5]


def test_information_is_its_formula_on_a_small_text():
    words = torch.tensor([0, 1, 0, 2, 1, 1, 0, 2, 2, 1, 0, 1, 2])
    counts = np.zeros((3, 3))
    for centre, context in zip(*(part.tolist() for part in neighbours(words)), strict=True):
        counts[centre, context] += 1
    joint = counts / counts.sum()
    context = joint.sum(0) ** 0.75 / (joint.sum(0) ** 0.75).sum()
    expected = np.maximum(0, np.log(joint / np.outer(joint.sum(1), context)))
    assert np.allclose(positive_information(words, 3).to_dense().numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(("size", "dimensions"), [(50, 8), (8, 8), (5, 8)])
def test_random_directions_have_unit_rows(size, dimensions):
    rows = random_directions(size, dimensions, generator=seeded())
    assert torch.allclose(rows.norm(dim=1), torch.ones(size), atol=1e-5)
    if size <= dimensions:
        assert torch.allclose(rows @ rows.T, torch.eye(size), atol=1e-5)


@pytest.mark.parametrize(
    "pretrain", [information_directions, partial(word2vec_directions, batch=64, thinning=1.0)]
)
def test_pretrained_directions_put_words_of_one_group_together(texts, pretrain):
    tokens = read_tokens(texts, "train")
    vocabulary = build_vocabulary(tokens)
    rows = pretrain(vocabulary.encode(tokens), len(vocabulary), 4, generator=seeded())
    place = vocabulary.numbers
    same = float(rows[place["cat"]] @ rows[place["dog"]])
    other = max(float(rows[place["cat"]] @ rows[place[word]]) for word in ("sun", "moon"))
    assert rows.shape == (len(vocabulary), 4)
    assert torch.allclose(rows.norm(dim=1), torch.ones(len(rows)), atol=1e-5)
    assert same > other + 0.3


def test_more_information_dimensions_than_words_are_refused():
    with pytest.raises(ValueError, match="dimensions: got 8"):
        information_directions(torch.tensor([0, 1, 0, 2]), 3, 8, generator=seeded())


def test_a_carried_state_gives_the_loss_of_one_long_reading():
    network = model()
    streams = torch.randint(0, 11, (3, 40), generator=seeded(1))
    whole = mean_loss(network, streams, window=39)
    assert mean_loss(network, streams, window=7) == pytest.approx(whole, rel=1e-6)
    logits, _ = network(streams[:, :-1])
    by_hand = torch.nn.functional.cross_entropy(logits.flatten(0, 1), streams[:, 1:].flatten())
    assert whole == pytest.approx(float(by_hand.detach()), rel=1e-5)


def test_an_untrained_learned_output_is_near_uniform():
    streams = torch.randint(0, 11, (3, 40), generator=seeded(1))
    assert mean_loss(model(), streams, window=7) == pytest.approx(math.log(11), abs=0.2)


def test_dropout_keeps_the_mean_and_is_off_in_evaluation():
    network = model(dropout=0.4)
    layer = network.dropouts[0]
    ones = torch.ones(200, 100)
    dropped = layer(ones)
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert float(dropped.mean()) == pytest.approx(1.0, abs=4 * (0.4 / 0.6 / 20_000) ** 0.5)
    assert torch.equal(layer.eval()(ones), ones)


def test_fixed_rows_are_saved_and_never_trained(texts):
    learner = build(small(texts, output="random"), seed=1, device="cpu")
    before = learner.network.head.directions.rows.clone()
    list(learner.train())
    assert torch.equal(learner.network.head.directions.rows, before)
    assert "head.directions.rows" in learner.state_dict()["fit"]["model"]


def test_models_of_one_seed_start_from_the_same_weights_whatever_their_output(texts):
    networks = [build(small(texts, output=output), seed=1, device="cpu").network for output in OUTPUTS]
    for network in networks[1:]:
        assert torch.equal(network.embedding.weight, networks[0].embedding.weight)
        for layer, first in zip(network.layers, networks[0].layers, strict=True):
            assert fingerprint(layer.state_dict()) == fingerprint(first.state_dict())


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_embedding_learns_the_grammar(texts, output):
    """Chance over 14 words is a perplexity of 14, the grammar's own is about 2."""
    reports = list(build(small(texts, output=output, epochs=8.0), seed=1, device="cpu").train())
    assert len(reports) == 8
    assert reports[-1]["test_perplexity"] < 3.0
    assert reports[-1]["test_perplexity"] < reports[0]["test_perplexity"]


def test_a_perplexity_beyond_all_floats_is_infinite():
    assert perplexity(math.log(14)) == pytest.approx(14) and perplexity(1e4) == math.inf


def test_a_resumed_language_run_ends_bit_equal(texts):
    config = small(texts, output="pmi", dropout=0.3, epochs=2.0)
    whole = build(config, seed=1, device="cpu")
    expected = list(whole.train())
    first = build(config, seed=1, device="cpu")
    begun = next(first.train())
    second = build(config, seed=1, device="cpu")
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert [begun, *second.train()] == expected
    assert fingerprint(second.state_dict()) == fingerprint(whole.state_dict())


def test_building_a_language_model_leaves_the_global_generator_alone(texts):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    next(build(small(texts, output="word2vec"), seed=1, device="cpu").train())
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("field", "value"), [("test_part", "train"), ("least", 0), ("dropout", 1.0), ("window", 0)]
)
def test_a_field_out_of_range_is_named(field, value):
    with pytest.raises(ValueError, match=rf"LanguageConfig\.{field}: got "):
        LanguageConfig(**{field: value})
