"""Execution noise: what the thrower's hand adds to the intended release velocity. Spin is never perturbed."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from envs.curling.physics.delivery import velocity_to_stop
from envs.curling.physics.ice import Ice


class Noise(Protocol):
    """A thrower's hand."""

    def perturb(self, velocity: np.ndarray, spin: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The executed velocities [B, 2] of intended ones [B, 2], m/s; spin [B] rad/s anticlockwise."""
        ...


@dataclass(frozen=True)
class NoNoise:
    """Every stone leaves the hand as intended."""

    def perturb(self, velocity: np.ndarray, spin: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """As `Noise.perturb`."""
        return np.array(velocity, np.float64)


@dataclass(frozen=True)
class PolarNoise:
    """Gaussian noise on speed and direction: the `normal_dist` player of Digital Curling 3.

    Args:
        speed: standard deviation of the speed, m/s.
        angle: standard deviation of the direction, radians.
        max_speed: intended speeds are cut to it before the noise, m/s.
    """

    max_speed: float
    speed: float = 0.0076
    angle: float = 0.0018

    def perturb(self, velocity: np.ndarray, spin: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """As `Noise.perturb`."""
        noise = rng.standard_normal((len(velocity), 2))
        return _deviate(velocity, self.max_speed, self.speed * noise[:, 0], self.angle * noise[:, 1])


@dataclass(frozen=True)
class TargetNoise:
    """Gaussian noise on where a draw to the tee would stop: the game-AI tournaments 2016-2018.

    Every shot is perturbed by the difference of velocities that a draw to the tee would need.

    Args:
        ice: the ice, whose deliveries translate points to velocities.
        across: standard deviation across the sheet, metres: half a stone's radius.
        along: standard deviation along it, metres: two stones' radii.
    """

    ice: Ice
    across: float = 0.145 / 2
    along: float = 0.145 * 2

    def perturb(self, velocity: np.ndarray, spin: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """As `Noise.perturb`."""
        handle = np.where(np.asarray(spin) < 0, -1.0, 1.0) * self.ice.release_spin
        tee = self.ice.sheet.tee
        miss = rng.standard_normal((len(velocity), 2)) * (self.across, self.along)
        aimed = velocity_to_stop(self.ice, tee, handle)
        executed = velocity_to_stop(self.ice, tee + miss, handle)
        return _cut(velocity, self.ice.max_speed) + executed - aimed


@dataclass(frozen=True)
class StudentNoise:
    """Student-t noise on speed and direction, fitted to Olympic men: Yee, Lisy, Bowling (KR-UCT), IJCAI 2016.

    The paper gives the range of the direction's scale, smaller for faster shots; between its ends we
    interpolate linearly from a draw to the tee to the strongest delivery.

    Args:
        slow_speed, max_speed: release speeds of a draw to the tee and of the strongest delivery, m/s.
        speed: scale of the speed, m/s.
        slow_angle, fast_angle: scales of the direction at those speeds, radians.
        freedom: degrees of freedom.
    """

    slow_speed: float
    max_speed: float
    speed: float = 9.5e-3
    slow_angle: float = 3.65e-3
    fast_angle: float = 1.16e-3
    freedom: float = 5.0

    def perturb(self, velocity: np.ndarray, spin: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """As `Noise.perturb`."""
        noise = rng.standard_t(self.freedom, (len(velocity), 2))
        speed = np.hypot(velocity[:, 0], velocity[:, 1])
        scale = np.interp(speed, (self.slow_speed, self.max_speed), (self.slow_angle, self.fast_angle))
        return _deviate(velocity, self.max_speed, self.speed * noise[:, 0], scale * noise[:, 1])


def get_noise(name: str, ice: Ice) -> Noise:
    """The noise called `name`, for throwers on `ice`.

    Raises:
        ValueError: the name is not one of `NOISES`.
    """
    if name == "none":
        return NoNoise()
    if name == "dc3":
        return PolarNoise(ice.max_speed)
    if name == "gat2016":
        return TargetNoise(ice)
    if name == "student_t":
        draw = velocity_to_stop(ice, ice.sheet.tee, ice.release_spin)
        return StudentNoise(float(np.hypot(*draw)), ice.max_speed)
    raise ValueError(f"noise: {name!r} is unknown, expected one of {', '.join(NOISES)}")


NOISES = ("none", "dc3", "gat2016", "student_t")
"""Names of the noise models."""


def _cut(velocity: np.ndarray, max_speed: float) -> np.ndarray:
    """Velocities [B, 2] slowed to at most `max_speed` m/s."""
    speed = np.hypot(velocity[:, 0], velocity[:, 1])
    return velocity * np.minimum(1.0, max_speed / np.maximum(speed, 1e-300))[:, None]


def _deviate(velocity: np.ndarray, max_speed: float, faster: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """Velocities [B, 2] cut to `max_speed`, then `faster` [B] m/s and `turned` [B] radians anticlockwise."""
    speed = np.minimum(np.hypot(velocity[:, 0], velocity[:, 1]), max_speed) + faster
    angle = np.arctan2(velocity[:, 1], velocity[:, 0]) + turned
    return np.stack([speed * np.cos(angle), speed * np.sin(angle)], -1)
