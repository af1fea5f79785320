"""What is read, and what becomes of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from chatworkspace.ports import Intent, Record
from chatworkspace.ports import intent_of as _intent_of
from chatworkspace.ports import record_of as _record_of
from chatworkspace_postgres._statements import COLUMNS, HISTORY_COLUMNS


def record_of(values: Sequence[str | None]) -> Record:
    """Return the record of a chat's row."""
    row: dict[str, str | None] = dict(zip(COLUMNS, values, strict=True))
    return _record_of({**row, "closed": row["closed"] == "t", "written": row["written"] == "t"})


def intent_of(values: Sequence[str | None]) -> Intent:
    """Return one generation of the history."""
    row: dict[str, str | None] = dict(zip(HISTORY_COLUMNS, values, strict=True))
    return _intent_of({**row, "notes": json.loads(row["notes"] or "[]")})
