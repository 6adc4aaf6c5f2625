"""The kinds of learner `run.py train` knows: kind -> config class and builder, named, not loaded."""

from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

from agents.runs.errors import ConfigError
from agents.runs.learner import Builder


class Kind(NamedTuple):
    """One row of the table.

    Args:
        config: `module:Class` of the frozen config dataclass; the module imports only the standard library.
        build: `module:function` of the `agents.runs.learner.Builder`; its module may import anything.
        summary: One line for `run.py train --help`.
        best_metric: Name of the yielded metric that decides the `best` checkpoint; empty keeps none.
        best_is_lowest: Whether a smaller value of `best_metric` is better.
        presets: `module:table` of ready configs by name, for `--preset`; empty if the kind has none.
        evaluation: Module for `run.py evaluate` with `Config`, whose `checkpoints` are the paths and whose
            other fields the flags, and `run(config) -> int`; empty if there is nothing to evaluate.
        shares_games: Whether its learner lets others play its games (`agents.runs.learner`).
        shares_batches: Whether its learner makes updates together with other processes.
    """

    config: str
    build: str
    summary: str
    best_metric: str = ""
    best_is_lowest: bool = False
    presets: str = ""
    evaluation: str = ""
    shares_games: bool = False
    shares_batches: bool = False


KINDS: dict[str, Kind] = {
    "vision": Kind(
        config="agents.vision.config:VisionConfig",
        build="agents.vision.learner:build",
        summary="an image classifier: regularizers, fixed heads, batch schedules",
        best_metric="validation_accuracy",
        presets="agents.vision.presets:PRESETS",
        evaluation="agents.commands.evaluate_vision",
        shares_batches=True,
    ),
    "kr_dl": Kind(
        config="agents.curling.learning.supervised_config:SupervisedConfig",
        build="agents.curling.learning.supervised:build",
        summary="a curling network that learns a teacher's shots (run.py teach)",
        best_metric="validation_policy_loss",
        best_is_lowest=True,
        presets="agents.curling.learning.presets:SUPERVISED",
        shares_batches=True,
    ),
    "kr_drl": Kind(
        config="agents.curling.learning.self_play_config:SelfPlayConfig",
        build="agents.curling.learning.reinforcement:build",
        summary="a curling network that learns by self-play, after kr_dl or from nothing",
        presets="agents.curling.learning.presets:SELF_PLAY",
        shares_games=True,
    ),
    "language": Kind(
        config="agents.language.config:LanguageConfig",
        build="agents.language.learner:build",
        summary="a recurrent language model with a learned or fixed output embedding",
        presets="agents.language.presets:PRESETS",
        evaluation="agents.commands.evaluate_language",
        shares_batches=True,
    ),
    "interactions": Kind(
        config="agents.interactions.config:InteractionsConfig",
        build="agents.interactions.learner:build",
        summary="a perceptron whose weights tell which of its inputs interact",
        best_metric="validation_loss",
        best_is_lowest=True,
        presets="agents.interactions.presets:PRESETS",
        evaluation="agents.commands.evaluate_interactions",
        shares_batches=True,
    ),
    "series": Kind(
        config="agents.series.config:SeriesConfig",
        build="agents.series.learner:build",
        summary="a forecaster of asynchronous series: SOCNN and what it is compared with",
        best_metric="validation_mse",
        best_is_lowest=True,
        presets="agents.series.presets:PRESETS",
        evaluation="agents.commands.evaluate_series",
        shares_batches=True,
    ),
    "rig": Kind(
        config="agents.rig.config:RigConfig",
        build="agents.rig.learner:build",
        summary="a policy that reaches goals which it imagines itself, and its baselines",
        best_metric="total_distance",
        best_is_lowest=True,
        presets="agents.rig.presets:PRESETS",
        evaluation="agents.commands.evaluate_rig",
    ),
}


def get_kind(name: str) -> Kind:
    """Looks a kind up by name.

    Raises:
        ConfigError: There is no such kind.
    """
    if name not in KINDS:
        raise ConfigError(
            f"kind: got {name!r}, expected one of {', '.join(sorted(KINDS)) or '(none registered)'}"
        )
    return KINDS[name]


def config_class(name: str) -> type[Any]:
    """Imports and returns the config class of a kind."""
    return _load(get_kind(name).config)


def preset(kind: str, name: str) -> Any:
    """Returns the ready config of that name.

    Raises:
        ConfigError: The kind has no such preset.
    """
    table = _presets(kind)
    if name not in table:
        near = get_close_matches(name, table, n=3)
        meant = (
            f"did you mean {' or '.join(near)}?"
            if near
            else f"expected one of {', '.join(table) or '(none)'}"
        )
        raise ConfigError(f"preset: got {name[:60]!r}, {meant}")
    return table[name]


def preset_names(kind: str) -> list[str]:
    """Names of the ready configs of a kind."""
    return list(_presets(kind))


def _presets(kind: str) -> dict[str, Any]:
    reference = get_kind(kind).presets
    return _load(reference) if reference else {}


def builder(name: str) -> Builder:
    """Imports and returns the builder of a kind (this loads the heavy rooms)."""
    return _load(get_kind(name).build)


def _load(reference: str) -> Any:
    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)
