"""Files that are damaged, removed, full, or may not be written: each is told, and nothing is made of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from chatworkspace import Reason, UnavailableError
from chatworkspace_sqlite import SQLiteStore
from tests.adapters.sqlite.files import ORGANIZATION, OWNER, bound, opened
from tests.adapters.talking import started

WORKSPACE, ANOTHER = UUID(int=101), UUID(int=102)
NOBODY = 65534
PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chats.db"


def test_a_damaged_page(path: Path) -> None:
    """Reading it is an error that does not go away by itself; the rest can be read."""
    with opened(path) as store:
        bound(store, "chat", WORKSPACE)
        secret = store.secret()
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'chat'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xff" * PAGE)
    with opened(path) as store:
        for _ in range(2):
            with pytest.raises(UnavailableError, match="malformed") as error:
                store.look("chat")
            assert (error.value.reason, error.value.retryable) == (Reason.STORE_UNAVAILABLE, False)
            assert isinstance(error.value.__cause__, sqlite3.DatabaseError)
        assert store.secret() == secret


def test_a_file_that_is_removed_in_use(path: Path) -> None:
    """Writing on into a file without a name would be lost: each call says so, and no empty file is made in its place. Put back, it is used again."""
    with opened(path) as store:
        bound(store, "chat", WORKSPACE)
    with opened(path) as store:
        store.look("chat")
        path.rename(path.with_name("away.db"))
        for said in ("removed or replaced", "unable to open", "unable to open"):
            with pytest.raises(UnavailableError, match=said) as error:
                store.look("chat")
            assert error.value.reason is Reason.STORE_UNAVAILABLE
        with pytest.raises(UnavailableError, match="unable to open"):
            store.open_chat("other", OWNER, ORGANIZATION)
        assert not path.exists()
        path.with_name("away.db").rename(path)
        assert store.look("chat").chat.workspace_id == WORKSPACE


def open_many(store: SQLiteStore) -> None:
    for number in range(1000):
        store.open_chat(f"chat-{number}", OWNER, ORGANIZATION)


def test_no_more_pages(path: Path) -> None:
    """A write that finds no room is not done, those before it stay, and once there is room it can be made again."""

    def no_room(connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    with opened(path) as store:
        store._parts.here().writing.run(no_room)
        with pytest.raises(UnavailableError, match="full") as error:
            open_many(store)
        assert (error.value.reason, error.value.retryable) == (Reason.STORE_UNAVAILABLE, True)
        stored = len(store.chats(limit=1000))
        assert 0 < stored < 1000
        store.open_chat(f"chat-{stored}", OWNER, ORGANIZATION)
        assert len(store.chats(limit=1000)) == stored + 1


@pytest.mark.skipif(sys.platform == "win32", reason="this system limits no files")
def test_a_disk_that_is_full(path: Path) -> None:
    """The system refuses to write more: every chat that was told to be open is there, in that process and afterwards."""
    process = started("sqlite.filler", path, 300_000)
    out, _ = process.communicate()
    *told, last = out.splitlines()
    assert len(told) > 10
    assert last == f"UnavailableError store_unavailable True {len(told)}"
    with opened(path) as store:
        assert {look.chat.id for look in store.chats(limit=10_000)} >= set(told)
        store.open_chat("afterwards", OWNER, ORGANIZATION)


@pytest.fixture
def shared() -> Iterator[Path]:
    """Make a directory that another user can look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no users")
@pytest.mark.parametrize("there", [True, False], ids=["a file", "no file"])
def test_where_nothing_may_be_written(shared: Path, *, there: bool) -> None:
    """By a user who may not: the constructor says so, and not that it is no database."""
    path = shared / "chats.db"
    if there:
        with opened(path) as store:
            bound(store, "chat", WORKSPACE)
        path.chmod(0o444)
    shared.chmod(0o555)
    code = f"from chatworkspace_sqlite import SQLiteStore; SQLiteStore({str(path)!r})"
    process = started("sqlite.as_user", NOBODY if os.geteuid() == 0 else os.geteuid(), code)
    said, _ = process.communicate()
    assert said.startswith(f"UnavailableError {path}: "), said
    assert ("readonly" if there else "unable to open") in said
