"""The flags of `run.py train rig`: world, representation, goals, learner, and everything the paper varies.

Nair et al., "Visual Reinforcement Learning with Imagined Goals" (2018); Pong et al., "Skew-Fit" (2020).
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from agents.runs.errors import ConfigError
from agents.runs.fields import check_choice, check_real, check_whole
from agents.runs.lengthening import Length

MethodName = Literal["rig", "oracle", "her", "dsae", "lr"]
RewardName = Literal["auto", "latent_distance", "log_probability", "pixel_mse", "sparse"]
RelabelName = Literal["auto", "none", "future", "vae", "rig", "half"]

LARGEST = 10**9
LARGEST_RATE = 1.0
LARGEST_WIDTH = 4096


class Method(NamedTuple):
    """What a method stands for.

    Args:
        autoencoder: kind of the autoencoder whose codes it learns on; empty for none.
        rewards: rewards it can use; the first is its own.
        relabel: its own relabelling.
    """

    autoencoder: str
    rewards: tuple[str, ...]
    relabel: str


METHODS: dict[str, Method] = {
    "rig": Method("variational", ("latent_distance", "log_probability", "pixel_mse", "sparse"), "rig"),
    "oracle": Method("", ("latent_distance", "sparse"), "rig"),
    "her": Method("", ("pixel_mse", "sparse"), "future"),
    "dsae": Method("spatial", ("latent_distance", "pixel_mse", "sparse"), "none"),
    "lr": Method("deterministic", ("latent_distance", "pixel_mse", "sparse"), "vae"),
}
"""`lr` is learning and replaying an autoencoder's codes; `her` learns end to end from pixels."""


@dataclass(frozen=True)
class RigConfig:
    """Train a policy that reaches goals, by goals that it imagines itself, or by a baseline.

    The defaults are a run on the reacher that takes minutes on a CPU. Differs from the paper, which has four
    updates in each step (five on the reacher), hidden layers of 400 and 300 units, and an encoder without
    feature points: see the presets `paper_...`.
    """

    env: str = "reacher"
    """World: reacher; pusher, multi_pusher, variable_pusher (one, two, up to two pucks); door; or another of
    `envs.MANIPULATION_TASKS`."""

    method: MethodName = "rig"
    """rig; oracle (state instead of images); her (end to end from pixels); dsae, lr (other autoencoders)."""

    reward: RewardName = "auto"
    """What is rewarded: auto is the method's own, for rig minus the distance of latents."""

    relabel: RelabelName = "auto"
    """Goals in replay: own (none), 80 % later states (future), imagined (vae), 10/40/50 % (rig), or half."""

    algorithm: Literal["td3", "sac"] = "td3"
    """Reinforcement learning."""

    skew: float = 0.0
    """Images count in proportion to 1 / probability**skew in fine-tuning (which it needs) and as goals,
    which are drawn anew after each round of it; 0 is RIG."""

    steps: int = 10_000
    """Actions in the world, warm-up included, the autoencoder's own images not."""

    interval_steps: int = 500
    """Actions between two measurements."""

    parallel: int = 1
    """Episodes that are played side by side; many keep a GPU from waiting for the world."""

    warmup_steps: int = 500
    """Actions before the first update."""

    updates_per_step: int = 2
    """Updates for each action."""

    horizon: int = 0
    """Actions in an episode; 0 takes the task's."""

    replay_capacity: int = 1_000_000
    """Transitions that replay remembers; older episodes are forgotten."""

    goals: int = 20
    """Held-out goals of the measurements."""

    image_size: Literal[48, 84] = 48
    """Pixels, height and width."""

    latent: int = 4
    """Length of the code of an image; dsae has half as many feature points."""

    points: int = 16
    """Feature points through whose positions the encoder looks (rig, lr); 0 is the paper's plain encoder."""

    beta: float = 0.5
    """Weight of the KL divergence beside a likelihood summed over pixels."""

    beta_warmup: float = 0.8
    """Share of the epochs before the first action over which beta rises from 0."""

    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    """Distribution of pixels."""

    prior: Literal["standard", "fitted"] = "fitted"
    """Imagined goals come from N(0, I), or from a normal distribution with mean and covariance of codes."""

    vae_images: int = 2000
    """Images of the covering policy, on which the autoencoder starts."""

    vae_rollout: int = 20
    """Images of one covering rollout: it starts at a random layout and acts at random."""

    vae_epochs: int = 12
    """Epochs of 100 updates before the first action."""

    vae_batch: int = 32
    """Images in an update of the autoencoder."""

    vae_rate: float = 1e-3
    """Learning rate of the autoencoder."""

    vae_precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the autoencoder's training; weights stay float32."""

    finetune_every: int = 0
    """Actions between two rounds of fine-tuning the autoencoder; 0 is never."""

    finetune_updates: int = 100
    """Updates of the autoencoder in a round of fine-tuning."""

    batch: int = 128
    """Transitions in an update."""

    hidden: tuple[int, ...] = (256, 256)
    """Units of the hidden layers of policy and critics."""

    features: int = 50
    """Features of one image where policy and critics see pixels (her)."""

    rate: float = 1e-3
    """Learning rate of policy and critics."""

    products: Literal["float32", "tfloat32"] = "float32"
    """Arithmetic of the matrix products in updates on a GPU (all methods but her)."""

    discount: float = 0.99
    """Factor of the value of the next state."""

    tau: float = 0.01
    """Step of the target networks towards the learnt ones."""

    policy_delay: int = 2
    """Updates of the critics for one of policy and target networks (td3)."""

    noise: float = 0.2
    """Strength of the exploration (td3)."""

    noise_memory: float = 0.85
    """Share of the exploration noise that the next step keeps; 0 is white noise (td3)."""

    random_actions: float = 0.0
    """Share of actions that are drawn evenly from all instead (td3)."""

    target_noise: float = 0.2
    """Standard deviation that smooths the target policy's actions (td3)."""

    target_clip: float = 0.5
    """Largest deviation of the smoothed actions (td3)."""

    reward_scale: float = 1.0
    """Factor of rewards."""

    sparse_distance: float = 1.0
    """Distance of codes (of images, for her; decimetres, for oracle) below which sparse gives 0, else -1."""

    def __post_init__(self) -> None:
        _check_words(self)
        _check_lengths(self)
        _check_numbers(self)
        method = METHODS[self.method]
        check_choice("reward", self.reward, ("auto", *method.rewards))
        if not method.autoencoder:
            for name in ("finetune_every", "skew"):
                _refuse(name, getattr(self, name), f"without an autoencoder ({self.method})")
        if method.autoencoder != "variational":
            check_choice("prior", self.prior, ("fitted",))
            _refuse("skew", self.skew, f"without a variational autoencoder ({self.method})")
        if self.skew and not self.finetune_every:
            raise ConfigError(f"finetune_every: got 0, expected rounds of fine-tuning for skew {self.skew}")
        if method.autoencoder == "spatial" and self.latent % 2:
            raise ConfigError(f"latent: got {self.latent}, expected an even number, two a point of dsae")

    @property
    def visual(self) -> bool:
        """Whether the policy sees images."""
        return self.method != "oracle"

    @property
    def autoencoder(self) -> str:
        """Kind of the autoencoder, empty for none."""
        return METHODS[self.method].autoencoder

    @property
    def reward_kind(self) -> str:
        """The reward, with `auto` resolved."""
        return METHODS[self.method].rewards[0] if self.reward == "auto" else self.reward

    @property
    def relabel_kind(self) -> str:
        """The relabelling, with `auto` resolved."""
        return METHODS[self.method].relabel if self.relabel == "auto" else self.relabel

    @property
    def pretraining_intervals(self) -> int:
        """Measurements before the first action."""
        return self.vae_epochs if self.autoencoder else 0

    @property
    def intervals(self) -> int:
        """How many measurements a run makes."""
        return sum(number for _, number in self.stages)

    @property
    def length(self) -> Length:
        """A run whose last interval is a whole one can go on: nothing in it depends on how long it is."""
        cut = f"its last interval was cut short, as its actions are no multiple of {self.interval_steps}"
        return Length("steps", cut if self.steps % self.interval_steps else "")

    @property
    def stages(self) -> tuple[tuple[str, int], ...]:
        """What a run does one after the other, and how many measurements it makes of each."""
        acting = ("acting", math.ceil(self.steps / self.interval_steps))
        before = self.pretraining_intervals
        return (("autoencoder", before), acting) if before else (acting,)


