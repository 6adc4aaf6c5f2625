"""`run.py train KIND`: trains a learner of that kind into a run folder, or continues a run."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass, replace
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any, get_args

import tyro

from agents.cluster.address import check_cluster
from agents.commands.flags import check_tokens, flag_value, parse_flags
from agents.runs.device import DeviceName
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_choice, check_whole
from agents.runs.kinds import KINDS, config_class, get_kind, preset, preset_names
from agents.runs.seeds import parse_seeds

MAX_CHECKPOINT_EVERY = 10**9
MOST_WORKERS = 1024


@dataclass(frozen=True)
class Sharing:
    """Flags of the kinds whose games others can play; they decide speed alone, and a continued run may change
    them.

    Raises:
        ConfigError: A value is out of range.
    """

    cluster: str = ""
    """Cluster of machines that plays the games (Ray): auto is the one that `ray start` made, HOST:PORT one at
    that address, local a new one on this machine, to try it. A continued run may change it."""

    workers: int = 0
    """Processes that play the games, one batch of the network each at a time; 0 is this process alone, or, on
    a cluster, one for each free core (GPU with --device cuda). A continued run may change it."""

    def __post_init__(self) -> None:
        check_cluster(self.cluster)
        check_whole("workers", self.workers, low=0, high=MOST_WORKERS)


@dataclass(frozen=True)
class Options:
    """Flags every kind has.

    Raises:
        ConfigError: A value is out of range or two flags exclude each other.
    """

    out: str = ""
    """New folder of the run; left out, runs/KIND-TIME-SEED."""

    resume: str = ""
    """Run folder to continue; its own config holds, and a flag that differs is an error, but for more
    iterations (kr_drl, with a constant rate) or steps (rig), which make the run longer."""

    config_from: str = ""
    """Run folder or config.json whose flags serve as defaults for a new run."""

    preset: str = ""
    """Ready config whose flags serve as defaults for a new run, such as a paper's."""

    seed: int = 0
    """Source of all randomness, at least 0."""

    seeds: str = ""
    """Several seeds, one run each and then their summary: 1..5 or 1,3,8..10."""

    device: DeviceName = "auto"
    """Where networks run; auto is the GPU when there is one. A continued run may change it."""

    checkpoint_every: int = 1
    """Intervals between checkpoints, at least 1; the last two stay, and the best."""

    keep_every: int = 0
    """Intervals between checkpoints that stay, such as checkpoints/step-000020.safetensors; 0 keeps none."""

    sharing: tyro.conf.Suppress[Sharing] = field(default_factory=Sharing)
    """Who plays the games; flags of some kinds alone."""

    def __post_init__(self) -> None:
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_whole("checkpoint_every", self.checkpoint_every, low=1, high=MAX_CHECKPOINT_EVERY)
        check_whole("keep_every", self.keep_every, low=0, high=MAX_CHECKPOINT_EVERY)
        check_choice("device", self.device, get_args(DeviceName))
        if self.seeds:
            parse_seeds(self.seeds)
        excluded = (("resume", "out"), ("resume", "config_from"), ("resume", "preset"))
        for one, other in (*excluded, ("config_from", "preset"), ("seeds", "seed")):
            if getattr(self, one) and getattr(self, other):
                raise ConfigError(f"{other}: got {getattr(self, other)}, expected nothing beside --{one}")

    @property
    def seed_list(self) -> list[int]:
        """The seeds asked for, at least one."""
        return parse_seeds(self.seeds) if self.seeds else [self.seed]


def main(argv: list[str]) -> int:
    """Parses the flags and trains."""
    check_tokens(argv)
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write(_manual())
        return 0
    kind, words = _split_kind(argv)
    options, config = parse(kind, words)
    return run(kind, options, config)


def parse(kind: str, words: list[str]) -> tuple[Options, Any]:
    """Builds the options and the kind's config from flags and, if named, from an earlier run.

    Raises:
        ConfigError: A flag is wrong, or differs from the run that is continued.
    """
    resumed, source = flag_value(words, "--resume"), flag_value(words, "--config-from")
    cls, ready = config_class(kind), flag_value(words, "--preset")
    if not resumed and not source:
        default = (field(default=preset(kind, ready)),) if ready else ()
        flags_class = _flags_class(kind, cls, field(default=Options()), default, preset_names(kind))
        flags = parse_flags(flags_class, words, command=f"train {kind}")
        return _with_sharing(flags), flags.config
    options, config = _defaults(kind, cls, Path(resumed or source), "resume" if resumed else "config_from")
    flags_class = _flags_class(kind, cls, field(default=options), (field(default=config),))
    flags = parse_flags(flags_class, words, command=f"train {kind}")
    if resumed:
        _refuse_changes(kind, options, config, flags)
    return _with_sharing(flags), flags.config


