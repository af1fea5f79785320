"""docs/explanation/guarantees.md and docs/explanation/limits.md name tests that are there, and have a row for everything."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.crash.points import POINTS
from tests.crash.table import GONE, GOOD, PAGE, committed

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
TEXT = PAGE.read_text(encoding="utf-8")
KINDS = (ROOT / "docs/explanation/limits.md").read_text(encoding="utf-8")
TESTS = "## Which test shows it?\n"
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT + KINDS)))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_every_test_that_is_named_is_there(path: str, name: str) -> None:
    """Whoever looks for the test of a promise finds it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_promise_and_every_limit_has_a_test() -> None:
    """Fifteen promises, fifteen limits, and no row without a test."""
    promises, limits = (
        TEXT.partition(f"## {name}\n")[2].partition("\n## ")[0] for name in ("What holds, whatever happens?", "What cannot be promised?")
    )
    rows = [[line for line in part.splitlines() if line.startswith("| ")][1:] for part in (promises, limits)]
    assert [row.split(" | ")[0].strip("| ") for row in rows[0]] == [str(number) for number in range(1, 16)]
    assert len(rows[1]) == 15
    assert [row for part in rows for row in part if "`tests/" not in row] == []


def test_every_kind_of_trouble_has_a_test() -> None:
    """What holds stands with its trouble, and which test shows it at the end of the page, in the same order."""
    told, shown = ([line for line in part.splitlines() if line.startswith("| ") and "| trouble |" not in line] for part in KINDS.split(TESTS))
    assert len(told) >= 12
    assert [row.split(" | ")[0] for row in told] == [row.split(" | ")[0] for row in shown]
    assert [row for row in shown if "`tests/" not in row] == []


def test_the_table_has_a_row_for_every_point() -> None:
    """C0 to C14, each good in every column."""
    head, _, *rows = committed().splitlines()
    assert [row.split(" | ")[0].strip("| ") for row in rows] == [point.name for point in POINTS]
    assert {point.name.split()[0] for point in POINTS} == {f"C{number}" for number in range(15)}
    for row in rows:
        good = GONE if row.startswith("| C14") else GOOD
        assert row.count(f" {good} ") == head.count("killed, ") + head.count("stopped, ")
