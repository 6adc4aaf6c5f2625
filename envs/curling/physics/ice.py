"""Ice models: how a free stone slows, curls and loses spin.

On an even sheet a stone slowing from any speed traces the same curve up to rotation, translation and mirror,
so an ice is that one curve, tabulated against the time left until the stone stops (`path.py` reads it).

`fcv1` is the simulator of Digital Curling 3 and 4: friction after Shikano et al., curl after Uehara and Ito
(IPSJ SIG Game Informatics 46(18), 2021). `gat2016` is the ice of the game-AI tournaments 2016-2018, on which
KR-DRL was trained (Lee et al., ICML 2018): constant friction, whose free path is a logarithmic spiral.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from envs.curling.physics.path import PathTable, tabulate
from envs.curling.physics.sheet import GAT2016, WORLD_CURLING, Sheet

GRAVITY = 9.80665
"""Standard gravity, m/s^2."""

FCV1_FRICTION_SCALE = 0.00200985
"""m/s: numerator of the speed-dependent part of fcv1's friction coefficient."""
FCV1_FRICTION_SPEED = 0.06385782
"""m/s: offset of the speed-dependent part of fcv1's friction coefficient."""
FCV1_FRICTION_FLOOR = 0.00626286
"""Friction coefficient of fcv1 at high speed, dimensionless."""
FCV1_YAW = 0.00820
"""rad/s at 1 m/s: rate at which a spinning stone's velocity turns."""
FCV1_YAW_EXPONENT = -0.8
FCV1_SPIN_DECAY = 0.025
"""rad/s^2 at 1 m/s; the loss is inversely proportional to speed."""
FCV1_SPIN_SPEED_FLOOR = 0.001
"""m/s below which the spin loss grows no further."""
FCV1_RELEASE_SPIN = np.pi / 2
"""rad/s of a delivered stone."""
FCV1_MAX_SPEED = 4.0
"""m/s: the strongest delivery of a Digital Curling 3 player."""

GAT2016_DECELERATION = 12.009216
"""m/s^2 of the tournaments' compressed time."""
GAT2016_CURL = 0.066696
"""Lateral over longitudinal deceleration, and also the angular velocity at release in rad/s."""
GAT2016_MAX_SPEED = 48.79
"""m/s: the strongest legal delivery."""
GAT2016_THROW_TO_TEE = 36.40
"""metres from the point of release to the tee."""
GAT2016_REFERENCE_TIME = 1.0
"""seconds before rest at which the spiral's frame points downrange: its direction has no limit at rest."""

BEYOND_LEGAL = 10.0
"""Tables reach this multiple of an ice's strongest legal delivery."""


@dataclass(frozen=True, eq=False)
class Ice:
    """One sheet of ice and the stones on it.

    Args:
        name: its name on the command line.
        sheet: geometry.
        table: the universal path of a free stone.
        release_position: where a delivered stone is let go, shape [2], metres.
        release_spin: magnitude of a delivered stone's angular velocity, rad/s.
        max_speed: the strongest legal delivery, m/s.
        restitution: coefficient of restitution between stones.
        elastic_speed: closing speed in m/s at or below which a contact is inelastic.
        contact_friction: Coulomb coefficient between stones.
        release_lag: steps by which its original, stepped simulator slows a stone before its first step.
    """

    name: str
    sheet: Sheet
    table: PathTable
    release_position: tuple[float, float]
    release_spin: float
    max_speed: float
    restitution: float
    elastic_speed: float
    contact_friction: float
    release_lag: float

    @property
    def speed_limit(self) -> float:
        """The fastest stone the tables know, m/s."""
        return self.max_speed * BEYOND_LEGAL


