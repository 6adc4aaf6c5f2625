"""The learner of kind `language`: a recurrent language model, measured by perplexity."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agents.language.config import LanguageConfig
from vision.fit import Fit
from vision.processes import Processes
from vision.text.corpus import Vocabulary, Windows, build_vocabulary, parallel_streams, read_tokens
from vision.text.embeddings import information_directions, random_directions, word2vec_directions
from vision.text.language_model import LanguageModel, NextWord, mean_loss

# Pieces of the measured text that are read side by side.
STREAMS = 10
DIRECTIONS = 1
"""The stream of a run's seed for fixed directions: the other weights are the same with any of them."""


class LanguageLearner:
    """A language model on its way through a run.

    Args:
        config: see `LanguageConfig`.
        seed: of the weights, the order, the dropout and the fixed directions.
        device: "cpu" or "cuda".

    Raises:
        ValueError: if a text is too short or malformed.
        OSError: if a file is missing.
    """

    def __init__(self, config: LanguageConfig, *, seed: int, device: str) -> None:
        if not config.data:
            raise ValueError("data: got nothing, expected the folder of the WikiText files")
        self.config = config
        tokens = read_tokens(Path(config.data), config.train_part)
        vocabulary = build_vocabulary(tokens, least=config.least)
        words = vocabulary.encode(tokens)
        measured = vocabulary.encode(read_tokens(Path(config.data), config.test_part))
        self._streams = parallel_streams(measured, STREAMS).to(device)
        apart = int(np.random.SeedSequence((seed, DIRECTIONS)).generate_state(1)[0])
        rows = _fixed_rows(config, words, vocabulary, torch.Generator().manual_seed(apart))
        self.network = build_model(config, len(vocabulary), rows, torch.Generator().manual_seed(seed))
        self._words = np.frombuffer("\n".join(vocabulary.words).encode(), dtype=np.uint8)
        windows = Windows(words.to(device), config.window)
        self._fit = Fit(self.network, NextWord(), windows, len(windows), config.fit, seed=seed, device=device)

    def share(self, processes: Processes) -> None:
        """Make the updates together with other processes; see `vision.fit.Fit.share`."""
        self._fit.share(processes)

    def train(self) -> Iterator[dict[str, float]]:
        """Train to the end; see `vision.fit.Fit.train` for what is raised."""
        for report in self._fit.train():
            loss = mean_loss(self.network, self._streams, window=self.config.window)
            found = {"test_loss": loss, "test_perplexity": perplexity(loss)}
            scale = getattr(self.network.head, "scale", None)
            if scale is not None:
                found["head_scale"] = float(scale.detach())
            yield report | found

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the loop, and the vocabulary: its words as UTF-8 bytes, one a line."""
        return {"fit": self._fit.state_dict(), "words": self._words}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, or once gave, without the vocabulary.

        Raises:
            ValueError: if it is of another network or vocabulary.
        """
        if "words" in state and not np.array_equal(state["words"], self._words):
            raise ValueError("words: got another vocabulary in the files, expected that of the run")
        self._fit.load_state_dict(state.get("fit", state))


def build_model(
    config: LanguageConfig, size: int, rows: Tensor | None, generator: torch.Generator
) -> LanguageModel:
    """Return the network of a config for `size` words, with weights from `generator`.

    Args:
        config: of a run.
        size: of the vocabulary, V.
        rows: (V, D) fixed rows of the output embedding; None learns it.
        generator: of the weights.
    """
    return LanguageModel(
        size,
        config.dimensions,
        layers=config.layers,
        dropout=config.dropout,
        rows=rows,
        generator=generator,
    )


def build(config: LanguageConfig, *, seed: int, device: str) -> LanguageLearner:
    """Build the learner of kind `language`; see `agents.runs.learner.Builder`."""
    return LanguageLearner(config, seed=seed, device=device)


def perplexity(loss: float) -> float:
    """exp of a mean loss in nats a word; infinite where that is no float, for the run to refuse."""
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf


def _fixed_rows(
    config: LanguageConfig, words: Tensor, vocabulary: Vocabulary, generator: torch.Generator
) -> Tensor | None:
    """Return the (V, D) fixed rows of the output embedding, or None if it is learned."""
    size, dimensions = len(vocabulary), config.dimensions
    if config.output == "learned":
        return None
    if config.output == "random":
        return random_directions(size, dimensions, generator=generator)
    pretrain = information_directions if config.output == "pmi" else word2vec_directions
    return pretrain(words, size, dimensions, generator=generator)
