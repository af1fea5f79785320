"""Files that cannot be used: which, why, in a person's words, and what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError, UnavailableError
from chatworkspace_sqlite import SQLiteStore
from chatworkspace_sqlite._causes import TABLE, Cause, cause_of, told, told_apart
from chatworkspace_sqlite._failures import is_busy, is_damaged

SAID = [
    ("unable to open database file", Cause.NOT_OPENED),
    ("attempt to write a readonly database", Cause.READ_ONLY),
    ("database or disk is full", Cause.FULL),
    ("disk I/O error", Cause.DISK),
    ("file is not a database", Cause.DAMAGED),
    ("database disk image is malformed", Cause.DAMAGED),
    ("database is locked", Cause.LOCKED),
    ("database table is locked", Cause.LOCKED),
    ("locking protocol", Cause.LOCKED),
    ("no such table: chat", Cause.INCOMPLETE),
    ("out of memory", Cause.NO_MEMORY),
    ("bad parameter or other API misuse", Cause.OTHER),
]
"""As SQLite says it."""


@pytest.mark.parametrize(("message", "cause"), SAID)
def test_what_sqlite_says_has_a_cause(message: str, cause: Cause) -> None:
    """And only what is locked is tried again, and what is damaged never."""
    assert cause_of(message) is cause
    assert is_busy(sqlite3.OperationalError(message)) is (cause is Cause.LOCKED)
    assert is_damaged(sqlite3.DatabaseError(message)) is (cause is Cause.DAMAGED)


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_says_what_to_do(cause: Cause) -> None:
    """In sentences, which can be told apart from what is wrong."""
    row = TABLE[cause]
    assert row.remedy.endswith(".")
    assert told_apart(told(cause, "/x/chats.db", "so it was said")) == (f"/x/chats.db: {row.words} (so it was said)", row.remedy)
    assert told_apart("something else") == ("something else", "")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """The path, the cause and the remedy are in the error."""
    path = tmp_path / "chats.db"
    path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(InvalidArgumentError, match=f"a database of chatworkspace; {path}: the file is damaged, or no database") as error:
        SQLiteStore(path)
    assert str(error.value).endswith(f". {TABLE[Cause.DAMAGED].remedy}")


def test_a_file_that_is_locked(tmp_path: Path) -> None:
    """By whoever is at work on it by hand."""
    path = tmp_path / "chats.db"
    store = SQLiteStore(path, timeout=0.2)
    store.secret()
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UnavailableError, match=TABLE[Cause.LOCKED].words) as error:
        store.open_chat("a", UUID(int=1), UUID(int=2))
    assert "another connection kept it locked for 0.2 s" in str(error.value)
    other.close()
    store.close()