def get_ice(name: str, *, interval: float | None = None) -> Ice:
    """The ice called `name`.

    Args:
        name: one of `ICES`.
        interval: seconds between the path table's samples; None is the ice's own choice.

    Raises:
        ValueError: the name is unknown or the interval is not positive.
    """
    if name not in ICES:
        raise ValueError(f"ice: {name!r} is unknown, expected one of {', '.join(ICES)}")
    if interval is None:
        return _default_ice(name)
    if not 0 < interval < 1:
        raise ValueError(f"interval: {interval!r} given, expected seconds in (0, 1)")
    return ICES[name](interval)


@functools.cache
def _default_ice(name: str) -> Ice:
    return ICES[name]()


def fcv1_deceleration(speed: np.ndarray) -> np.ndarray:
    """Deceleration along the velocity in m/s^2 at `speed` in m/s, fcv1; any shape."""
    friction = FCV1_FRICTION_SCALE / (speed + FCV1_FRICTION_SPEED) + FCV1_FRICTION_FLOOR
    return GRAVITY * friction


def _fcv1_time_to_stop(speed: np.ndarray) -> np.ndarray:
    """Seconds until a stone of `speed` m/s stops: the integral of 1 / deceleration, in closed form."""
    at_rest = FCV1_FRICTION_SCALE + FCV1_FRICTION_FLOOR * FCV1_FRICTION_SPEED
    bend = FCV1_FRICTION_SCALE / FCV1_FRICTION_FLOOR
    slowing = speed - bend * np.log1p(FCV1_FRICTION_FLOOR * speed / at_rest)
    return slowing / (GRAVITY * FCV1_FRICTION_FLOOR)


def _fcv1_speed(seconds_left: np.ndarray) -> np.ndarray:
    """Speed in m/s of a stone that stops in `seconds_left`: Newton on the convex closed form, from above."""
    speed = fcv1_deceleration(np.zeros(())) * seconds_left
    for _ in range(80):
        step = (_fcv1_time_to_stop(speed) - seconds_left) * fcv1_deceleration(speed)
        speed = np.maximum(speed - step, 0.0)
        if np.abs(step).max() < 1e-15:
            break
    return speed


def _fcv1_spin_loss(speed: np.ndarray) -> np.ndarray:
    """Spin in rad/s that a stone of `speed` m/s would lose before it stops: partial fractions of 1/(v a)."""
    at_rest = FCV1_FRICTION_SCALE + FCV1_FRICTION_FLOOR * FCV1_FRICTION_SPEED
    near = FCV1_FRICTION_SPEED / at_rest
    far = (1.0 - near * FCV1_FRICTION_FLOOR) / FCV1_FRICTION_FLOOR

    def integral(v: np.ndarray | float) -> np.ndarray:
        return (near * np.log(v) + far * np.log(at_rest + FCV1_FRICTION_FLOOR * v)) / GRAVITY

    slow = np.minimum(speed, FCV1_SPIN_SPEED_FLOOR)
    fast = np.maximum(speed, FCV1_SPIN_SPEED_FLOOR)
    below = _fcv1_time_to_stop(slow) / FCV1_SPIN_SPEED_FLOOR
    return FCV1_SPIN_DECAY * (below + integral(fast) - integral(FCV1_SPIN_SPEED_FLOOR))


def _fcv1_turn(root: np.ndarray) -> np.ndarray:
    """Rate of the heading against q = speed^(1/5), which removes the singularity at rest."""
    exponent = FCV1_YAW_EXPONENT * 5 + 4
    return 5 * FCV1_YAW * root**exponent / fcv1_deceleration(root**5)


