"""Evaluates checkpoints of kind `language`: from a checkpoint to its perplexity on a text."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from agents.language.config import LanguageConfig
from agents.language.learner import STREAMS, build_model
from agents.runs.checkpoint import Checkpoint
from agents.runs.config_json import config_from_json
from agents.runs.errors import ConfigError, CorruptFileError
from vision.evaluate import Estimate, estimate_mean
from vision.text.corpus import UNKNOWN, Vocabulary, parallel_streams, read_tokens
from vision.text.language_model import LanguageModel, window_losses


@dataclass(frozen=True)
class Trained:
    """A trained language model with its vocabulary."""

    network: LanguageModel
    vocabulary: Vocabulary
    config: LanguageConfig
    step: int


@dataclass(frozen=True)
class Evaluation:
    """What one model makes of a text.

    Attributes:
        step: intervals that it was trained for.
        loss: nats a word; the bootstrap is over windows of the text, read side by side.
        words: that were predicted.
        unknown: share of the text's words that are not in the model's vocabulary.
    """

    step: int
    loss: Estimate
    words: int
    unknown: float

    @property
    def perplexity(self) -> tuple[float, float, float]:
        """exp of the loss, and of its bounds."""
        return math.exp(self.loss.mean), math.exp(self.loss.low), math.exp(self.loss.high)


def restore(checkpoint: Checkpoint, *, device: str) -> Trained:
    """Return the model of a checkpoint.

    Raises:
        ConfigError: if it is of another kind, or from before checkpoints held the vocabulary.
        CorruptFileError: if its state does not fit its config.
    """
    if checkpoint.kind != "language":
        raise ConfigError(f"checkpoint: got kind {checkpoint.kind}, expected language")
    config = config_from_json(LanguageConfig, checkpoint.config)
    state = checkpoint.state["learner"]
    if "words" not in state:
        raise ConfigError("checkpoint: got one without its vocabulary, from an earlier version; train anew")
    try:
        vocabulary = Vocabulary.of(np.asarray(state["words"]).tobytes().decode().split("\n"))
        rows = None if config.output == "learned" else torch.zeros(len(vocabulary), config.dimensions)
        network = build_model(config, len(vocabulary), rows, torch.Generator())
        network.load_state_dict(dict(state["fit"]["model"]))
    except (KeyError, ValueError, RuntimeError) as error:
        problem = " ".join(str(error).split())[:200]
        raise CorruptFileError(f"checkpoint: holds no language model of its config ({problem})") from error
    return Trained(network.to(device).eval(), vocabulary, config, checkpoint.step)


def evaluate(model: Trained, folder: Path, part: str, *, device: str, seed: int) -> Evaluation:
    """Return what a model makes of a part of the text files.

    Args:
        model: the model.
        folder: of the text files.
        part: train, valid or test; nothing takes that on which the run was measured.
        device: where the model is.
        seed: of the bootstrap.

    Raises:
        ConfigError: if the text is too short, or holds no word that the model knows.
        OSError: if a file is missing.
    """
    try:
        tokens = read_tokens(folder, part or model.config.test_part)
        words = model.vocabulary.encode(tokens)
        streams = parallel_streams(words, STREAMS).to(device)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    known = sum(token in model.vocabulary.numbers and token != UNKNOWN for token in set(tokens))
    if known < 2:  # the end of a line is a word too
        raise ConfigError(
            f"data: got a text with {known} words of the model's vocabulary, expected its language"
        )
    window = model.config.window
    totals = np.array(window_losses(model.network, streams, window=window))
    whole = totals[: (streams.shape[1] - 1) // window] if streams.shape[1] > window else totals
    each = min(window, streams.shape[1] - 1) * STREAMS
    unknown = float((words == model.vocabulary.numbers[UNKNOWN]).double().mean())
    return Evaluation(
        model.step, estimate_mean(whole / each, np.random.default_rng(seed)), len(whole) * each, unknown
    )
