"""The flags of every command and kind, from their config dataclasses, and values that should not pass."""

import dataclasses
from importlib import import_module
from typing import Any, NamedTuple, get_args, get_type_hints

import tyro

import run
from agents.commands.train import Options
from agents.curling.player_tokens import pretrained_path
from agents.runs.kinds import KINDS, config_class

BAD_VALUES = (
    *("nan", "inf", "-1", "0", "1e300", "", "None", "no such thing", "[1, 2]", "\N{SNOWMAN}", "x" * 5000),
)
FREE_TEXT = {"None", "no such thing", "[1, 2]", "\N{SNOWMAN}", "nan", "inf", "0", "-1", "1e300"}
"""What a text field (a path, a name) may take; a check of its own may still refuse it."""

FROM_ZERO: dict[str, set[str]] = {
    "train": {"seed", "keep_every"},
    "train tiny": {"pause", "poison_at"},
    "train vision": {
        *("train_images", "validation_images", "data_seed", "momentum", "raised_momentum", "warmup_epochs"),
        *("weight_decay", "second_decay", "label_smoothing", "clip", "average_half_life", "micro_batch"),
        *("keep", "ghost_batch", "augment.crop_padding", "augment.cutout", "augment.erase_probability"),
    },
    "train kr_dl": {
        *("pairs", "value_weight", "momentum", "warmup_epochs", "weight_decay", "second_decay", "clip"),
    },
    "train kr_drl": {
        *("warm_shots", "search_share", "value_weight", "momentum", "weight_decay", "second_decay", "clip"),
        *("exploration", "gate_every", "least"),
    },
    "train language": {"dropout", "clip"},
    "train interactions": {"l1"},
    "train series": {"data_seed", "max_norm", "auxiliary", "dropout", "clip"},
    "train rig": {
        "points",
        *("skew", "warmup_steps", "horizon", "beta", "beta_warmup", "finetune_every", "discount", "noise"),
        *("noise_memory", "target_noise", "target_clip", "random_actions"),
    },
    "evaluate vision": {"images", "seed"},
    "evaluate language": {"seed"},
    "evaluate interactions": {"seed", "cutoff"},
    "evaluate series": {"seed", "start"},
    "evaluate rig": {"seed", "horizon"},
    "reach": {"goal", "seed", "steps"},
    "latents": {"points", "beta", "seed"},
    "bench": {"seed"},
    "compare": {"within"},
    "demo": {"seed"},
    "match": {"seed"},
    "teach": {"explore", "seed", "workers"},
    "tournament": {"seed", "move_seconds", "workers"},
    "play": {"seed"},
    "connect": {"concede", "wait_seconds", "seed"},
    "serve": {"port", "seed"},
    "analyse": {"seed", "shot"},
    "canaries": {"seed"},
    "explain": {"own", "other", "l1", "seed"},
    "strategy": {"games", "seed"},
    "shots": {"contact_quantum", "protected_shots", "seed"},
    "schedule": {"base.momentum", "base.raised_momentum", "base.warmup_epochs"},
}
"""Owner -> its numeric fields for which 0 is good; the other numbers in `BAD_VALUES` are always bad."""

REQUIRED_WORDS: dict[str, list[str]] = {
    "compare": ["."],
    "table": ["heads", "--data", "."],
    "evaluate vision": ["--data", ".", "."],
    "evaluate language": ["--data", ".", "."],
    "evaluate interactions": ["."],
    "evaluate series": ["."],
    "evaluate rig": ["."],
    "reach": ["."],
    "bench": ["curling"],
    "match": ["drawer", "drawer"],
    "tournament": ["drawer", "rules"],
    "serve": ["external", "drawer"],
    "analyse": ["--position", __file__],
    "canaries": ["drawer"],
    "render": [__file__],
    "export": [str(pretrained_path("kr_dl")), "network.safetensors"],
}
"""Command -> words without which its flags cannot be tried alone."""


class Flag(NamedTuple):
    """One flag.

    Args:
        command: `envs`, `train KIND` or `evaluate KIND`.
        owner: Key of `FROM_ZERO`.
        name: Field name, dotted when nested.
        hint: Type of the field.
        positional: Whether it has no `--name`.
    """

    command: str
    owner: str
    name: str
    hint: Any
    positional: bool

    def words(self, value: str) -> list[str]:
        """The command line that gives this flag a value."""
        base = [*self.command.split(), *REQUIRED_WORDS.get(self.command, [])]
        return [*base, value] if self.positional else [*base, f"--{self.name.replace('_', '-')}", value]

    def may_take(self, value: str) -> bool:
        """Whether accepting the value is right."""
        if value == "0" and self.name in FROM_ZERO.get(self.owner, ()):
            return True
        if value == "None" and type(None) in get_args(self.hint):
            return True
        return self.hint in (str, tuple[str, ...], str | None) and value in FREE_TEXT


def flags_of(command: str, owner: str, cls: type[Any], prefix: str = "") -> list[Flag]:
    """Lists the flags of one config class."""
    bare, marked = get_type_hints(cls), get_type_hints(cls, include_extras=True)
    positional = tyro.conf.Positional[int].__metadata__[0]
    found = []
    for field in dataclasses.fields(cls):
        hint, name = bare[field.name], f"{prefix}{field.name}"
        if dataclasses.is_dataclass(hint):
            found += flags_of(command, owner, hint, f"{name}.")
        else:
            marks = getattr(marked[field.name], "__metadata__", ())
            found.append(Flag(command, owner, name, hint, positional in marks))
    return found


def all_flags() -> list[Flag]:
    """Lists the flags of every command and every registered kind."""
    found = []
    for command, row in run.COMMANDS.items():
        if command not in ("train", "evaluate"):
            found += flags_of(command, command, import_module(row.module).Config)
    for kind, row in KINDS.items():
        if row.evaluation:
            owner = f"evaluate {kind}"
            found += flags_of(owner, owner, import_module(row.evaluation).Config)
        found += flags_of(f"train {kind}", f"train {kind}", config_class(kind))
    return found + flags_of(f"train {next(iter(KINDS))}", "train", Options)
