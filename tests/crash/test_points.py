"""Whatever dies wherever: the table of docs/explanation/guarantees.md, run anew."""

from __future__ import annotations

import pytest

from tests.crash.cells import run_cells
from tests.crash.databases import Database
from tests.crash.points import CELLS, POINTS
from tests.crash.table import committed, rows

OF_EACH = len(CELLS) // len(POINTS)
SOME = [CELLS[number * OF_EACH + number % OF_EACH] for number in range(len(POINTS))]
"""One of each point: the ways to die, and who comes next, in turn."""


@pytest.mark.parametrize("database", ["postgres", pytest.param("sqlite", marks=pytest.mark.exhaustive)], indirect=True)
def test_a_death_at_each_point_leaves_one_workspace(database: Database) -> None:
    """By one of the ways, whoever comes next."""
    assert {cell.point for cell in SOME} == set(POINTS)
    assert {cell.chat_id: wrong for cell, wrong in run_cells(SOME, database).items() if wrong} == {}


@pytest.mark.exhaustive
def test_a_death_at_any_point_leaves_one_workspace(database: Database) -> None:
    """At C0 to C14, by SIGKILL and by SIGSTOP beyond the claim, whoever comes next: one is live and bound, or none; as the page says."""
    outcomes = run_cells(CELLS, database)
    assert {cell.chat_id: wrong for cell, wrong in outcomes.items() if wrong} == {}
    assert rows(outcomes) == committed()
