"""The space of shots that the search works in: there the hand's noise is the same for every shot.

A shot is two numbers, in standard deviations of the execution noise, and a part, its handle (0 clockwise, 1
anticlockwise). So a kernel of scale 1 is the noise itself (Lee et al., ICML 2018).

- `dc3`: release speed, and direction from that of a draw to the tee. The noise is exactly Gaussian here.
- `student_t`: the same, the direction divided by the scale that the noise has at the shot's speed. No axes
  make that noise the same everywhere: a change of speed alone moves the second coordinate a little. It does
  not for shots over the tee, and by at most half a scale at the edge of the house.
- `gat2016`: its noise adds to every velocity the difference that a miss of a draw to the tee makes. That is
  the same everywhere for velocities; the axes here are those that a miss along and across the sheet moves
  along, to first order, which leaves out less than 1 % of the noise.
- `none` takes the noise that is usual on its ice.

Shape letters: B shots.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from envs.curling.physics.delivery import velocity_through, velocity_to_stop
from envs.curling.physics.ice import Ice
from envs.curling.physics.noise import Noise, NoNoise, PolarNoise, StudentNoise, TargetNoise, get_noise
from envs.curling.tasks.actions import tee_speeds
from planners.config import KernelConfig

Floats = NDArray[np.float64]
CLOCKWISE, ANTICLOCKWISE = 0, 1
"""The discrete parts."""
USUAL_NOISE = {"fcv1": "dc3", "gat2016": "gat2016"}
"""Ice -> the noise whose scales are used when there is none."""
SAMPLES = 256
"""Speeds at which axes that change with the speed are sampled."""
WIDEST = 0.1
"""radians either side of a draw to the tee that shots of the search may point to: beyond the side lines."""


class Axes(Protocol):
    """Coordinates of release velocities; `side` is +1 for anticlockwise handles, -1 for clockwise ones.

    The first coordinate is that of strength; the second changes its sign when a shot is mirrored.
    """

    def to_points(self, velocity: Floats, side: Floats) -> Floats:
        """Points [B, 2] of velocities [B, 2] m/s."""
        ...

    def to_velocities(self, points: Floats, side: Floats) -> Floats:
        """Velocities [B, 2] m/s of points [B, 2]."""
        ...


@dataclass(frozen=True, eq=False)
class PolarAxes:
    """Release speed and direction over their noise.

    Args:
        scale: of the noise of the speed, m/s.
        speeds: [N] ascending release speeds, m/s, between which the following are linear:
        angles: [N] scale of the noise of the direction, radians.
        origins: [N] direction over its scale that is 0 on the second axis, for anticlockwise stones.
    """

    scale: float
    speeds: Floats
    angles: Floats
    origins: Floats

    def to_points(self, velocity: Floats, side: Floats) -> Floats:
        """As `Axes.to_points`."""
        speed = np.hypot(velocity[:, 0], velocity[:, 1])
        direction = np.arctan2(-velocity[:, 0], velocity[:, 1])
        angle, origin = self._at(speed)
        return np.stack([speed / self.scale, direction / angle - side * origin], -1)

    def to_velocities(self, points: Floats, side: Floats) -> Floats:
        """As `Axes.to_velocities`."""
        speed = points[:, 0] * self.scale
        angle, origin = self._at(speed)
        direction = (points[:, 1] + side * origin) * angle
        return np.stack([-speed * np.sin(direction), speed * np.cos(direction)], -1)

    def _at(self, speed: Floats) -> tuple[Floats, Floats]:
        """Angles and origins at speeds [B]."""
        if len(self.speeds) == 1:
            return self.angles, self.origins
        return np.interp(speed, self.speeds, self.angles), np.interp(speed, self.speeds, self.origins)


@dataclass(frozen=True)
class TargetAxes:
    """Release velocity along the directions in which misses of a draw to the tee move it.

    Args:
        along, across: change of an anticlockwise draw's velocity (x, y), m/s, for one standard deviation of
            its stopping point along and across the sheet.
    """

    along: tuple[float, float]
    across: tuple[float, float]

    def to_points(self, velocity: Floats, side: Floats) -> Floats:
        """As `Axes.to_points`."""
        (along_x, along_y), (across_x, across_y) = self.along, self.across
        area = across_x * along_y - along_x * across_y
        x, y = velocity[:, 0] * side, velocity[:, 1]
        strength, turned = (across_x * y - across_y * x) / area, (along_y * x - along_x * y) / area
        return np.stack([strength, turned * side], -1)

    def to_velocities(self, points: Floats, side: Floats) -> Floats:
        """As `Axes.to_velocities`."""
        (along_x, along_y), (across_x, across_y) = self.along, self.across
        strength, turned = points[:, 0], points[:, 1] * side
        x, y = strength * along_x + turned * across_x, strength * along_y + turned * across_y
        return np.stack([x * side, y], -1)


class ShotSpace:
    """The shots on an ice whose execution noise is `noise`, as points and parts.

    Raises:
        ValueError: the noise is none of those of `envs.curling.physics.noise`.
    """

    def __init__(self, ice: Ice, noise: Noise) -> None:
        self.ice = ice
        if isinstance(noise, NoNoise):
            noise = get_noise(USUAL_NOISE[ice.name], ice)
        if type(noise) not in AXES:
            raise ValueError(f"noise: got {noise!r}, expected one of envs.curling.physics.noise")
        self._axes = AXES[type(noise)](ice, noise)
        low, high = self._bounds()
        kind, freedom = ("student_t", noise.freedom) if isinstance(noise, StudentNoise) else ("gaussian", 5.0)
        self.kernel = KernelConfig(kind=kind, scales=(1.0, 1.0), freedom=freedom, low=low, high=high)
        """The execution noise as a kernel over points."""

    def points(self, velocity: Floats, spin: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """Points [B, 2] and parts [B] of velocities [B, 2] m/s with spins [B] rad/s anticlockwise."""
        parts = (np.asarray(spin) > 0).astype(np.int64)
        return self._axes.to_points(np.asarray(velocity, np.float64), _side(parts)), parts

    def velocities(self, points: Floats, parts: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Velocities [B, 2] m/s, at most the ice's strongest, and spins [B] rad/s of points and parts."""
        side = _side(parts)
        velocity = self._axes.to_velocities(points, side)
        speed = np.hypot(velocity[:, 0], velocity[:, 1])
        slowed = np.minimum(1.0, self.ice.max_speed / np.maximum(speed, 1e-300))
        return velocity * slowed[:, None], side * self.ice.release_spin

    def mirrored(self, points: Floats, parts: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
        """The same shots where left is right: points [..., 2], parts [...]."""
        return points * np.array([1.0, -1.0]), 1 - parts

    def _bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The box of points from the weakest draw to the strongest hit within `WIDEST` of the tee draw."""
        weakest = velocity_to_stop(self.ice, [0.0, self.ice.sheet.hog_y], self.ice.release_spin)
        heading = _heading(self.ice)
        corners = [
            (-speed * np.sin(heading + turn), speed * np.cos(heading + turn))
            for speed in (float(np.hypot(*weakest)), self.ice.max_speed)
            for turn in (-WIDEST, WIDEST)
        ]
        points = self._axes.to_points(np.array(corners), np.ones(len(corners)))
        widest = float(np.abs(points[:, 1]).max())
        return (float(points[:, 0].min()), -widest), (float(points[:, 0].max()), widest)


def _side(parts: NDArray[np.int64]) -> Floats:
    return 2.0 * np.asarray(parts) - 1.0


def _heading(ice: Ice) -> float:
    """Direction of an anticlockwise draw to the tee, radians anticlockwise from straight ahead."""
    x, y = velocity_to_stop(ice, ice.sheet.tee, ice.release_spin)
    return float(np.arctan2(-x, y))


def _polar(ice: Ice, noise: PolarNoise) -> PolarAxes:
    angle = np.array([noise.angle])
    return PolarAxes(noise.speed, np.zeros(1), angle, _heading(ice) / angle)


def _student(ice: Ice, noise: StudentNoise) -> PolarAxes:
    """Origins so that the second coordinate d / angle(v) - origin(v) does not change with the speed v for a
    stone over the tee, whose direction is d(v): its origin is the integral of d over 1 / angle."""
    over_tee = np.linspace(0.0, tee_speeds(ice)[1], SAMPLES)
    velocity = velocity_through(ice, ice.sheet.tee, over_tee, ice.release_spin)
    speed, heading = np.hypot(velocity[:, 0], velocity[:, 1]), np.arctan2(-velocity[:, 0], velocity[:, 1])
    angle = np.interp(speed, (noise.slow_speed, noise.max_speed), (noise.slow_angle, noise.fast_angle))
    steps = (heading[1:] + heading[:-1]) / 2 * np.diff(1.0 / angle)
    return PolarAxes(
        noise.speed, speed, angle, heading[0] / angle[0] + np.concatenate([[0.0], np.cumsum(steps)])
    )


def _target(ice: Ice, noise: TargetNoise) -> TargetAxes:
    tee = ice.sheet.tee
    miss = np.array([[0.0, noise.along], [noise.across, 0.0]])
    far, near = (velocity_to_stop(noise.ice, tee + way * miss, ice.release_spin) for way in (1.0, -1.0))
    along, across = ((far - near) / 2).tolist()
    return TargetAxes(tuple(along), tuple(across))


AXES: dict[type, Callable[[Ice, Noise], Axes]] = {
    PolarNoise: _polar,
    StudentNoise: _student,
    TargetNoise: _target,
}
"""Noise -> the axes on which it is the same for every shot."""
