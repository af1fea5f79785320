"""Whatever dies wherever: the table of docs/guarantees.md, run anew."""

from __future__ import annotations

from tests.crash.cells import run_cells
from tests.crash.databases import Database
from tests.crash.points import CELLS
from tests.crash.table import committed, rows


def test_a_death_at_any_point_leaves_one_workspace(database: Database) -> None:
    """At C0 to C13, by SIGKILL and by SIGSTOP beyond the claim, whoever comes next: one is live, it is bound, and all are told; as the page says."""
    outcomes = run_cells(CELLS, database)
    assert {cell.chat_id: wrong for cell, wrong in outcomes.items() if wrong} == {}
    assert rows(outcomes) == committed()