def _check_words(config: RigConfig) -> None:
    choices = {"method": MethodName, "reward": RewardName, "relabel": RelabelName}
    for name, words in choices.items():
        check_choice(name, getattr(config, name), get_args(words))
    check_choice("algorithm", config.algorithm, ("td3", "sac"))
    check_choice("products", config.products, ("float32", "tfloat32"))
    check_choice("vae_precision", config.vae_precision, ("float32", "bfloat16"))
    check_choice("likelihood", config.likelihood, ("bernoulli", "gaussian"))
    check_choice("prior", config.prior, ("standard", "fitted"))


def _check_lengths(config: RigConfig) -> None:
    for name in (
        *("steps", "interval_steps", "updates_per_step", "replay_capacity", "vae_images", "vae_rollout"),
        *("vae_epochs", "finetune_updates", "policy_delay"),
    ):
        check_whole(name, getattr(config, name), low=1, high=LARGEST)
    for name in ("warmup_steps", "finetune_every"):
        check_whole(name, getattr(config, name), low=0, high=LARGEST)
    for name in ("parallel", "goals", "latent", "vae_batch", "batch", "features"):
        check_whole(name, getattr(config, name), low=1, high=2**16)
    for name in ("horizon", "points"):
        check_whole(name, getattr(config, name), low=0, high=2**16)
    if config.image_size not in (48, 84):
        raise ConfigError(f"image_size: got {config.image_size!r}, expected 48 or 84")
    for width in config.hidden:
        check_whole("hidden", width, low=1, high=LARGEST_WIDTH)


def _check_numbers(config: RigConfig) -> None:
    for name in ("skew", "discount", "noise_memory", "random_actions", "beta_warmup"):
        check_real(name, getattr(config, name), low=0, high=1)
    for name in ("tau", "vae_rate", "rate"):
        check_real(name, getattr(config, name), low=1e-12, high=LARGEST_RATE)
    for name in ("beta", "noise", "target_noise", "target_clip"):
        check_real(name, getattr(config, name), low=0, high=LARGEST)
    for name in ("reward_scale", "sparse_distance"):
        check_real(name, getattr(config, name), low=1e-12, high=LARGEST)


def _refuse(field: str, value: float, where: str) -> None:
    if value:
        raise ConfigError(f"{field}: got {value}, expected 0 {where}")
