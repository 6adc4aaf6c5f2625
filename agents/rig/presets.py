"""Ready configs by name; a flag given beside a preset changes that one field.

The `paper_` runs have the constants of Nair et al. (2018) and of its authors' scripts: images of 84 pixels,
hidden layers of 400 and 300 units, four updates (on the reacher five) in each step, 10,000 images and 500
epochs for the pushers' autoencoders. Differs from them: beta, which is for our autoencoders around the mean
image, and its rise over the first epochs; the prior's covariance; how seldom the pushers are measured, as an
episode for each of the goals costs more than the thousand actions that lie between two measurements there.
The others are ours, for a CPU: 48 pixels, smaller networks, fewer updates; the pushers look 20 actions ahead
(discount 0.95, there 0.99), and a fifth of their actions is random. The `long_` runs have as many actions as
the paper's, and one update in each: half an hour or so on a core.
"""

from dataclasses import replace

from agents.rig.config import RigConfig

_REACHER = RigConfig()
_PUSHER = replace(
    _REACHER,
    env="pusher",
    steps=30_000,
    interval_steps=2000,
    latent=6,
    beta=0.2,
    vae_images=5000,
    vae_epochs=25,
    hidden=(128, 128),
    discount=0.95,
    tau=0.02,
    random_actions=0.2,
)
_MULTI_PUSHER = replace(_PUSHER, env="multi_pusher", latent=12, points=32)
_LONG_PUSHER = replace(_PUSHER, steps=500_000, interval_steps=25_000, updates_per_step=1, parallel=8)

_PAPER = RigConfig(
    image_size=84,
    points=0,
    hidden=(400, 300),
    parallel=1,
    vae_batch=128,
    vae_epochs=500,
    vae_images=10_000,
    vae_rollout=100,
    interval_steps=1000,
    batch=128,
    goals=100,
)
_PAPER_PUSHER = replace(
    _PAPER, env="pusher", steps=500_000, interval_steps=20_000, warmup_steps=4000, updates_per_step=4
)

PRESETS: dict[str, RigConfig] = {
    "reacher": _REACHER,
    "pusher": _PUSHER,
    "multi_pusher": _MULTI_PUSHER,
    "variable_pusher": replace(_MULTI_PUSHER, env="variable_pusher"),
    "door": replace(_PUSHER, env="door"),
    "long_pusher": _LONG_PUSHER,
    "long_multi_pusher": replace(
        _LONG_PUSHER, env="multi_pusher", latent=12, points=32, vae_epochs=100, beta=0.1
    ),
    "long_variable_pusher": replace(
        _LONG_PUSHER, env="variable_pusher", latent=12, points=32, vae_epochs=60, beta=0.1
    ),
    "paper_reacher": replace(
        _PAPER,
        latent=16,
        steps=10_000,
        warmup_steps=128,
        updates_per_step=5,
        vae_images=5000,
        vae_rollout=50,
        vae_epochs=100,
    ),
    "paper_pusher": _PAPER_PUSHER,
    "paper_multi_pusher": replace(_PAPER_PUSHER, env="multi_pusher", latent=16),
    "paper_variable_pusher": replace(_PAPER_PUSHER, env="variable_pusher", latent=16),
    "paper_door": replace(_PAPER_PUSHER, env="door", latent=16),
}
