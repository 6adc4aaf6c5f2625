"""Impulses between stones in contact: restitution, Coulomb friction, clusters of touching stones.

A stone is a solid disc. Stones in touch are resolved together: normal velocities by Newton's law of
restitution as a linear complementarity problem (unique, and it never adds energy: Moreau, "Unilateral Contact
and Dry Friction in Finite Freedom Dynamics", 1988), then friction as the impulses within Coulomb's bound that
leave the least energy. For one pair both are closed forms.
"""

from typing import NamedTuple

import numpy as np

from envs.compiled import kernel

SOLVER_TOLERANCE = 1e-13
"""Change of an impulse per mass at which the solver stops, relative to the greatest closing speed."""
SLOW_IMPACT = 1e-3
"""m/s: slower impacts are solved as exactly as one of this speed."""
SOLVER_SWEEPS = 2000
ROUNDS = 30
"""Times that friction within a cluster may lead to a new normal impact in the same instant."""
IMPACT_SPEED = 1e-10
"""m/s: stones that close no faster do not collide."""


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


MEMBER = np.dtype(
    [(name, np.float64) for name in ("x", "y", "vx", "vy", "spin")] + [("slot", np.int64)],
    align=True,
)
"""A stone in touch with others at one instant: metres, m/s, rad/s; its slot, or -1 if nothing struck it."""

PAIR = np.dtype(
    [("first", np.int64), ("second", np.int64)]
    + [(name, np.float64) for name in ("normal_x", "normal_y", "target", "push", "rub", "given")],
    align=True,
)
"""Two members in touch.

first, second: their places among the members.
normal_x, normal_y: unit vector from first to second.
target: speed in m/s at which they should separate.
push, rub: normal and tangential impulse per mass, m/s; `given` is the push of the present round.
"""


@kernel
def wanted_separation(contact: Contact, closing: float) -> float:
    """Speed at which a pair that closes at `closing` m/s separates after the impact, m/s."""
    return contact.restitution * closing if closing > contact.elastic_speed else 0.0


@kernel
def _impulse(members: np.ndarray, pair: np.void, push: float, rub: float, radius: float) -> None:
    """Apply a normal and a tangential impulse per mass (m/s) to both stones of a pair."""
    one, two = members[pair.first], members[pair.second]
    jx = push * pair.normal_x - rub * pair.normal_y
    jy = push * pair.normal_y + rub * pair.normal_x
    one.vx -= jx
    one.vy -= jy
    two.vx += jx
    two.vy += jy
    turned = 2.0 * rub / radius  # r x J / (m r^2 / 2)
    one.spin -= turned
    two.spin -= turned


@kernel
def _separating(members: np.ndarray, pair: np.void) -> float:
    """Normal relative velocity of a pair, m/s, positive when it separates."""
    one, two = members[pair.first], members[pair.second]
    return (two.vx - one.vx) * pair.normal_x + (two.vy - one.vy) * pair.normal_y


@kernel
def _sliding(members: np.ndarray, pair: np.void, radius: float) -> float:
    """Tangential relative velocity of a pair's surfaces at the contact point, m/s, along (-ny, nx)."""
    one, two = members[pair.first], members[pair.second]
    along = (two.vy - one.vy) * pair.normal_x - (two.vx - one.vx) * pair.normal_y
    return along - radius * (one.spin + two.spin)


@kernel
def resolve(contact: Contact, members: np.ndarray, pairs: np.ndarray) -> None:
    """Change the velocities and spins of stones in touch by the impulses in their contacts.

    Args:
        members: [S] of dtype `MEMBER`.
        pairs: [P] of dtype `PAIR`, places and normals set; receives the impulses: push >= 0 and
            |rub| <= friction * push.
    """
    count = pairs.shape[0]
    for p in range(count):
        pairs[p].push = 0.0
        pairs[p].rub = 0.0
    for _ in range(ROUNDS):
        fastest = 0.0
        for p in range(count):
            closing = -_separating(members, pairs[p])
            fastest = max(fastest, closing)
            pairs[p].target = wanted_separation(contact, closing)
        if fastest <= IMPACT_SPEED:
            return
        _push(contact, members, pairs, fastest)
        _rub(contact, members, pairs, fastest)
        if count == 1:
            return


@kernel
def _push(contact: Contact, members: np.ndarray, pairs: np.ndarray, fastest: float) -> None:
    """Normal impulses: each pair separates at least at its target, and exactly so where it is pushed."""
    radius, count = contact.diameter / 2.0, pairs.shape[0]
    for p in range(count):
        pairs[p].given = 0.0
    for _ in range(SOLVER_SWEEPS):
        change = 0.0
        for p in range(count):
            pair = pairs[p]
            missing = (pair.target - _separating(members, pair)) / 2.0
            push = max(pair.given + missing, 0.0) - pair.given
            pair.given += push
            _impulse(members, pair, push, 0.0, radius)
            change = max(change, abs(push))
        if count == 1 or change <= SOLVER_TOLERANCE * max(fastest, SLOW_IMPACT):
            break
    for p in range(count):
        pairs[p].push += pairs[p].given


@kernel
def _rub(contact: Contact, members: np.ndarray, pairs: np.ndarray, fastest: float) -> None:
    """Tangential impulses: the sliding of each pair ends, or is opposed by all that Coulomb's law allows."""
    radius, count = contact.diameter / 2.0, pairs.shape[0]
    for _ in range(SOLVER_SWEEPS):
        change = 0.0
        for p in range(count):
            pair = pairs[p]
            bound = contact.friction * pair.push
            wanted = pair.rub - _sliding(members, pair, radius) / 6.0
            rub = min(max(wanted, -bound), bound) - pair.rub
            pair.rub += rub
            _impulse(members, pair, 0.0, rub, radius)
            change = max(change, abs(rub))
        if count == 1 or change <= SOLVER_TOLERANCE * max(fastest, SLOW_IMPACT):
            break
