"""`run.py latents`: jitter, blur and order of codes against their size, as a table, a PNG and JSON."""

from dataclasses import dataclass
from typing import Literal

from agents.commands.flags import parse_flags
from agents.rig.config import RigConfig
from agents.runs.errors import ConfigError
from agents.runs.fields import MAX_SEED, check_choice, check_new_file, check_whole

AUTOENCODERS = ("rig", "lr", "dsae")
MOST_REPEATS = 100


@dataclass(frozen=True)
class Config:
    """Train autoencoders with codes of several sizes, and ask how well their distances serve as rewards."""

    env: str = "pusher"
    """World whose images are encoded."""

    method: Literal["rig", "lr", "dsae"] = "rig"
    """Whose autoencoder: variational (rig), deterministic (lr), of feature points (dsae)."""

    latents: tuple[int, ...] = (2, 4, 8, 16, 32)
    """Sizes of the code."""

    repeats: int = 1
    """Autoencoders of each size, with images and weights of their own."""

    points: int = RigConfig.points
    """Feature points through whose positions the encoder looks (rig, lr); 0 is the paper's plain encoder."""

    images: int = RigConfig.vae_images
    """Images to train on."""

    epochs: int = RigConfig.vae_epochs
    """Epochs of 100 updates."""

    batch: int = RigConfig.vae_batch
    """Images in an update."""

    beta: float = RigConfig.beta
    """Weight of the KL divergence beside a likelihood summed over pixels."""

    seed: int = 0
    """Source of all that is drawn at random."""

    out: str = "latents.png"
    """PNG file for the curves; decoded scenes go beside it, under this name with -scenes."""

    json: str = ""
    """File for everything measured, as JSON; none if left out."""

    def __post_init__(self) -> None:
        if not self.latents:
            raise ConfigError("latents: got none, expected at least one size")
        for latent in self.latents:
            check_whole("latents", latent, low=1, high=2**16)
            if self.method == "dsae" and latent % 2:
                raise ConfigError(f"latents: got {latent}, expected even numbers, x and y of feature points")
        check_choice("method", self.method, AUTOENCODERS)
        check_whole("repeats", self.repeats, low=1, high=MOST_REPEATS)
        check_whole("seed", self.seed, low=0, high=MAX_SEED)
        check_new_file("out", self.out, ".png")
        if self.json:
            check_new_file("json", self.json, ".json")
        for latent in self.latents:
            _ = self.run_config(latent)

    def run_config(self, latent: int) -> RigConfig:
        """The config of a run with such an autoencoder.

        Raises:
            ConfigError: a field is out of range; it is named as the flag here.
        """
        fields = {"vae_images": "images", "vae_epochs": "epochs", "vae_batch": "batch", "latent": "latents"}
        given = {name: getattr(self, flag) for name, flag in fields.items()} | {"latent": latent}
        try:
            return RigConfig(env=self.env, method=self.method, points=self.points, beta=self.beta, **given)
        except ConfigError as error:
            field, _, rest = str(error).partition(":")
            raise ConfigError(f"{fields.get(field, field)}:{rest}") from error


def main(argv: list[str]) -> int:
    """Parses the flags and measures."""
    return run(parse_flags(Config, argv, command="latents"))


def run(config: Config) -> int:
    """Trains, measures, and shows and writes the result; returns the exit code."""
    from agents.commands.actions.latents import write_study

    write_study(config)
    return 0
