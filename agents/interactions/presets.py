"""Ready configs of interaction networks, by name; a flag given beside a preset changes that one field.

`paper_` are the networks of Tsang et al. 2018 with the schedule of the authors' first program (200 passes, no
early stopping); they want `--function` or `--dataset`. `suite_` fit all ten functions for 60 passes in
minutes on a CPU; `quick` is a function in half a minute.
"""

from dataclasses import replace

from agents.interactions.config import InteractionsConfig

_PAPER = InteractionsConfig(epochs=200)
_SUITE = InteractionsConfig(function="suite")

PRESETS: dict[str, InteractionsConfig] = {
    "quick": InteractionsConfig(function="f4", rows=5000, network="mlp_m", epochs=30),
    "paper_mlp": _PAPER,
    "paper_mlp_m": replace(_PAPER, network="mlp_m"),
    "suite_mlp": _SUITE,
    "suite_mlp_m": replace(_SUITE, network="mlp_m"),
}
