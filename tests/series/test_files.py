"""Laws of the readers: what they take from a file, and the one line they answer a bad one with."""

import numpy as np
import pytest

from tests.series.tiny import artificial_csv, household_csv
from vision.series.artificial_file import read_artificial
from vision.series.household import KEPT, Minutes, household_series, read_household


def rng(seed=0):
    return np.random.default_rng(seed)


def household(values, asynchronous=True, seed=0):
    return household_series(
        Minutes(np.arange(100.0, 100.0 + len(values)), values), asynchronous=asynchronous, rng=rng(seed)
    )


def test_the_events_of_an_artificial_file_are_its_valid_rows(tmp_path):
    series = read_artificial(artificial_csv(tmp_path / "a.csv"))
    assert len(series) == 80 and series.features.shape == (80, 3)
    assert series.targets[:, 0].tolist() == pytest.approx(np.sin(np.arange(2, 240, 3) / 9).tolist())
    assert np.array_equal(np.diff(series.times), np.full(79, 3.0))
    assert series.source_names == ("source 0", "source 1")


def test_a_file_of_all_sources_is_a_synchronous_series(tmp_path):
    rows = "".join(f"{row},0.5,{row}.0,2.0,3.0\n" for row in range(5))
    (tmp_path / "s.csv").write_text(",original,source0,source1,duration\n" + rows)
    series = read_artificial(tmp_path / "s.csv")
    assert series.values.tolist() == [[float(row), 2.0] for row in range(5)]
    assert series.target_names == ("process", "source 0", "source 1")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("original", "value", "got no column 'original'"),
        ("source", "sensor", "got no columns of sources"),
        ("0.0,1.0,", "1.0,1.0,", "none or several sources"),
        ("\n5,", "\n5,7,", "line 7: got 8 fields, expected 7"),
        ("\n5,", "\nfive,", "line 7: got a field that is no number"),
        ("\n5,", "\nnan,", "not finite"),
        (",3.0\n", ",0.0\n", "a duration that is not above 0"),
        (",1.0,3.0\n", ",0.0,0.0\n", "no row with valid = 1"),
    ],
)
def test_a_malformed_artificial_file_is_answered_in_one_line(old, new, complaint, tmp_path):
    path = artificial_csv(tmp_path / "a.csv")
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ValueError, match=complaint) as caught:
        read_artificial(path)
    assert "a.csv" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("read", [read_artificial, read_household])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"one;two\n", b"a,b\n1,2\n"])
def test_what_is_no_such_file_is_refused(read, content, tmp_path):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"^x\.csv"):
        read(tmp_path / "x.csv")


def test_minutes_that_lack_a_value_are_left_out_and_the_clock_goes_on(tmp_path):
    minutes = read_household(household_csv(tmp_path / "h.csv", 20))
    assert minutes.values.shape == (18, 7)
    start = 17 * 60 + 24
    assert minutes.times.tolist() == [start + minute for minute in range(20) if minute not in (4, 5)]


def test_the_official_layout_of_dates_is_read_too(tmp_path):
    iso = household_csv(tmp_path / "h.csv", 20)
    lines = iso.read_text().replace("datetime", "Date;Time").replace("2006-12-16T", "16/12/2006;")
    (tmp_path / "h.txt").write_text(lines)
    one, other = read_household(iso), read_household(tmp_path / "h.txt")
    assert np.array_equal(one.times, other.times) and np.array_equal(one.values, other.values)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("Voltage", "Volts", "got the columns"),
        ("T17:25", " 17h25", "line 3: got the time"),
        ("T17:25:00;", "T17:25:00;x", "line 3: got a field that is no number"),
        ("T17:25:00;", "T17:25:00;1;", "line 3: got 9 fields, expected 8"),
        ("T17:25:00;", "T17:25:00;inf", "line 3: got a field that is no number"),
    ],
)
def test_a_malformed_household_file_is_answered_in_one_line(old, new, complaint, tmp_path):
    path = household_csv(tmp_path / "h.csv", 20)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ValueError, match=complaint) as caught:
        read_household(path)
    assert "\n" not in str(caught.value)


def test_ten_minutes_of_twenty_five_are_events_and_show_one_quantity():
    values = rng().standard_normal((2500, 7))
    series = household(values)
    kept = np.flatnonzero(np.resize(KEPT, 2500))
    assert sum(KEPT) == 10 and len(KEPT) == 25
    first = len(kept) - len(series)
    assert np.array_equal(series.times, 100.0 + kept[first:])
    assert np.array_equal(series.targets, values[kept[first:]])
    assert np.array_equal(series.values[:, 0], series.targets[np.arange(len(series)), series.sources])
    assert np.array_equal(series.features[:, 0], series.times % 1440)


def test_the_shares_of_the_quantities_grow_by_half_in_a_drawn_order():
    shares = np.bincount(household(rng().standard_normal((100_000, 7))).sources) / 40_000
    weights = 1.5 ** np.arange(7)
    assert np.abs(np.sort(shares) - weights / weights.sum()).max() < 0.01
    other = np.bincount(household(rng().standard_normal((100_000, 7)), seed=1).sources)
    assert not np.array_equal(np.argsort(shares), np.argsort(other))


def test_what_is_known_of_a_quantity_is_its_last_value_and_nothing_hidden():
    series = household(rng().standard_normal((3000, 7)))
    known = series.observed[0].copy()
    for row in range(1, len(series)):
        known[series.sources[row]] = series.values[row, 0]
        assert np.array_equal(series.observed[row], known)


def test_a_synchronous_household_shows_everything_every_minute():
    values = rng().standard_normal((40, 7))
    series = household(values, asynchronous=False)
    for column in (series.values, series.observed, series.targets):
        assert np.array_equal(column, values)


def test_too_few_minutes_to_see_every_quantity_are_refused():
    with pytest.raises(ValueError, match="not all 7 quantities are seen"):
        household(rng().standard_normal((5, 7)))
