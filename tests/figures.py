"""A table of what a test run measured: `python -m tests.figures REPORT.xml`, of pytest's `--junitxml`."""

import sys
from xml.etree import ElementTree

LONGEST = 100  # characters of a test's name


def table(report: str) -> str:
    """The tests of a report with their results and recorded figures, as a Markdown table."""
    rows = ["| law | result | seconds | figures |", "|---|---|---:|---|"]
    for case in ElementTree.parse(report).iter("testcase"):
        bad = case.find("failure") is not None or case.find("error") is not None
        result = "failed" if bad else "skipped" if case.find("skipped") is not None else "passed"
        figures = [(p.get("name"), p.get("value")) for p in case.iter("property")]
        shown = "; ".join(f"{name}: {_short(value)}" for name, value in figures)
        name = case.get("name").removeprefix("test_").replace("_", " ")[:LONGEST]
        rows.append(f"| {name} | {result} | {float(case.get('time')):.0f} | {shown} |")
    return "\n".join(rows) + "\n"


def _short(value: str) -> str:
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value


if __name__ == "__main__":
    sys.stdout.write(table(sys.argv[1]))
