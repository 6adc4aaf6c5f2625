"""The learner of kind `kr_drl`: a network improves on the search that it guides (Lee et al., ICML 2018).

An interval: the playing network's search plays games against itself; their positions join the latest ones;
updates draw from these. Without a gate the newest network plays. With one, the best plays, and from time to
time a match decides whether the new one takes its place (`gate.py`).
"""

import copy
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.curling.games.game_log import GameLog
from agents.curling.games.lockstep_games import game_seed
from agents.curling.learning.gate import GateConfig, gated_match
from agents.curling.learning.lessons import PolicyValueLoss
from agents.curling.learning.replay import Replay
from agents.curling.learning.self_play import PlayedGames, hammer_points, play_ends, self_play_world
from agents.curling.learning.self_play_config import SelfPlayConfig
from agents.curling.learning.self_play_workers import SelfPlayWorkers
from agents.curling.networks.models import load_network, weights_hash
from agents.curling.networks.policy_value import PolicyValueNetwork, build_network
from agents.curling.player_tokens import network_file
from agents.curling.search.evaluator import laid_out
from agents.curling.search.search_player import SearchPlayer
from agents.curling.seeds import seed_of
from agents.curling.winning import POINTS
from agents.runs.config_json import changed_fields
from agents.runs.errors import ConfigError
from agents.runs.random_state import numpy_state, restore_numpy
from agents.runs.workers import StartCrew
from envs.curling.conditions import build_world
from vision.fit import Fit
from vision.schedules import Setting, setting_at

GATE_EVENT = "two_ends"
DRAWN, GATE = 1, 2  # streams of the run's seed