def run(kind: str, options: Options, config: Any) -> int:
    """Trains in this process, writing the run folder and the terminal; returns the exit code."""
    from agents.commands.actions.train import continue_training, start_training

    if options.resume:
        return continue_training(Path(options.resume), kind, config, options)
    return start_training(kind, config, options)


def _manual() -> str:
    width = max(map(len, KINDS), default=0)
    kinds = "\n".join(f"  {name:<{width}}  {kind.summary}" for name, kind in KINDS.items()) or "  (none yet)"
    return (
        "usage: run.py train KIND [flags]\n       run.py train --resume RUN\n\n"
        f"kinds (run.py train KIND --help lists the flags):\n{kinds}\n"
    )


def _split_kind(argv: list[str]) -> tuple[str, list[str]]:
    resumed = flag_value(argv, "--resume")
    if resumed and argv[0].startswith("--"):
        from agents.runs.run_folder import read_record

        return get_kind_name(read_record(Path(resumed), field_name="resume").kind), argv
    if argv and argv[0].partition("=")[0] == "--resume":
        raise ConfigError("resume: got nothing, expected a run folder")
    if not argv:
        raise ConfigError(f"kind: got nothing, expected one of {', '.join(sorted(KINDS)) or '(none yet)'}")
    return get_kind_name(argv[0]), argv[1:]


def get_kind_name(name: str) -> str:
    """Returns the name if it is in the table of kinds; raises `ConfigError` otherwise."""
    get_kind(name)
    return name


def _with_sharing(flags: Any) -> Options:
    """The options with the flags that some kinds alone have."""
    return replace(flags.options, sharing=getattr(flags, "sharing", Sharing()))


def _flags_class(
    kind: str, cls: type[Any], options: Any, config: tuple[Any, ...], presets: Sequence[str] = ()
) -> type[Any]:
    unprefixed = tyro.conf.arg(name="")
    fields = [
        ("config", Annotated[cls, unprefixed], *config),
        ("options", Annotated[Options, unprefixed], options),
    ]
    if get_kind(kind).shares_games:
        fields.append(("sharing", Annotated[Sharing, unprefixed], field(default=Sharing())))
    manual = cleandoc(cls.__doc__) + (f"\n\nPresets: {', '.join(presets)}." if presets else "")
    return make_dataclass("Train", fields, frozen=True, namespace={"__doc__": manual})


def _defaults(kind: str, cls: type[Any], path: Path, field_name: str) -> tuple[Options, Any]:
    from agents.runs.config_json import config_from_json
    from agents.runs.run_folder import read_record

    record = read_record(path, field_name=field_name)
    if record.kind != kind:
        raise ConfigError(f"kind: got {kind}, expected {record.kind}, the kind of {path}")
    check_whole("checkpoint_every", record.checkpoint_every, low=1, high=MAX_CHECKPOINT_EVERY)
    options = Options(
        device=record.device, checkpoint_every=record.checkpoint_every, keep_every=record.keep_every
    )
    if len(record.seeds) == 1:
        options = replace(options, seed=record.seeds[0])
    else:
        options = replace(options, seeds=",".join(map(str, record.seeds)))
    return options, config_from_json(cls, record.config)


def _refuse_changes(kind: str, options: Options, config: Any, flags: Any) -> None:
    from agents.runs.config_json import changed_fields
    from agents.runs.lengthening import how_to_lengthen, is_lengthened, length_of

    unseeded = {"seed": 0, "seeds": "", "resume": "", "device": "auto"}  # compared below, or free to change
    changes = changed_fields(replace(options, **unseeded), replace(flags.options, **unseeded))
    if options.seed_list != flags.options.seed_list:
        changes.append(
            ("seeds" if flags.options.seeds else "seed", options.seed_list, flags.options.seed_list)
        )
    if not is_lengthened(config, flags.config):
        changes += changed_fields(config, flags.config)
    for name, old, new in changes:
        is_length = name == length_of(config).field
        how = f"; {how_to_lengthen(Path(flags.options.resume), kind, config)}" if is_length else ""
        raise ConfigError(f"{name}: got {new}, expected {old}, because a continued run keeps its flags{how}")
