"""What costs much to make, and is used again: connections, and schemas with their tables."""

from __future__ import annotations

import os
import select
from collections import defaultdict, deque
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import pq

EMPTIED = ("note", "intent", "workspace", "chat", "secret")
"""Tables, in an order in which their rows may go."""
_AS_THEY_ARE = """
SELECT 'schema', oid::text, xmin::text FROM pg_namespace WHERE nspname = '{schema}'
UNION ALL SELECT 'holds', classid::text, objid::text FROM pg_depend WHERE refobjid = '{schema}'::regnamespace
UNION ALL SELECT 'relation', oid::text, xmin::text FROM pg_class WHERE relnamespace = '{schema}'::regnamespace
UNION ALL SELECT 'column', format('%s.%s', attrelid, attnum), it.xmin::text FROM pg_attribute AS it
    JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = '{schema}'::regnamespace
UNION ALL SELECT 'constraint', oid::text, xmin::text FROM pg_constraint WHERE connamespace = '{schema}'::regnamespace
UNION ALL SELECT 'trigger', it.oid::text, it.xmin::text FROM pg_trigger AS it
    JOIN pg_class ON pg_class.oid = tgrelid WHERE relnamespace = '{schema}'::regnamespace
UNION ALL SELECT 'version', number::text, xmin::text FROM {schema}.version
ORDER BY 1, 2, 3
"""
"""Each row of the catalogs that a schema is made of, with the transaction that wrote it: whatever is changed, a right, say, gets another."""


class Kept:
    """Connections that are lent as a pool lends them, but without a thread. Safe from any thread; each process has its own."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connect = connect
        self._idle: defaultdict[int, deque[psycopg.Connection[Any]]] = defaultdict(deque)

    @contextmanager
    def lent(self) -> Generator[psycopg.Connection[Any], None, None]:
        """Lend one that nobody has."""
        connection = self._found() or self._connect()
        try:
            yield connection
        finally:
            if connection.pgconn.transaction_status == pq.TransactionStatus.IDLE:
                self._idle[os.getpid()].append(connection)
            else:
                connection.close()

    def close(self) -> None:
        """Close those that nobody has."""
        idle = self._idle[os.getpid()]
        while idle:
            idle.pop().close()

    def _found(self) -> psycopg.Connection[Any] | None:
        idle = self._idle[os.getpid()]
        with suppress(IndexError):
            while True:
                connection = idle.pop()
                if not _has_said_something(connection):
                    return connection
                connection.close()
        return None


def _has_said_something(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether the server has, unasked: it has ended, or is about to."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


class Schemas:
    """Schemas that are given, taken back, and emptied and given again if nothing but rows was changed in them. One thread at a time."""

    def __init__(self, dsn: str, make: Callable[[], str]) -> None:
        """Keep how a fresh one is made. dsn: of one who may do anything."""
        self._make = make
        self._kept = Kept(lambda: psycopg.connect(dsn, autocommit=True))
        self._made: dict[str, list[Any]] = {}
        self._given: list[str] = []
        self._back: deque[str] = deque()

    def take(self) -> str:
        """Give one whose tables are empty."""
        while self._back:
            name = self._back.popleft()
            if self._is_as_made(name):
                self._given.append(name)
                return name
        name = self._make()
        with self._kept.lent() as connection:
            self._made[name] = connection.execute(_AS_THEY_ARE.format(schema=name).encode()).fetchall()
        self._given.append(name)
        return name

    def take_back(self) -> None:
        """Take back all that were given."""
        self._back.extend(self._given)
        self._given.clear()

    def close(self) -> None:
        """Close the connection."""
        self._kept.close()

    def _is_as_made(self, name: str) -> bool:
        """Empty it, and tell whether all else is as it was made. No: somebody still has a row of it, or has changed something."""
        tables = [f"{name}.{it}" for it in EMPTIED]
        empty = f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE NOWAIT; " + "; ".join(f"DELETE FROM {it}" for it in tables)
        with self._kept.lent() as connection, suppress(psycopg.Error):
            with connection.transaction():
                connection.execute(empty.encode())
            return bool(connection.execute(_AS_THEY_ARE.format(schema=name).encode()).fetchall() == self._made[name])
        return False
