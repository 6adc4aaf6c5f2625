"""Text as numbered words: WikiText files, a vocabulary of the training text, windows for training.

Merity et al. 2017, Pointer Sentinel Mixture Models, section 4.3 (WikiText-2). Shapes: T words, V vocabulary.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

UNKNOWN = "<unk>"
END_OF_LINE = "<eos>"


@dataclass(frozen=True)
class Vocabulary:
    """The words of a training text by falling frequency; `numbers` is the inverse of `words`."""

    words: tuple[str, ...]
    numbers: dict[str, int]

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def of(cls, words: Sequence[str]) -> "Vocabulary":
        """The vocabulary of words in this order.

        Raises:
            ValueError: if a word is there twice, or the unknown word is not.
        """
        numbers = {word: number for number, word in enumerate(words)}
        if len(numbers) != len(words) or UNKNOWN not in numbers:
            raise ValueError(f"words: got a word twice or no {UNKNOWN}, expected a vocabulary")
        return cls(tuple(words), numbers)

    def encode(self, tokens: list[str]) -> Tensor:
        """Return (T,) int64 word numbers; a word that is not in the vocabulary counts as unknown."""
        unknown = self.numbers[UNKNOWN]
        return torch.tensor([self.numbers.get(token, unknown) for token in tokens], dtype=torch.int64)


def read_tokens(folder: Path, part: str) -> list[str]:
    """Read `part.txt` or `wiki.part.tokens`, split at white space, each line ended by END_OF_LINE.

    Args:
        folder: where the file lies, or a folder with `wikitext-2` in it.
        part: "train", "valid" or "test".

    Raises:
        ValueError: if the file is no UTF-8 text or holds no words.
        FileNotFoundError: if there is no such file.
    """
    names = (f"{part}.txt", f"wiki.{part}.tokens")
    places = [place / name for place in (folder, folder / "wikitext-2") for name in names]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise FileNotFoundError(f"{folder} holds neither {names[0]} nor {names[1]}, nor wikitext-2 with one")
    try:
        with path.open(encoding="utf-8") as file:  # whose lines end at line feeds and carriage returns alone
            lines = list(file)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}") from error
    tokens = [token for line in lines for token in (*line.split(), END_OF_LINE)]
    if len(tokens) <= len(lines):
        raise ValueError(f"{path} holds no words")
    return tokens


def build_vocabulary(tokens: list[str], *, least: int = 1) -> Vocabulary:
    """Return the words that occur at least `least` times, and the unknown word."""
    counts = Counter(tokens)
    words = [word for word, count in counts.most_common() if count >= least or word == UNKNOWN]
    if UNKNOWN not in counts:
        words.append(UNKNOWN)
    return Vocabulary.of(words)


class Windows:
    """Fetches training windows: sample i is words i W to i W + W, its inputs all but the last of them.

    Args:
        words: (T,) int64 on the device, T above W.
        length: words predicted per window, W.
    """

    def __init__(self, words: Tensor, length: int) -> None:
        if len(words) <= length:
            raise ValueError(f"words: got {len(words)}, expected more than the window of {length}")
        self.words = words
        self.length = length

    def __len__(self) -> int:
        return (len(self.words) - 1) // self.length

    def __call__(self, indices: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return ((B, W) int64 inputs, (B, W) int64 next words) for (B,) int64 window numbers."""
        starts = indices.to(self.words.device, non_blocking=True)[:, None] * self.length
        places = starts + torch.arange(self.length, device=self.words.device)
        return self.words[places], self.words[places + 1]


def parallel_streams(words: Tensor, streams: int) -> Tensor:
    """Cut (T,) words into consecutive pieces side by side, (streams, T // streams), dropping a rest."""
    length = len(words) // streams
    if length < 2:
        raise ValueError(
            f"streams: got {streams} for {len(words)} words, expected pieces of two words or more"
        )
    return words[: streams * length].view(streams, length)


def word_counts(words: Tensor, size: int) -> np.ndarray:
    """Return (V,) int64 how often each word occurs."""
    return np.bincount(words.cpu().numpy(), minlength=size)
