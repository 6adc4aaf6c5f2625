"""The published searches as configs: KR-DL-UCT (and ours), KR-UCT, and their counterparts without a kernel.

Sources: Lee et al., ICML 2018, and the code its authors published (github.com/leekwoon/KR-DL-UCT); Yee et
al., IJCAI 2016. Constants that depend on the world (kernel scales) come from the caller.
"""

from collections.abc import Callable
from dataclasses import replace

from planners.config import KernelConfig, SearchConfig

PAPER_EXPLORATION, PAPER_CANDIDATES, PAPER_SIMULATIONS = 0.1, 20, 400
PUBLIC_EXPLORATION, PUBLIC_SIMULATIONS, PUBLIC_DEPTH = 0.03, 1000, 2
PUBLIC_WIDENING = 0.1  # so that a node of n visits has about sqrt(10 n) actions
PUBLIC_SAMPLES, PUBLIC_REACH = 3, 2.0
KR_UCT_EXPLORATION, KR_UCT_LOWER_BOUND, KR_UCT_SIMULATIONS = 1.0, 0.001, 1600
KR_UCT_SAMPLES, KR_UCT_LEAST, KR_UCT_CANDIDATES = 10, 0.02, 30
EXECUTED_EXPLORATION, EXECUTED_CANDIDATES = 0.5, 40  # of `kr_uct_executed`
DL_UCT_EXPLORATION = 1.0
DL_UCT_CANDIDATES = 128


def kr_dl_uct(kernel: KernelConfig) -> SearchConfig:
    """Kernel regression with a policy and a value network, with the constants of the paper of 2018.

    With its rule of widening (the square root of the visits against the number of actions), its 20 candidates
    and its 400 simulations, widening only starts where a longer search would go on.

    Differs from the paper: it does not say how many samples near the selected action are compared; we take
    the 10 of its predecessor (KR-UCT).
    """
    return SearchConfig(
        kernel,
        simulations=PAPER_SIMULATIONS,
        exploration=PAPER_EXPLORATION,
        candidates=PAPER_CANDIDATES,
        widening=1.0,
        widening_samples=KR_UCT_SAMPLES,
    )


def kr_dl_uct_public(kernel: KernelConfig) -> SearchConfig:
    """The same with the constants of the authors' published code.

    Differs from the public code: a new action's kernel sums are exact, where that code starts them from its
    neighbours' regressed values without their visits.
    """
    return replace(
        kr_dl_uct(kernel),
        simulations=PUBLIC_SIMULATIONS,
        exploration=PUBLIC_EXPLORATION,
        widening=PUBLIC_WIDENING,
        widening_samples=PUBLIC_SAMPLES,
        widening_shape="ellipse",
        widening_reach=PUBLIC_REACH,
        widening_density="actions",
        max_depth=PUBLIC_DEPTH,
    )


def kr_dl_uct_executed(kernel: KernelConfig) -> SearchConfig:
    """The paper's search, which knows what becomes of the last action: ours.

    With the paper's constants a search hardly widens, so that an action which ends the episode is judged by
    what it would do without noise. Here it is executed with noise at every visit, and there the search widens
    as the public code does everywhere.
    """
    return replace(kr_dl_uct(kernel), execute_last=True, widening_last=PUBLIC_WIDENING)


def kr_uct(kernel: KernelConfig) -> SearchConfig:
    """Kernel regression with generated candidates and rollouts (`rollout.py`): the paper of 2016.

    Differs from the paper: each node takes at most as many candidates as the paper's generator made at most.
    """
    return SearchConfig(
        kernel,
        simulations=KR_UCT_SIMULATIONS,
        exploration=KR_UCT_EXPLORATION,
        candidates=KR_UCT_CANDIDATES,
        candidate_choice="best",
        widening=1.0,
        widening_samples=KR_UCT_SAMPLES,
        widening_least=KR_UCT_LEAST,
        execute_candidates=True,
        final="lower_bound",
        final_exploration=KR_UCT_LOWER_BOUND,
    )


def kr_uct_executed(kernel: KernelConfig) -> SearchConfig:
    """The same, which knows what becomes of the last action, as `kr_dl_uct_executed` does: ours.

    It explores half as much, and takes more candidates: at a few hundred simulations the paper's constants
    see neither what noise does to a last action nor enough of what there is to do.
    """
    return replace(
        kr_uct(kernel),
        exploration=EXECUTED_EXPLORATION,
        candidates=EXECUTED_CANDIDATES,
        execute_last=True,
        widening_last=PUBLIC_WIDENING,
    )


def dl_uct(kernel: KernelConfig) -> SearchConfig:
    """PUCT over the policy's discrete actions, no kernel: what the paper of 2018 compares itself with.

    Differs from the paper: each node considers the actions of highest prior only; those beyond them could
    not be reached within the budget unless the prior is almost flat.
    """
    return SearchConfig(
        _without(kernel),
        simulations=PAPER_SIMULATIONS,
        selection="puct",
        exploration=DL_UCT_EXPLORATION,
        candidates=DL_UCT_CANDIDATES,
        candidate_choice="best",
        widening=0.0,
    )


def uct(kernel: KernelConfig) -> SearchConfig:
    """UCB over generated candidates, no kernel and no widening."""
    return replace(
        kr_uct(kernel), kernel=_without(kernel), widening=0.0, execute_candidates=False, final="weight"
    )


def _without(kernel: KernelConfig) -> KernelConfig:
    return replace(kernel, kind="none")


PRESETS: dict[str, Callable[[KernelConfig], SearchConfig]] = {
    "kr_dl_uct": kr_dl_uct,
    "kr_dl_uct_public": kr_dl_uct_public,
    "kr_dl_uct_executed": kr_dl_uct_executed,
    "kr_uct": kr_uct,
    "kr_uct_executed": kr_uct_executed,
    "dl_uct": dl_uct,
    "uct": uct,
}
"""Name -> config for a kernel."""