class SelfPlayLearner:
    """A network on its way through a run.

    Args:
        config: see `SelfPlayConfig`.
        network: to start from, unless the config names another.
        seed: decides games, batches and matches.
        device: "cpu" or "cuda".
    """

    def __init__(
        self, config: SelfPlayConfig, network: PolicyValueNetwork, *, seed: int, device: str
    ) -> None:
        self.config, self.network = config, laid_out(network, device)  # before updates are captured
        self._seed, self._device = seed, device
        loss = PolicyValueLoss(config.value_weight)
        self._fit = Fit(network, loss, _no_fetch, config.keep, config.fit, seed=seed, device=device)
        self._best = copy.deepcopy(network) if config.gate_every else network
        world = self_play_world(config)
        self._player = SearchPlayer(config.player, world, self._best, device=device)
        self._replay = Replay(
            config.keep, self._player.grid, search_share=config.search_share, mirror=config.mirror
        )
        self._rng = np.random.default_rng((seed, DRAWN))
        self._done = 0
        self._workers: SelfPlayWorkers | None = None

    @contextmanager
    def games_shared(self, start: StartCrew) -> Iterator[None]:
        """While open, workers play the games of the intervals, which are the same games; the matches of the
        gate stay here.

        Args:
            start: starts the workers.
        """
        with closing(SelfPlayWorkers(self.config, self._seed, self._device, start)) as self._workers:
            yield
        self._workers = None

    def train(self) -> Iterator[dict[str, float]]:
        """Train to the end; see `agents.runs.learner.Learner.train`.

        Raises:
            ConfigError, StorageError: the network to start from, or the file for the games, is not what it
                should be.
            NonFiniteError: in the update that meets a loss or gradient that is not finite.
        """
        config = self.config
        if config.start and not self._done:
            self._start_from(_start_weights(config))
        with self._log() if config.log else nullcontext() as log:
            while self._done < config.iterations:
                played = self._play()
                if log:
                    log.append(played.records, weights_hash(self._best.state_dict()))
                measured = self._learn() | _figures(played)
                self._done += 1
                if config.gate_every and self._done % config.gate_every == 0:
                    measured |= self._pass_gate()
                yield measured | {
                    "games": float(self._done * config.games),
                    "replay": float(len(self._replay)),
                }

    def state_dict(self) -> dict[str, Any]:
        """Networks, the loop's state, the positions to learn from, and how their ends fell.

        `hammer_points` counts the ends by the points of the team with the hammer, from -8 to 8: what
        `agents.curling.winning` makes its table from. Only the ends of the positions kept count, since those
        of a weaker network before them fell otherwise.
        """
        fit = self._fit.state_dict()
        return {
            "network": fit.pop("model"),
            "best": dict(self._best.state_dict()) if self.config.gate_every else {},
            "fit": fit,
            "replay": self._replay.state_dict(),
            "rng": numpy_state(self._rng),
            "done": self._done,
            "hammer_points": self._replay.hammer_points(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: it is of another config.
        """
        self._fit.load_state_dict({**state["fit"], "model": state["network"]})
        if self.config.gate_every:
            self._best.load_state_dict(dict(state["best"]))
        self._replay.load_state_dict(state["replay"])
        restore_numpy(self._rng, state["rng"])
        self._done = int(state["done"])

    def _start_from(self, weights: Mapping[str, torch.Tensor]) -> None:
        self.network.load_state_dict(weights)
        self._best.load_state_dict(weights)

    def _log(self) -> GameLog:
        """The file for the games, with those played so far."""
        games, seed = self.config.games, game_seed(self._seed, 0)
        return GameLog(Path(self.config.log), self._done * games, seed=seed, interval=games)

    def _play(self) -> PlayedGames:
        """Games of the playing network, whose positions are kept."""
        first = self._done * self.config.games
        numbers = range(first, first + self.config.games)
        self._best.eval()
        if self._workers is None:
            played = play_ends(self._player, self.config, self._seed, numbers)
        else:
            played = self._workers.play(self._best.state_dict(), numbers)
        self._replay.add(played.examples)
        return played

    def _learn(self) -> dict[str, float]:
        """The interval's updates; means of what they measured, nothing while positions are too few."""
        config = self.config
        if len(self._replay) < config.least:
            return {}
        plan = setting_at(config.fit.plan, self._done / config.iterations)
        setting = Setting(plan.rate, plan.momentum, config.batch)
        sums: dict[str, float] = {}
        for _ in range(config.updates):
            batch = self._replay.draw(config.batch, self._rng, self._device)
            for name, value in self._fit.step(batch, setting).items():
                sums[name] = sums.get(name, 0.0) + value / config.updates
        return sums | {"rate": setting.rate}

    def _pass_gate(self) -> dict[str, float]:
        """A match of the new network against the best, which it may replace."""
        config = self.config
        world = build_world(config.ice, config.noise, GATE_EVENT)
        new, best = (
            SearchPlayer(config.gate_player, world, network, device=self._device)
            for network in (self.network, self._best)
        )
        seed = int(seed_of(self._seed, GATE, self._done)) >> 1
        gate = GateConfig(games=config.gate_games, elo=config.gate_elo)
        verdict, score = gated_match(
            world, new, best, gate, seed, at_once=min(config.games, config.gate_games)
        )
        if verdict == "promoted":
            self._best.load_state_dict(self.network.state_dict())
        share = (score.wins + score.draws / 2) / sum(score)
        return {
            "promoted": float(verdict == "promoted"),
            "gate_undecided": float(verdict == "undecided"),
            "gate_share": share,
            "gate_games": float(sum(score)),
        }


def build(config: SelfPlayConfig, *, seed: int, device: str) -> SelfPlayLearner:
    """Build the learner of kind `kr_drl`; see `agents.runs.learner.Builder`."""
    network = build_network(config.network, generator=torch.Generator().manual_seed(seed))
    return SelfPlayLearner(config, network, seed=seed, device=device)


def _start_weights(config: SelfPlayConfig) -> Mapping[str, torch.Tensor]:
    """Weights of the network that `config.start` names.

    Raises:
        ConfigError: it has none, or not of the config's network.
    """
    loaded = load_network(network_file(config.start, "start"), "cpu")
    changes = changed_fields(loaded.config, config.network, "network.")
    if changes:
        differ = "; ".join(f"{name}: got {new}, expected {old}" for name, old, new in changes)
        raise ConfigError(f"{differ}, as --start {config.start} has it")
    return loaded.network.state_dict()


def _figures(played: PlayedGames) -> dict[str, float]:
    """What the games of an interval were like."""
    examples, counts = played.examples, hammer_points(played.records)
    found = examples["found"] @ POINTS.astype(np.float32)
    shares = examples["shares"]
    return {
        "hammer_points": float(counts @ POINTS / counts.sum()),
        "blank_ends": float(counts[POINTS == 0].sum() / counts.sum()),
        "search_points_error": float(np.abs(found - examples["score"]).mean()),
        "target_entropy": float(-(shares * np.log(np.maximum(shares, 1e-30))).sum(1).mean()),
    }


def _no_fetch(indices: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    """Batches come from the replay: see `SelfPlayLearner._learn`."""
    raise ValueError("fetch: the loop's own order was asked for, expected batches of the replay")
