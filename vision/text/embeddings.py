"""Fixed word directions: random, factorised mutual information, and word2vec.

Levy & Goldberg 2014, Neural Word Embedding as Implicit Matrix Factorization (shifted positive PMI); Mikolov
et al. 2013, Distributed Representations of Words and Phrases (skip-gram with negative samples); Halko,
Martinsson & Tropp 2011 (randomised factorisation). Shapes: T words of text, V vocabulary, D dimensions, P
pairs.
"""

import torch
from torch import Tensor
from torch.nn import functional

from vision.text.corpus import word_counts

# Words to each side that count as the neighbourhood of a word.
NEIGHBOURHOOD = 5
# Exponent of the word frequencies from which negative samples and context probabilities are taken.
SMOOTHING = 0.75
NEGATIVE_SAMPLES = 5
# Noise words drawn per batch; all pairs of the batch share them, so that their products are one matrix
# product.
SHARED_SAMPLES = 64
OVERSAMPLING = 16
POWER_ITERATIONS = 3


def random_directions(size: int, dimensions: int, *, generator: torch.Generator) -> Tensor:
    """Return (V, D) unit rows of a random matrix with orthogonal columns (rows, where V is at most D)."""
    tall = max(size, dimensions), min(size, dimensions)
    basis, _ = torch.linalg.qr(torch.randn(tall, generator=generator))
    return functional.normalize(basis if size >= dimensions else basis.T, dim=1)


def information_directions(
    words: Tensor, size: int, dimensions: int, *, generator: torch.Generator
) -> Tensor:
    """Return (V, D) unit rows that factorise the positive pointwise mutual information of neighbouring words.

    Args:
        words: (T,) int64 training text on the CPU.
        size: of the vocabulary, V, at least D.
        dimensions: D.
        generator: of the randomised factorisation, on the CPU.

    Raises:
        ValueError: if there are fewer words than dimensions.
    """
    if size < dimensions:
        raise ValueError(f"dimensions: got {dimensions}, expected at most the {size} words of the vocabulary")
    matrix = positive_information(words, size)
    left, strength = _largest_singular(matrix, dimensions, generator)
    return _unit_rows(left * strength.sqrt(), generator)


def positive_information(words: Tensor, size: int) -> Tensor:
    """Return the sparse (V, V) float32 matrix max(0, log P(word, context) / (P(word) P(context))).

    Differs from the source: no shift; context probabilities are smoothed by SMOOTHING, as word2vec does.
    """
    centres, contexts = neighbours(words)
    pairs = torch.stack([centres, contexts])
    counts = _sparse(pairs, torch.ones(pairs.shape[1]), size)
    rows, columns = counts.indices()
    joint = counts.values().double() / counts.values().double().sum()
    word = torch.zeros(size, dtype=torch.float64).index_add_(0, rows, joint)
    context = torch.zeros(size, dtype=torch.float64).index_add_(0, columns, joint) ** SMOOTHING
    context /= context.sum()
    information = (joint / (word[rows] * context[columns])).log().clamp_min(0.0).float()
    return _sparse(counts.indices(), information, size)


def neighbours(words: Tensor) -> tuple[Tensor, Tensor]:
    """Return the (P,) centre and (P,) context words of all pairs within NEIGHBOURHOOD of each other."""
    centres, contexts = [], []
    for distance in range(1, min(NEIGHBOURHOOD, len(words) - 1) + 1):
        centres += [words[distance:], words[:-distance]]
        contexts += [words[:-distance], words[distance:]]
    return torch.cat(centres), torch.cat(contexts)


def word2vec_directions(
    words: Tensor,
    size: int,
    dimensions: int,
    *,
    generator: torch.Generator,
    epochs: int = 3,
    batch: int = 4096,
    rate: float = 0.1,
    thinning: float = 1e-3,
) -> Tensor:
    """Return (V, D) unit rows of skip-gram vectors with negative samples.

    Differs from the source: Adagrad on batches instead of plain descent word by word; the noise words are
    shared within a batch; frequent words are thinned out once, not anew in each epoch; and the mean vector is
    taken off, since all words share a large part of it (Mu & Viswanath 2018).

    Args:
        words: (T,) int64 training text on the CPU.
        size: of the vocabulary, V.
        dimensions: D.
        generator: of starting values, order and negative samples, on the CPU.
        epochs: passes over all pairs.
        batch: pairs per update.
        rate: Adagrad's learning rate.
        thinning: share of the text above which a word is dropped at random, each time with probability
            1 - sqrt(thinning / share); 1 keeps all.
    """
    counts = torch.from_numpy(word_counts(words, size)).double()
    kept = (thinning * len(words) / counts[words]).sqrt() > torch.rand(len(words), generator=generator)
    centres, contexts = neighbours(words[kept])
    frequency = counts**SMOOTHING
    bound = 0.5 / dimensions
    vectors = torch.empty(size, dimensions).uniform_(-bound, bound, generator=generator).requires_grad_()
    outputs = torch.zeros(size, dimensions, requires_grad=True)
    optimizer = torch.optim.Adagrad([vectors, outputs], lr=rate)
    for _ in range(epochs):
        for chosen in torch.randperm(len(centres), generator=generator).split(batch):
            noise = torch.multinomial(frequency, SHARED_SAMPLES, replacement=True, generator=generator)
            optimizer.zero_grad()
            _skip_gram_loss(vectors, outputs, centres[chosen], contexts[chosen], noise).backward()
            optimizer.step()
    vectors = vectors.detach()
    return _unit_rows(vectors - vectors.mean(0), generator)


def _skip_gram_loss(
    vectors: Tensor, outputs: Tensor, centres: Tensor, contexts: Tensor, noise: Tensor
) -> Tensor:
    """Return the mean loss of (P,) pairs against (S,) shared noise words, weighted as NEGATIVE_SAMPLES."""
    inner = functional.embedding(centres, vectors)
    true = (inner * functional.embedding(contexts, outputs)).sum(1)
    false = inner @ functional.embedding(noise, outputs).T
    return -functional.logsigmoid(true).mean() - NEGATIVE_SAMPLES * functional.logsigmoid(-false).mean()


def _sparse(places: Tensor, values: Tensor, size: int) -> Tensor:
    """Return the sparse (V, V) matrix with the sums of (P,) values at (2, P) places."""
    return torch.sparse_coo_tensor(places, values, (size, size), check_invariants=True).coalesce()


def _largest_singular(matrix: Tensor, rank: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return the (V, rank) left singular vectors and (rank,) values of a sparse matrix by projection."""
    width = min(rank + OVERSAMPLING, matrix.shape[0])
    transposed = matrix.t().coalesce()
    basis = torch.randn(matrix.shape[0], width, generator=generator)
    for _ in range(POWER_ITERATIONS):
        basis, _ = torch.linalg.qr(torch.sparse.mm(matrix, basis))
        basis, _ = torch.linalg.qr(torch.sparse.mm(transposed, basis))
    left, strength, _ = torch.linalg.svd(torch.sparse.mm(matrix, basis), full_matrices=False)
    return left[:, :rank], strength[:rank]


def _unit_rows(rows: Tensor, generator: torch.Generator) -> Tensor:
    """Return rows of unit length; a row of zeros, a word without neighbours, becomes a random direction."""
    empty = torch.linalg.vector_norm(rows, dim=1, keepdim=True) < 1e-12
    return functional.normalize(torch.where(empty, torch.randn(rows.shape, generator=generator), rows), dim=1)
