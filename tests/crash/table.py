"""The table of crash points in docs/explanation/guarantees.md.

`PYTHONPATH=.:adapters python -m tests.crash.table` runs every cell, and writes what came of it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.crash.cells import run_cells
from tests.crash.databases import Files
from tests.crash.points import CELLS, POINTS, Cell, Death, First, Next

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "guarantees.md"
BEGIN, END = "<!-- crash points: written by `python -m tests.crash.table` -->\n", "<!-- crash points: end -->\n"
GOOD, GONE = "one live, bound, told ready", "none live, closed, told gone"


def rows(outcomes: Mapping[Cell, Sequence[str]]) -> str:
    """Return the table, as the page has it."""
    columns = [(death, next_) for death in Death for next_ in Next]
    head = ["point", "where the first process is", *(f"{death.value}, {next_.value}" for death, next_ in columns)]
    lines = [head, ["---"] * len(head)]
    for point in POINTS:
        cells = [Cell(point=point, death=death, next=next_) for death, next_ in columns]
        lines.append([point.name, point.what, *(_told(cell, outcomes[cell]) for cell in cells)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _told(cell: Cell, wrong: Sequence[str]) -> str:
    good = GONE if cell.point.first is First.DELETE else GOOD
    return f"**{'; '.join(wrong)}**" if wrong else good


def committed() -> str:
    """Return the table that the page has."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip("\n") + "\n"


def main() -> int:
    """Run, write, and tell; the exit code is 1 if anything went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run_cells(CELLS, Files(Path(folder)))
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{rows(outcomes)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    bad = {cell.chat_id: wrong for cell, wrong in outcomes.items() if wrong}
    sys.stdout.write("".join(f"{chat_id}: {'; '.join(wrong)}\n" for chat_id, wrong in bad.items()))
    sys.stdout.write(f"{len(outcomes) - len(bad)} of {len(outcomes)} good; written to {PAGE.name}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
