"""Tables of results: which ready configs are trained and compared, by name.

Each block of a table is compared seed by seed with its first row.
"""

from typing import NamedTuple

from agents.runs.errors import ConfigError


class ResultTable(NamedTuple):
    """One table.

    Args:
        summary: One line for people.
        kind: Kind of learner, a key of `agents.runs.kinds.KINDS`.
        blocks: Presets of that kind; the first of each block is its baseline.
        metrics: Measurements that are shown.
        margin: Differences of the first measurement up to this count as none.
        has_files: Whether the rows learn from files, whose folder must be named.
    """

    summary: str
    kind: str
    blocks: tuple[tuple[str, ...], ...]
    metrics: tuple[str, ...]
    margin: float = 0.0
    has_files: bool = True

    @property
    def presets(self) -> tuple[str, ...]:
        """The presets of all blocks."""
        return tuple(name for block in self.blocks for name in block)

    def only(self, rows: tuple[str, ...]) -> "ResultTable":
        """The table with these rows and the baselines of their blocks alone; with none, as it is.

        Raises:
            ConfigError: One is not in the table.
        """
        for name in rows:
            if name not in self.presets:
                raise ConfigError(f"rows: got {name[:60]!r}, expected some of {', '.join(self.presets)}")
        kept = (
            (block[0], *(name for name in block[1:] if name in rows))
            for block in self.blocks
            if not rows or set(rows) & set(block)
        )
        return self._replace(blocks=tuple(kept) if rows else self.blocks)

    @property
    def margins(self) -> dict[str, float]:
        """The margin by measurement."""
        return {self.metrics[0]: self.margin}


ONE_POINT = 0.01
_TEST = ("test_accuracy", "test_loss", "updates")
_GPU = (*_TEST, "seconds", "images_per_second", "peak_megabytes")
_RANKED = ("r_precision", "top_rank_recall")
_DROPPING = ("none", "stochastic_depth", "shakedrop")
_LEVELS = ("none", *(f"level_{level}" for level in ("batch", "image", "channel", "pixel")))
_RANGES = ("none", *(f"range_{name}" for name in ("0_0", "0_01", "11_01", "11_0", "11_11", "01_01")))
_RECIPES = tuple(
    f"{schedule}_{kind}_{covered}"
    for schedule in ("steps", "cosine")
    for kind in ("none", "shakedrop")
    for covered in ("plain", "cutout", "erasing")
)
_RULES = ("sgd", "nesterov", "adam")
_FORECASTERS = (
    *("socnn", "socnn_auxiliary", "clean_socnn", "cnn", "resnet", "lstm", "phased_lstm", "linear"),
)
_FORECASTS = ("test_mse", "test_mae", "persistence_mse", "var_mse")
_SHRINKING = ("decay_rate", "increase_batch", "hybrid")


