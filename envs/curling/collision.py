"""Impulses between stones in contact: restitution, Coulomb friction, clusters of touching stones.

A stone is a solid disc. A pair has a closed form; stones that touch others are resolved together: normal
velocities by Newton's law of restitution as a linear complementarity problem (unique, and it never adds energy:
Moreau, "Unilateral Contact and Dry Friction in Finite Freedom Dynamics", 1988), then friction as the impulses
within Coulomb's bound that leave the least energy.
"""

import math
from typing import NamedTuple

import numba
import numpy as np

SOLVER_TOLERANCE = 1e-15
"""Change of an impulse per mass, relative to the greatest closing speed, at which the solver stops."""
SOLVER_SWEEPS = 2000
ROUNDS = 8
"""Times that friction within a cluster may lead to a new normal impact in the same instant."""


class Contact(NamedTuple):
    """How two stones collide.

    restitution: coefficient of restitution.
    elastic_speed: closing speed in m/s at or below which a contact is inelastic.
    friction: Coulomb coefficient.
    diameter: distance of centres in contact, metres.
    """

    restitution: float
    elastic_speed: float
    friction: float
    diameter: float


class Cluster(NamedTuple):
    """Stones in touch at one instant; scratch space for one sheet.

    slot: [16] int64, their slots; x, y, vx, vy, spin: [16] state of each, m, m/s, rad/s.
    first, second: [120] int64, members of each pair in contact; normal_x, normal_y: [120] unit vectors from
    first to second; target, push, rub: [120] wanted separating speed, normal and tangential impulse per mass;
    given: [120] normal impulse per mass of the present round.
    """

    slot: np.ndarray
    x: np.ndarray
    y: np.ndarray
    vx: np.ndarray
    vy: np.ndarray
    spin: np.ndarray
    first: np.ndarray
    second: np.ndarray
    normal_x: np.ndarray
    normal_y: np.ndarray
    target: np.ndarray
    push: np.ndarray
    rub: np.ndarray
    given: np.ndarray


@numba.njit(nogil=True, cache=True)
def empty_cluster() -> Cluster:
    """Scratch space for one sheet."""
    stones, pairs = 16, 120
    return Cluster(
        np.zeros(stones, np.int64),
        np.zeros(stones),
        np.zeros(stones),
        np.zeros(stones),
        np.zeros(stones),
        np.zeros(stones),
        np.zeros(pairs, np.int64),
        np.zeros(pairs, np.int64),
        np.zeros(pairs),
        np.zeros(pairs),
        np.zeros(pairs),
        np.zeros(pairs),
        np.zeros(pairs),
        np.zeros(pairs),
    )


@numba.njit(nogil=True, cache=True)
def wanted_separation(contact: Contact, closing: float) -> float:
    """Speed at which a pair that closes at `closing` m/s separates after the impact, m/s."""
    return contact.restitution * closing if closing > contact.elastic_speed else 0.0


@numba.njit(nogil=True, cache=True)
def _impulse(cluster: Cluster, pair: int, push: float, rub: float, radius: float) -> None:
    """Apply a normal and a tangential impulse per mass (m/s) to both stones of a pair."""
    i, j = cluster.first[pair], cluster.second[pair]
    nx, ny = cluster.normal_x[pair], cluster.normal_y[pair]
    cluster.vx[i] -= push * nx - rub * ny
    cluster.vy[i] -= push * ny + rub * nx
    cluster.vx[j] += push * nx - rub * ny
    cluster.vy[j] += push * ny + rub * nx
    turned = 2.0 * rub / radius  # r x J / (m r^2 / 2)
    cluster.spin[i] -= turned
    cluster.spin[j] -= turned


@numba.njit(nogil=True, cache=True)
def _separating(cluster: Cluster, pair: int) -> float:
    """Normal relative velocity of a pair, m/s, positive when it separates."""
    i, j = cluster.first[pair], cluster.second[pair]
    wx, wy = cluster.vx[j] - cluster.vx[i], cluster.vy[j] - cluster.vy[i]
    return wx * cluster.normal_x[pair] + wy * cluster.normal_y[pair]


@numba.njit(nogil=True, cache=True)
def _sliding(cluster: Cluster, pair: int, radius: float) -> float:
    """Tangential relative velocity of a pair's surfaces at the contact point, m/s, along (-ny, nx)."""
    i, j = cluster.first[pair], cluster.second[pair]
    wx, wy = cluster.vx[j] - cluster.vx[i], cluster.vy[j] - cluster.vy[i]
    nx, ny = cluster.normal_x[pair], cluster.normal_y[pair]
    return wy * nx - wx * ny - radius * (cluster.spin[i] + cluster.spin[j])


@numba.njit(nogil=True, cache=True)
def resolve(contact: Contact, cluster: Cluster, pairs: int) -> None:
    """Change the velocities and spins of a cluster's stones by the impulses in its `pairs` contacts.

    Impulses per mass go to `cluster.push` (>= 0) and `cluster.rub` (|rub| <= friction * push).
    """
    cluster.push[:pairs] = 0.0
    cluster.rub[:pairs] = 0.0
    for _ in range(ROUNDS):
        fastest = 0.0
        for pair in range(pairs):
            closing = -_separating(cluster, pair)
            fastest = max(fastest, closing)
            cluster.target[pair] = wanted_separation(contact, closing)
        if fastest <= 1e-12:
            return
        _push(contact, cluster, pairs, fastest)
        _rub(contact, cluster, pairs, fastest)
        if pairs == 1:
            return


@numba.njit(nogil=True, cache=True)
def _push(contact: Contact, cluster: Cluster, pairs: int, fastest: float) -> None:
    """Normal impulses: each pair separates at least at its target, and exactly so where it is pushed."""
    radius = contact.diameter / 2.0
    given = cluster.given
    given[:pairs] = 0.0
    for _ in range(SOLVER_SWEEPS):
        change = 0.0
        for pair in range(pairs):
            missing = (cluster.target[pair] - _separating(cluster, pair)) / 2.0
            push = max(given[pair] + missing, 0.0) - given[pair]
            given[pair] += push
            _impulse(cluster, pair, push, 0.0, radius)
            change = max(change, abs(push))
        if pairs == 1 or change <= SOLVER_TOLERANCE * fastest:
            break
    for pair in range(pairs):
        cluster.push[pair] += given[pair]


@numba.njit(nogil=True, cache=True)
def _rub(contact: Contact, cluster: Cluster, pairs: int, fastest: float) -> None:
    """Tangential impulses: the sliding of each pair ends, or is opposed by all that Coulomb's law allows."""
    radius = contact.diameter / 2.0
    for _ in range(SOLVER_SWEEPS):
        change = 0.0
        for pair in range(pairs):
            bound = contact.friction * cluster.push[pair]
            wanted = cluster.rub[pair] - _sliding(cluster, pair, radius) / 6.0
            rub = min(max(wanted, -bound), bound) - cluster.rub[pair]
            cluster.rub[pair] += rub
            _impulse(cluster, pair, 0.0, rub, radius)
            change = max(change, abs(rub))
        if pairs == 1 or change <= SOLVER_TOLERANCE * fastest:
            break
