"""Laws of the tabular sets and of problems made from them: columns, standardisation, blanks, bad files."""

import numpy as np
import pytest
import torch

from vision.interactions.problem import synthetic_problem, tabular_problem
from vision.interactions.tabular import LAYOUTS, read_table

ROWS = 50


def write(folder, dataset, *, rows=ROWS, change=lambda cells, number: cells, extra=("note",)):
    """Writes a small file of a set, with a column that is not used where the set has names."""
    layout, rng = LAYOUTS[dataset], np.random.default_rng(0)
    names = list(layout.columns) or [*extra, layout.target, *layout.inputs]
    lines = [] if layout.columns else [",".join(names)]
    for number in range(rows):
        cells = {name: f"{rng.normal():.4f}" for name in names}
        if layout.binary:
            cells[layout.target] = "AZMN"[number % 4]
        lines.append(",".join(change(cells, number).values()))
    (folder / layout.files[0]).write_text("\n".join(lines) + "\n")
    return folder


def changed(column, text, at=3):
    return lambda cells, number: cells | ({column: text} if number == at else {})


@pytest.mark.parametrize("dataset", LAYOUTS)
def test_inputs_and_target_are_the_named_columns(dataset, tmp_path):
    layout = LAYOUTS[dataset]
    write(tmp_path, dataset, change=lambda cells, number: cells | {layout.inputs[-1]: str(number)})
    table = read_table(tmp_path, dataset)
    assert table.inputs.shape == (ROWS, len(layout.inputs)) and table.targets.shape == (ROWS,)
    assert table.inputs[:, -1].tolist() == list(range(ROWS))
    if layout.binary:
        assert table.targets[:4].tolist() == [1.0, 0.0, 1.0, 0.0]


def test_a_line_of_names_before_the_letters_is_passed_over(tmp_path):
    path = write(tmp_path, "letter") / "letter-recognition.data"
    plain = read_table(tmp_path, "letter")
    path.write_text("Letter," + ",".join(map(str, range(1, 17))) + "\n" + path.read_text())
    assert np.array_equal(read_table(tmp_path, "letter").inputs, plain.inputs)


@pytest.mark.parametrize("dataset", LAYOUTS)
def test_every_part_is_in_deviations_of_the_training_rows(dataset, tmp_path):
    table = read_table(write(tmp_path, dataset), dataset)
    problem = tabular_problem(dataset, table, np.random.default_rng(1))
    assert [len(problem.parts[name]) for name in ("train", "validation", "test")] == [40, 5, 5]
    train = problem.parts["train"]
    assert torch.allclose(train.inputs.mean(0), torch.zeros(1, len(problem.inputs)), atol=1e-5)
    assert torch.allclose(train.inputs.std(0, correction=0), torch.ones(1, len(problem.inputs)), atol=1e-5)
    order = np.random.default_rng(1).permutation(ROWS)
    if table.layout.binary:
        assert problem.deviations == (1.0,) and set(train.targets.flatten().tolist()) == {0.0, 1.0}
    else:
        shift, scale = table.targets[order[:40]].mean(), table.targets[order[:40]].std()
        expected = (table.targets[order[45:]] - shift) / scale
        assert np.allclose(problem.parts["test"].targets[:, 0].numpy(), expected, atol=1e-5)
        assert problem.deviations == pytest.approx((scale,))


def test_a_blank_becomes_the_median_of_its_column_in_the_training_rows(tmp_path):
    write(tmp_path, "california", change=changed("total_bedrooms", ""))
    table = read_table(tmp_path, "california")
    column = LAYOUTS["california"].inputs.index("total_bedrooms")
    assert np.isnan(table.inputs[3, column]) and np.isnan(table.inputs).sum() == 1
    problem = tabular_problem("california", table, np.random.default_rng(1))
    order = np.random.default_rng(1).permutation(ROWS)
    filled = torch.cat([problem.parts[name].inputs for name in ("train", "validation", "test")])[:, 0, column]
    place = int(np.flatnonzero(order == 3)[0])
    train = table.inputs[order[:40], column]
    known = train[~np.isnan(train)]
    full = np.where(np.isnan(train), np.median(known), train)
    assert float(filled[place]) == pytest.approx((np.median(known) - full.mean()) / full.std(), abs=1e-5)


def test_an_input_that_does_not_vary_becomes_zero(tmp_path):
    write(tmp_path, "bike", change=lambda cells, number: cells | {"yr": "1"})
    problem = tabular_problem("bike", read_table(tmp_path, "bike"), np.random.default_rng(0))
    assert not problem.parts["train"].inputs[:, 0, LAYOUTS["bike"].inputs.index("yr")].any()


@pytest.mark.parametrize(
    ("dataset", "change", "complaint"),
    [
        ("bike", changed("temp", "warm"), "line 5: temp: got 'warm', expected a finite number"),
        ("bike", changed("temp", ""), "line 5: temp: got '', expected a finite number"),
        ("bike", changed("cnt", "nan"), "line 5: cnt: got 'nan', expected a finite number"),
        ("bike", changed("cnt", "1,2"), "line 5: got 15 cells, expected 14"),
        ("letter", changed("letter", "7"), "line 4: letter: got '7', expected a capital letter"),
    ],
)
def test_a_cell_that_is_no_number_is_named_in_one_line(dataset, change, complaint, tmp_path):
    write(tmp_path, dataset, change=change)
    with pytest.raises(ValueError, match=complaint) as raised:
        read_table(tmp_path, dataset)
    assert "\n" not in str(raised.value) and LAYOUTS[dataset].files[0] in str(raised.value)


def test_missing_columns_rows_and_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no bike_hour\.csv or hour\.csv"):
        read_table(tmp_path, "bike")
    path = write(tmp_path, "bike", rows=9) / "bike_hour.csv"
    with pytest.raises(ValueError, match="got 9 rows, expected at least 10"):
        read_table(tmp_path, "bike")
    path.write_text(path.read_text().replace("windspeed", "wind"))
    with pytest.raises(ValueError, match="has no column 'windspeed'"):
        read_table(tmp_path, "bike")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is no CSV text"):
        read_table(tmp_path, "bike")
    write(tmp_path, "california", change=lambda cells, number: cells | {"total_bedrooms": ""})
    with pytest.raises(ValueError, match="total_bedrooms: got blanks in all training rows"):
        tabular_problem("california", read_table(tmp_path, "california"), np.random.default_rng(0))


def test_synthetic_parts_have_equal_rows_and_come_from_the_generator():
    problem = synthetic_problem(("f1", "f3"), 50, np.random.default_rng(4))
    again = synthetic_problem(("f1", "f3"), 50, np.random.default_rng(4))
    other = synthetic_problem(("f1", "f3"), 50, np.random.default_rng(5))
    for name, part in problem.parts.items():
        assert part.inputs.shape == (50, 2, 10) and part.targets.shape == (50, 2)
        assert torch.equal(part.inputs, again.parts[name].inputs)
        assert not torch.equal(part.inputs, other.parts[name].inputs)
    train = problem.parts["train"]
    assert torch.allclose(train.targets.std(0, correction=0), torch.ones(2), atol=1e-5)
    with pytest.raises(ValueError, match="rows: got 0"):
        synthetic_problem(("f1",), 0, np.random.default_rng(0))