def _integrate(rate: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Gauss-Legendre integrals of `rate` from `low` to `high`, elementwise; both of shape [...]."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    middle, half = (high + low)[..., None] / 2, (high - low)[..., None] / 2
    return (half * weights * rate(middle + half * nodes)).sum(-1)


def _fcv1_path(seconds_left: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The path at `seconds_left` [N]: position and its derivative, complex, and the straight line."""
    speed = _fcv1_speed(seconds_left)
    root = speed ** (1 / 5)
    turned = np.concatenate([[0.0], np.cumsum(_integrate(_fcv1_turn, root[:-1], root[1:]))])

    nodes, weights = np.polynomial.legendre.leggauss(12)
    low, high = root[:-1, None], root[1:, None]
    inner = (high + low) / 2 + (high - low) / 2 * nodes  # [N-1, 12]
    heading = turned[:-1, None] + _integrate(_fcv1_turn, np.broadcast_to(low, inner.shape), inner)
    travel = 5 * inner**9 / fcv1_deceleration(inner**5) * weights * (high - low) / 2
    curve = np.concatenate([[0.0], np.cumsum((travel * _direction(heading)).sum(-1))])
    line = np.concatenate([[0.0], np.cumsum(travel.sum(-1))])
    return -curve, -speed * _direction(turned), line


def _direction(turned: np.ndarray) -> np.ndarray:
    """Heading, as x + iy, of a stone that has still to turn anticlockwise by `turned` radians to face +y."""
    return 1j * np.exp(-1j * turned)


def _samples(interval: float, slowest_stop: float) -> np.ndarray:
    return np.arange(int(np.ceil(slowest_stop / interval)) + 2) * interval


def fcv1(interval: float = 1 / 64) -> Ice:
    """The ice of Digital Curling 3 and 4, its table sampled every `interval` seconds."""
    limit = FCV1_MAX_SPEED * BEYOND_LEGAL
    seconds_left = _samples(interval, float(_fcv1_time_to_stop(np.array(limit))))
    speed = _fcv1_speed(seconds_left)
    curve, derivative, line = _fcv1_path(seconds_left)
    table = tabulate(
        interval,
        curve,
        derivative,
        line,
        spin_loss=_fcv1_spin_loss(speed),
        least_deceleration=GRAVITY * FCV1_FRICTION_FLOOR,
        most_deceleration=float(fcv1_deceleration(np.zeros(()))),
        most_lateral=FCV1_YAW * limit ** (1 + FCV1_YAW_EXPONENT),
    )
    return Ice(
        name="fcv1",
        sheet=WORLD_CURLING,
        table=table,
        release_position=(0.0, 0.0),
        release_spin=FCV1_RELEASE_SPIN,
        max_speed=FCV1_MAX_SPEED,
        restitution=1.0,
        elastic_speed=0.0,
        contact_friction=0.2,
        release_lag=0.5,
    )


def gat2016(interval: float = 1 / 512) -> Ice:
    """The ice of the game-AI tournaments 2016-2018, its table sampled every `interval` seconds."""
    limit = GAT2016_MAX_SPEED * BEYOND_LEGAL
    seconds_left = _samples(interval, limit / GAT2016_DECELERATION)
    turned = GAT2016_CURL * np.log(np.maximum(seconds_left, interval / 2) / GAT2016_REFERENCE_TIME)
    derivative = -GAT2016_DECELERATION * seconds_left * _direction(turned)
    curve = derivative * seconds_left / (2 - 1j * GAT2016_CURL)
    table = tabulate(
        interval,
        curve,
        derivative,
        GAT2016_DECELERATION * seconds_left**2 / 2,
        spin_loss=np.zeros_like(seconds_left),
        least_deceleration=GAT2016_DECELERATION,
        most_deceleration=GAT2016_DECELERATION,
        most_lateral=GAT2016_DECELERATION * GAT2016_CURL,
    )
    return Ice(
        name="gat2016",
        sheet=GAT2016,
        table=table,
        release_position=(0.0, GAT2016.tee_y - GAT2016_THROW_TO_TEE),
        release_spin=GAT2016_CURL,
        max_speed=GAT2016_MAX_SPEED,
        restitution=1.0,
        elastic_speed=1.0,
        contact_friction=GAT2016_DECELERATION,
        release_lag=0.0,
    )


ICES: dict[str, Callable[..., Ice]] = {"fcv1": fcv1, "gat2016": gat2016}
"""Ice models by name; each takes the table's interval in seconds."""