def _of(prefix: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{prefix}_{name}" for name in names)


def _short(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """These rows of both networks that are trained at a shortened schedule, a block each."""
    return _of("short_wrn", names), _of("short_pyramidnet", names)


TABLES: dict[str, ResultTable] = {
    "heads": ResultTable(
        "learned and fixed classifiers on 5,000 images of MNIST (minutes on a CPU)",
        "vision",
        (_of("digits", ("learned", "orthonormal", "hadamard", "scale_10", "scale_1", "scale_0.1")),),
        ("test_accuracy", "training_accuracy", "accuracy_gap", "test_loss", "head_scale"),
        ONE_POINT,
    ),
    "head_scale": ResultTable(
        "growth of the learned scale of fixed classifiers on MNIST (minutes on a CPU)",
        "vision",
        (("digits_growth_orthonormal",), ("digits_growth_hadamard",)),
        ("head_scale", "validation_accuracy", "loss"),
        ONE_POINT,
    ),
    "schedules": ResultTable(
        "batch schedules with momentum on 5,000 images of MNIST (minutes on a CPU)",
        "vision",
        (_of("digits", _SHRINKING),),
        _TEST,
        ONE_POINT,
    ),
    "high_rates": ResultTable(
        "batch schedules that start higher in rate or momentum on MNIST (minutes on a CPU)",
        "vision",
        (_of("digits", ("decay_rate", "increased_rate", "increased_momentum")),),
        _TEST,
        ONE_POINT,
    ),
    "optimizers": ResultTable(
        "decaying rate against increasing batch with SGD, Nesterov and Adam on MNIST (minutes on a CPU)",
        "vision",
        tuple(_of(f"digits_{rule}", _SHRINKING[:2]) for rule in _RULES),
        _TEST,
        ONE_POINT,
    ),
    "optimizer_hybrids": ResultTable(
        "decaying rate against hybrid with SGD, Nesterov and Adam on MNIST (minutes on a CPU)",
        "vision",
        tuple(_of(f"digits_{rule}", _SHRINKING[::2]) for rule in _RULES),
        _TEST,
        ONE_POINT,
    ),
    "rates": ResultTable(
        "decaying rate against increasing batch at lower and higher rates on MNIST (minutes on a CPU)",
        "vision",
        tuple(_of(f"digits_rate_{rate}", _SHRINKING[:2]) for rate in ("0.025", "0.4")),
        _TEST,
        ONE_POINT,
    ),
    "embeddings": ResultTable(
        "output embeddings of a language model, from WikiText-2's validation to its test text (CPU)",
        "language",
        (_of("small", ("learned", "random", "pmi", "word2vec")),),
        ("test_perplexity", "test_loss"),
    ),
    "wide_embeddings": ResultTable(
        "output embeddings of a language model of 512 states, on the texts of `embeddings` (GPU)",
        "language",
        (_of("valid", ("learned", "random", "pmi", "word2vec")),),
        ("test_perplexity", "test_loss"),
    ),
    "paper_embeddings": ResultTable(
        "output embeddings of a language model of 512 states on WikiText-2 (GPU)",
        "language",
        (_of("wikitext", ("learned", "random", "pmi", "word2vec")),),
        ("test_perplexity", "test_loss"),
    ),
    "interactions": ResultTable(
        "interactions found by MLP and MLP-M in the synthetic functions F1 to F10 (minutes on a CPU)",
        "interactions",
        (("suite_mlp", "suite_mlp_m"),),
        ("pair_auc", *(f"f{number}_pair_auc" for number in range(1, 11)), *_RANKED, "test_rmse"),
        ONE_POINT,
        has_files=False,
    ),
    "forecasting": ResultTable(
        "SOCNN, its comparison set and its leak, on artificial series and a household's power (CPU)",
        "series",
        (_of("quick_async16", _FORECASTERS), _of("quick_household", _FORECASTERS)),
        _FORECASTS,
    ),
    "paper_forecasting": ResultTable(
        "the same at full length, on the four artificial series of Binkowski et al. 2018 and a household's",
        "series",
        tuple(_of(name, _FORECASTERS) for name in ("sync16", "sync64", "async16", "async64", "household")),
        _FORECASTS,
    ),
    "regularizers": ResultTable(
        "none, stochastic depth, ShakeDrop and Shake-Shake on CIFAR-10, 30 epochs (GPU)",
        "vision",
        (*_short(_DROPPING), _of("short_branches", ("none", "shake_shake"))),
        _GPU,
        ONE_POINT,
    ),
    "ranges": ResultTable(
        "ranges of ShakeDrop's alpha and beta on CIFAR-10, 30 epochs (GPU)",
        "vision",
        _short(_RANGES),
        _GPU,
        ONE_POINT,
    ),
    "levels": ResultTable(
        "levels of ShakeDrop's coefficients on CIFAR-10, 30 epochs (GPU)",
        "vision",
        _short(_LEVELS),
        _GPU,
        ONE_POINT,
    ),
    "recipes": ResultTable(
        "with and without ShakeDrop: steps or cosine, cutout or random erasing, on CIFAR-10, 30 epochs (GPU)",
        "vision",
        _short(_RECIPES),
        _GPU,
        ONE_POINT,
    ),
    "paper_schedules": ResultTable(
        "the five schedules of Smith et al. 2018 at full length on CIFAR-10 (GPU)",
        "vision",
        (_of("noise", (*_SHRINKING, "increased_rate", "increased_momentum")),),
        _GPU,
        ONE_POINT,
    ),
    "paper_heads": ResultTable(
        "learned and fixed classifiers of Hoffer et al. 2018 at full length on CIFAR-10 (GPU)",
        "vision",
        (_of("fixed", ("learned", "orthonormal", "hadamard")),),
        _GPU,
        ONE_POINT,
    ),
    "paper_shakedrop": ResultTable(
        "PyramidNet-110 of Yamada et al. 2019 at full length on CIFAR-100 (GPU-days)",
        "vision",
        (
            _of(
                "pyramidnet",
                ("none", "stochastic_depth", *_of("shakedrop", ("batch", "image", "channel", "pixel"))),
            ),
        ),
        _GPU,
        ONE_POINT,
    ),
    "paper_shake_shake": ResultTable(
        "modes of Shake-Shake of Gastaldi 2017 at full length on CIFAR-10 (GPU-days)",
        "vision",
        (
            (
                "shake_even_even",
                "shake_shake_image",
                "shake_shake_batch",
                "shake_even_image",
                "shake_keep_image",
                "even_shake_image",
            ),
        ),
        _GPU,
        ONE_POINT,
    ),
}


def get_table(name: str) -> ResultTable:
    """Looks a table up by name.

    Raises:
        ConfigError: There is no such table.
    """
    if name not in TABLES:
        raise ConfigError(f"name: got {name[:60]!r}, expected one of {', '.join(TABLES)}")
    return TABLES[name]
