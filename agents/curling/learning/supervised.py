"""The learner of kind `kr_dl`: a policy and value network learns a teacher's shots (Lee et al., ICML 2018).

The policy learns the teacher's shot as one cell of the grid. The value learns, as in section 5.1 of the
paper, what the network itself says of the position after a short rollout; it says so anew after every
interval. In the first interval, when it knows nothing yet, the games' own outcomes stand in.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from agents.curling.learning.lessons import (
    LessonBatches,
    Lessons,
    PolicyValueLoss,
    grid_of,
    lessons_of,
    measure,
)
from agents.curling.learning.pair_files import read_pairs
from agents.curling.learning.supervised_config import SupervisedConfig
from agents.curling.networks.conditions import Conditions
from agents.curling.networks.policy_value import build_network
from vision.fit import Fit
from vision.processes import Processes


class SupervisedLearner:
    """A network on its way through a run.

    Args:
        config: see `SupervisedConfig`.
        training, validation: what it learns from and is measured on, on the device.
        data_hash: SHA-256 of the pairs, for the checkpoint's reader.
        conditions: of the pairs, likewise.
        seed: of the weights, the order and the mirroring.
        device: "cpu" or "cuda".
    """

    def __init__(
        self,
        config: SupervisedConfig,
        training: Lessons,
        validation: Lessons,
        *,
        data_hash: str,
        conditions: Conditions,
        seed: int,
        device: str,
    ) -> None:
        self.config = config
        self.network = build_network(config.network, generator=torch.Generator().manual_seed(seed))
        self._training, self._validation = training, validation
        self._batches = LessonBatches(training, mirror=config.mirror)
        self._fit = Fit(
            self.network,
            PolicyValueLoss(config.value_weight),
            self._batches,
            len(training),
            config.fit,
            seed=seed,
            device=device,
        )
        self._conditions = conditions
        self._data = {"pairs": len(training), "validation_pairs": len(validation), "sha256": data_hash}

    def share(self, processes: Processes) -> None:
        """Make the updates together with other processes; see `vision.fit.Fit.share`."""
        self._fit.share(processes)

    def train(self) -> Iterator[dict[str, float]]:
        """Train to the end of the schedule; see `vision.fit.Fit.train` for what is raised."""
        self._judge_rollouts()
        for report in self._fit.train():
            yield report | measure(self.network, self._validation)
            self._judge_rollouts()

    def state_dict(self) -> dict[str, Any]:
        """The network's weights, the rest of the loop's state, what the pairs were and their conditions."""
        fit = self._fit.state_dict()
        parts = {"network": fit.pop("model"), "fit": fit, "data": dict(self._data)}
        return parts | {"conditions": self._conditions._asdict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: the state is of other pairs or another network.
        """
        for name, value in self._data.items():
            if state["data"].get(name) != value:
                raise ValueError(
                    f"data {name}: got {value}, expected {state['data'].get(name)} as in the run"
                )
        self._fit.load_state_dict({**state["fit"], "model": state["network"]})

    def _judge_rollouts(self) -> None:
        """Set the value's targets; they follow from the weights, so a continued run finds the same."""
        if self.config.value_target == "rollout" and self._fit.updates and not self._fit.finished:
            self._batches.values = self._training.rollout_values(self.network)


def build(config: SupervisedConfig, *, seed: int, device: str) -> SupervisedLearner:
    """Build the learner of kind `kr_dl`; see `agents.runs.learner.Builder`."""
    if not config.data:
        raise ValueError("data: got nothing, expected a folder of pairs, as run.py teach writes it")
    teaching, pairs = read_pairs(Path(config.data), most=config.pairs)
    held_out = pairs["game"] % config.validation_every == 0
    if held_out.all() or not held_out.any():
        raise ValueError(
            f"pairs: got {len(pairs)} with {held_out.sum()} held out, expected some to learn and to measure"
        )
    grid, space = grid_of(teaching)
    training, validation = (
        lessons_of(part, grid, space, device) for part in (pairs[~held_out], pairs[held_out])
    )
    conditions = Conditions(teaching.ice, teaching.noise)
    return SupervisedLearner(
        config,
        training,
        validation,
        data_hash=_hash(pairs),
        conditions=conditions,
        seed=seed,
        device=device,
    )


def _hash(pairs: NDArray) -> str:
    return hashlib.sha256(pairs.tobytes()).hexdigest()
