"""Over the stores that are durable: what a call waits for in its store ends with the call, and nothing of it is left at the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import attrs
import pytest

from chatworkspace import ChatWorkspaceError, ChatWorkspaces, ClosedError, Timeouts
from chatworkspace.ports import Store
from chatworkspace_fake import FakeCoder
from chatworkspace_sqlite import SQLiteStore
from tests.adapters.postgres.calls import CHAT, ORGANIZATION, OWNER, claimed
from tests.adapters.postgres.server import APP, Database
from tests.hanging import PATIENCE, not_hanging, until

pytestmark = pytest.mark.adapters

LONG = 10 * PATIENCE
"""Seconds that a statement may take: whatever ends before was ended."""


@attrs.frozen
class Kept:
    """A store, what keeps its tables from everybody, and whether one of its calls waits for them."""

    store: Any
    keep: Callable[[], AbstractContextManager[object]]
    waits: Callable[[], bool]


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """Give a store of each kind, with a chat that another process has claimed."""
    if request.param == "sqlite":
        with closing(SQLiteStore(tmp_path / "chats.db", timeout=LONG)) as store:
            yield Kept(store, lambda: _kept_file(store), lambda: store._parts.here().reading._in_use)
    else:
        database: Database = request.getfixturevalue("postgres")
        with closing(database.store(timeout=LONG)) as kept:
            yield Kept(kept, lambda: _kept_tables(database, kept._schema), lambda: _at_work(database))


@contextmanager
def _kept_file(store: SQLiteStore) -> Generator[None, None, None]:
    """Have the file for one alone, as a program that repairs it may."""
    for line in (store._parts.here().reading, store._parts.here().writing):
        line.before_fork()  # it lets go of the file, and opens it again when it is next used
        line.after_fork()
    with closing(sqlite3.connect(store._path, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def _kept_tables(database: Database, schema: str) -> Generator[None, None, None]:
    import psycopg  # noqa: PLC0415 # not there where only the other store is tested

    with psycopg.connect(database.owner) as connection:
        for table in ("chat", "workspace", "secret", "intent"):
            connection.execute(f"LOCK TABLE {schema}.{table} IN ACCESS EXCLUSIVE MODE".encode())
        yield
        connection.rollback()


def _at_work(database: Database) -> bool:
    asked = "SELECT 1 FROM pg_stat_activity WHERE usename = %s AND state = 'active' AND datname = current_database()"
    return bool(database.execute(asked, (APP,)))


CALLS: dict[str, Callable[[ChatWorkspaces], object]] = {
    "status": lambda chats: chats.status(CHAT),
    "get_chat": lambda chats: chats.get_chat(CHAT),
    "history": lambda chats: chats.history(CHAT),
    "sweep": lambda chats: chats.sweep(),
    "connect": lambda chats: chats.connect(CHAT),
}


def _told(call: Callable[[], object], told: list[BaseException]) -> None:
    try:
        call()
    except ChatWorkspaceError as error:
        told.append(error)


def _opened(store: Store) -> ChatWorkspaces:
    coder = FakeCoder()
    return ChatWorkspaces(store=store, creator=coder, dialer=coder, timeouts=Timeouts(planning=LONG, queued=LONG))


@pytest.mark.parametrize("call", CALLS)
def test_close_ends_a_statement_that_hangs(kept: Kept, call: str) -> None:
    """Whoever waits for tables that somebody keeps is told at once, and no process of the server waits on; the store is as good as before."""
    kept.store.open_chat(CHAT, OWNER, ORGANIZATION)
    told = list[BaseException]()
    with kept.keep():
        chats = _opened(kept.store)
        thread = Thread(target=_told, args=(lambda: CALLS[call](chats), told))
        thread.start()
        until(kept.waits)
        with not_hanging():
            chats.close()
            thread.join(PATIENCE)
        assert [type(it) for it in told] == [ClosedError]
        until(lambda: not kept.waits())
    assert kept.store.look(CHAT).chat.id == CHAT


@pytest.mark.parametrize("end", ["close", "interrupt"])
def test_who_waits_for_a_turn_is_woken(kept: Kept, end: str) -> None:
    """Another process has the chat: an interrupt is told at once, and close() too, without another look at the database."""
    claim = claimed(kept.store, ttl=LONG)
    coder = FakeCoder()
    docker = coder.add_template("docker")
    chats = ChatWorkspaces(store=kept.store, creator=coder, dialer=coder, timeouts=Timeouts(planning=LONG, queued=LONG))
    thread = Thread(target=_told, args=(lambda: chats.create(CHAT, docker.id, wait=LONG), told := list[BaseException]()))
    thread.start()
    until(lambda: kept.store._parts.here().turns._waiting)
    with not_hanging():
        chats.close() if end == "close" else chats.interrupt(CHAT)
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert [type(it) for it in told] == ([ClosedError] if end == "close" else [])
    chats.close()
    kept.store.release(claim)
