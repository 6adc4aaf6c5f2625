"""The words that name curling players on the command line; loads nothing heavy.

A word is a name (`rules`, a pretrained network), a search without a network (`kr_uct`; `kr_uct_paper` has the
paper's constants) with `+mes` or without, or says how to search with which network:
`[SEARCH][+mes]:NETWORK`, where NETWORK is a pretrained name, a checkpoint file or a run folder. A file or
folder alone means `kr_dl_uct_executed` with it; `./NAME` means one that is called like a player. With `+mes`
the search ranks shots by the chance to win the game instead of by the expected score of the end.
"""

import difflib
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

from agents.runs.checkpoint_paths import SUFFIX, resolve
from agents.runs.errors import ConfigError

SCRIPTED = ("random", "drawer", "rules")
WITHOUT_NETWORK = {"kr_uct": "kr_uct_executed", "kr_uct_paper": "kr_uct", "uct": "uct"}
"""Word -> search."""
WITH_NETWORK = ("kr_dl_uct_executed", "kr_dl_uct", "kr_dl_uct_public", "dl_uct", "policy")
DEFAULT_SEARCH = WITH_NETWORK[0]
MES = "+mes"
PRETRAINED = Path(__file__).parent / "pretrained"
PRETRAINED_MES = "_mes"  # NAME_mes is the pretrained network NAME searched with +mes
LONGEST_TOKEN = 1000


@dataclass(frozen=True)
class PlayerToken:
    """What a player's word means.

    Args:
        text: the word.
        search: how it chooses shots; a name of `SCRIPTED` or `WITH_NETWORK`, or a value of `WITHOUT_NETWORK`.
        utility: what its search maximises: the score of the end or the chance to win the game.
        network: checkpoint file; None for players without one.
        content: of that file, for machines that do not have it; None where it is read when it is needed.
    """

    text: str
    search: str
    utility: Literal["score", "winning"] = "score"
    network: Path | None = None
    content: bytes | None = field(default=None, repr=False)

    def packed(self) -> "PlayerToken":
        """The same with the content of its file.

        Raises:
            OSError: the file cannot be read.
        """
        return self if self.network is None else replace(self, content=self.network.read_bytes())

    @property
    def scripted(self) -> bool:
        """Whether it neither searches nor learns."""
        return self.search in SCRIPTED

    @property
    def name(self) -> str:
        """The word without what it says about searching."""
        return self.text.rpartition(":")[2]

    @property
    def shadowed(self) -> Path | None:
        """A checkpoint of the working folder that the name does not mean, though it is its own; `./NAME`
        would."""
        found = resolve(Path(self.name)) if Path(self.name).name == self.name else None
        return None if found == self.network else found

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its network's file, or an empty text: a continued tournament needs the same players.

        Raises:
            OSError: the file cannot be read.
        """
        return "" if self.network is None else sha256(self.network.read_bytes()).hexdigest()


def check_token(token: str, field: str = "player") -> PlayerToken:
    """Says what a player's word means.

    Args:
        token: the word.
        field: what errors call it.

    Raises:
        ConfigError: no player is called so.
    """
    if len(token) > LONGEST_TOKEN:
        raise ConfigError(f"{field}: got {len(token)} characters, expected {LONGEST_TOKEN} at most")
    prefix, colon, network = token.partition(":")
    search, mes, rest = prefix.partition(MES)
    utility = "winning" if mes else "score"
    if colon and not rest and search in ("", *WITH_NETWORK):
        file, utility = _network(network, utility)
        if file is not None:
            return PlayerToken(token, search or DEFAULT_SEARCH, utility, file)
    elif not colon and not rest and search in WITHOUT_NETWORK:
        return PlayerToken(token, WITHOUT_NETWORK[search], utility)
    elif token in SCRIPTED:
        return PlayerToken(token, token)
    file, utility = _network(token, "score")
    if file is None:
        raise ConfigError(f"{field}: got {token[:200]!r}, expected {_expected(token)}")
    return PlayerToken(token, DEFAULT_SEARCH, utility, file)


def pretrained_names() -> list[str]:
    """Names of the networks that ship with the program."""
    return sorted(path.stem for path in PRETRAINED.glob(f"*{SUFFIX}"))


def player_names() -> list[str]:
    """Every name of a player, the network's file or folder and what stands before a colon apart."""
    pretrained = pretrained_names()
    return [*SCRIPTED, *WITHOUT_NETWORK, *pretrained, *(f"{name}{PRETRAINED_MES}" for name in pretrained)]


def network_file(word: str, field: str) -> Path:
    """The file of the network that a word means: a pretrained name, a file or a folder, or a player with one.

    Args:
        word: the word.
        field: what errors call it.

    Raises:
        ConfigError: it means none.
    """
    known = f"{', '.join(pretrained_names())}, a checkpoint file or a run folder"
    try:
        file = check_token(word, field).network
    except ConfigError as error:
        raise ConfigError(f"{field}: got {word[:200]!r}, expected {known}") from error
    if file is None:
        raise ConfigError(f"{field}: got {word}, which has no network, expected {known}")
    return file


def pretrained_path(name: str) -> Path:
    """The file of the pretrained network of this name."""
    return PRETRAINED / f"{name}{SUFFIX}"


def _network(name: str, utility: str) -> tuple[Path | None, str]:
    """The checkpoint file that a network's name means, or None; and the utility that the name implies."""
    base = name.removesuffix(PRETRAINED_MES)
    for stem, meant in ((name, utility), (base, "winning")):
        if stem in pretrained_names():
            return pretrained_path(stem), meant
    return resolve(Path(name)) if name else None, utility


def _expected(token: str) -> str:
    """What would have been right, with the nearest name as a hint."""
    names = player_names()
    near = difflib.get_close_matches(token, names, n=1)
    networks = "FILE" if not pretrained_names() else "FILE or NAME"
    return f"{', '.join(names)}, a checkpoint file, a run folder or SEARCH:{networks}" + (
        f" (did you mean {near[0]}?)" if near else ""
    )
