"""What is read, and what becomes of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chatworkspace.ports import Intent, Look, Record
from chatworkspace.ports import intent_of as _intent_of
from chatworkspace.ports import look_of as _look_of
from chatworkspace.ports import record_of as _record_of
from chatworkspace_postgres._statements import COLUMNS, HISTORY_COLUMNS


def record_of(values: Sequence[str | None]) -> Record:
    """Return the record of a chat's row."""
    return _record_of(_fields(values))


def look_of(values: Sequence[str | None]) -> Look:
    """Return what a reader of many rows gets: what is odd about this one is told when it is asked for."""
    return _look_of(values[0] or "", lambda: _fields(values))


def _fields(values: Sequence[str | None]) -> Mapping[str, Any]:
    row: dict[str, Any] = dict(zip(COLUMNS, values, strict=True))
    row["closed"] = row["closed"] == "t"
    row["written"] = row["written"] == "t"
    return row


def intent_of(values: Sequence[str | None]) -> Intent:
    """Return one generation of the history."""
    row: dict[str, str | None] = dict(zip(HISTORY_COLUMNS, values, strict=True))
    notes = json.loads(row["notes"] or "[]")
    return _intent_of({**row, "notes": [text for text, _ in notes], "times": [times for _, times in notes]})
