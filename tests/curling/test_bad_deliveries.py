"""What the engine refuses at its door, each time in one line that names the argument."""

import numpy as np
import pytest

from envs.curling.physics.ice import get_ice
from envs.curling.physics.motion import simulate, trajectory

ICE = get_ice("fcv1")


def arguments(**changes):
    """One good delivery onto a sheet with two stones, with some arguments replaced."""
    stones, in_play = np.zeros((1, 16, 2)), np.zeros((1, 16), bool)
    stones[0, 0], stones[0, 8], in_play[0, [0, 8]] = (0.0, 38.0), (0.5, 38.0), True
    good = {
        "stones": stones,
        "in_play": in_play,
        "slot": np.array([1]),
        "velocity": np.array([[0.1, 2.4]]),
        "spin": np.array([1.5]),
    }
    return {**good, **changes}


def lying(x, y, slot=0):
    stones = arguments()["stones"]
    stones[0, slot] = x, y
    return stones


BAD = [
    ({"stones": lying(np.nan, 38)}, "stones: NaN or infinity given"),
    ({"stones": lying(0, np.inf)}, "stones: NaN or infinity given"),
    ({"stones": lying(0.4, 38)}, r"stones\[0\]: stones 8 and 0 overlap"),
    ({"stones": lying(2.4, 38)}, r"stones\[0, 0\]: \[2.4, 38.0\] lies off the sheet"),
    ({"stones": lying(0, 41)}, "lies off the sheet"),
    ({"stones": lying(0, -9)}, "lies off the sheet"),
    ({"stones": lying(0.1, 0.05)}, "lies where stones are delivered"),
    ({"stones": np.zeros((1, 17, 2))}, r"stones: shape \(1, 17, 2\) given, expected \(1, 16, 2\)"),
    ({"stones": np.zeros((16, 2))}, r"stones: shape \(16, 2\) given"),
    ({"in_play": np.zeros((1, 17), bool)}, "in_play: shape"),
    ({"in_play": np.zeros((1, 16))}, "in_play: dtype float64 given, expected bool"),
    ({"slot": np.array(1)}, r"slot: shape \(\) given, expected \[B\]"),
    ({"slot": np.array([1.0])}, "slot: dtype float64 given, expected integers"),
    ({"slot": np.array([16])}, "slot: values in"),
    ({"slot": np.array([-1])}, "slot: values in"),
    ({"slot": np.array([8])}, "slot: the delivered stone is in play already"),
    ({"velocity": np.array([[0.1, np.nan]])}, "velocity: NaN or infinity given"),
    ({"velocity": np.array([[0.1, 2.4, 0.0]])}, "velocity: shape"),
    (
        {"velocity": np.array([[0.0, 41.0]])},
        "velocity: faster than this ice's limit, expected at most 40 m/s",
    ),
    ({"spin": np.array([-np.inf])}, "spin: NaN or infinity given"),
    ({"spin": np.array([1.0, 1.0])}, "spin: shape"),
    ({"contact_quantum": -1e-3}, "contact_quantum: -0.001 given"),
    ({"contact_quantum": np.nan}, "contact_quantum: nan given"),
    ({"threads": 0}, "threads: 0 given, expected at least 1"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_a_bad_argument_is_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        simulate(ICE, **arguments(**changes))


def test_good_arguments_pass_and_are_left_as_they_were():
    given = arguments()
    before = {name: array.copy() for name, array in given.items()}
    assert simulate(ICE, **given).in_play[0, 1]
    assert all((given[name] == before[name]).all() for name in given)


def test_an_empty_batch_gives_an_empty_result():
    none = {name: array[:0] for name, array in arguments().items()}
    assert simulate(ICE, **none).stones.shape == (0, 16, 2)


def test_stones_out_of_play_may_hold_anything():
    given = arguments()
    given["stones"][0, 5] = np.nan
    assert np.isfinite(simulate(ICE, **given).stones).all()


def test_a_trajectory_refuses_the_same_and_an_interval_that_is_none():
    one = {name: array[0] for name, array in arguments().items()}
    for interval in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="interval"):
            trajectory(ICE, **one, interval=interval)
    with pytest.raises(ValueError, match="stones: shape"):
        trajectory(ICE, **{**one, "stones": np.zeros((17, 2))})
