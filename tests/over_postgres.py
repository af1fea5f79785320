"""PostgreSQL in virtual time: within over_postgres(database, connect), what a FakeStore or MemoryStore keeps lies in a real PostgreSQL.

A PostgresStore asks, and the server's clock shows the time of the store's own clock. So tests with exact instants, kills and interleavings run over
PostgreSQL as they are, and faults of a FakeStore strike where they do in memory: before the statement, or behind its commit. A statement takes no
virtual time. A store on the system's clock has the server's.

What tests do without: `lose_commits()`, for a real server keeps what it has confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any, get_args
from unittest import mock

import attrs
import psycopg
from psycopg_pool import ConnectionPool

from chatworkspace.ports import Clock, Store, SystemClock
from chatworkspace_fake import MemoryStore
from chatworkspace_fake._platform.store import StoreCall
from chatworkspace_postgres import Connect, PostgresStore, _statements
from chatworkspace_postgres._statements import Statement
from tests.adapters.postgres.server import Database

VIRTUAL = """
CREATE SCHEMA virtual;
CREATE TABLE virtual.now (at timestamptz NOT NULL);
INSERT INTO virtual.now VALUES (clock_timestamp());
CREATE FUNCTION virtual.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql AS 'SELECT at FROM virtual.now';
GRANT USAGE ON SCHEMA virtual TO PUBLIC;
GRANT SELECT, UPDATE ON virtual.now TO PUBLIC;
"""
"""A clock that a test sets. Statements name the server's own; those of a store in virtual time are given this one (see on_virtual_clock)."""


class VirtualDatabase:
    """A database whose clock is set. One test of a process at a time."""

    def __init__(self, database: Database) -> None:
        self.database = database
        database.execute(VIRTUAL)
        self._setting = psycopg.connect(database.owner, autocommit=True)

    def set(self, now: datetime) -> None:
        """Set it."""
        self._setting.execute("UPDATE virtual.now SET at = %s", (now,))

    def close(self) -> None:
        """Close the connection that sets it."""
        self._setting.close()


class Stores:
    """The stores behind those in memory; each gets its own, in a schema of its own, when it is first asked."""

    def __init__(self, virtual: VirtualDatabase, real: Database, *, virtual_pool: ConnectionPool[Any], real_pool: ConnectionPool[Any]) -> None:
        self._virtual = virtual
        self._real = real
        self._virtual_pool = virtual_pool
        self._real_pool = real_pool
        self._lock = Lock()
        self._stores: dict[int, tuple[MemoryStore, PostgresStore]] = {}
        self.statements = 0

    def of(self, store: MemoryStore) -> PostgresStore:
        """Return the store behind one in memory."""
        with self._lock:
            if id(store) not in self._stores:
                self._stores[id(store)] = (store, self.make(store._clock, now=partial(_now, store)))
            return self._stores[id(store)][1]

    def make(self, clock: Clock, *, now: Callable[[], datetime] | None = None) -> PostgresStore:
        """Make a store on this clock. now: what the server's clock shows, if not that."""
        if isinstance(clock, SystemClock):
            return self._real.store(self._counted(self._real_pool, None), clock=clock)
        return on_virtual_clock(self._virtual.database.store(self._counted(self._virtual_pool, now or clock.now), clock=clock))

    def _counted(self, pool: ConnectionPool[Any], now: Callable[[], datetime] | None) -> Connect:

        @contextmanager
        def connect() -> Generator[psycopg.Connection[Any], None, None]:
            self.statements += 1
            with pool.connection() as connection:
                if now is not None:
                    self._virtual.set(now())
                yield connection

        return connect

    def asks(self, call: str) -> Callable[..., Any]:
        """Return what takes the place of a method in memory."""

        def asks(store: MemoryStore, *arguments: Any, **more: Any) -> Any:
            behind: Store = self.of(store)
            return getattr(behind, call)(*arguments, **more)

        return asks


def on_virtual_clock(store: PostgresStore) -> PostgresStore:
    """Have a store's statements ask the clock that is set."""
    line = store._line
    for statement in [it for it in vars(_statements).values() if isinstance(it, Statement)]:
        real = statement.within(line._quoted)
        line._prepared[statement] = attrs.evolve(real, text=real.text.replace(b"pg_catalog.clock_timestamp()", b"virtual.clock_timestamp()"))
    return store


def _now(store: MemoryStore) -> datetime:
    """Return a store's time, or when the late write arrived that it performs."""
    clock, as_of = store._clock, getattr(store, "_as_of", None)
    return clock.now() - timedelta(seconds=0 if as_of is None else clock.monotonic() - as_of)


@contextmanager
def over_postgres(stores: Stores) -> Generator[Stores, None, None]:
    """Let what is in memory within lie in PostgreSQL."""
    with ExitStack() as stack:
        for call in get_args(StoreCall):
            stack.enter_context(mock.patch.object(MemoryStore, call, stores.asks(call)))
        yield stores
