"""Django's own connections, lent to the store."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import psycopg

from chatworkspace import InvalidArgumentError
from chatworkspace_postgres._wire import Connect, Connection


class DjangoConnection(Protocol):
    """What `django.db.connection` is, and each of `django.db.connections`, as far as it matters here."""

    connection: Any
    """The psycopg.Connection of this thread; None: there is none yet."""
    in_atomic_block: bool
    """Inside atomic()."""

    def ensure_connection(self) -> None:
        """Connect, unless there is a connection."""

    def close(self) -> None:
        """Drop the connection."""


def from_django(connection: DjangoConnection) -> Connect:
    """Return what gives a store the connections that Django has: each thread its own, so that there is no second pool.

    connection: `django.db.connection`, or another of `django.db.connections`; over psycopg 3, which Django has from 4.2 on. Nothing is imported from
    Django. Inside atomic() the store refuses with InvalidArgumentError: a rollback would take back what it has said. Leave `listen` out, or give it
    connections of its own.
    """
    if not all(hasattr(connection, name) for name in ("ensure_connection", "close", "in_atomic_block")):
        raise InvalidArgumentError("connection", "a connection of Django: django.db.connection")

    def lend() -> AbstractContextManager[Connection]:
        return _lent(connection)

    return lend


@contextmanager
def _lent(django: DjangoConnection) -> Generator[Connection, None, None]:
    if django.in_atomic_block:
        raise InvalidArgumentError(
            "connect", "a connection of Django outside of atomic(), whose rollback would take back what the store has said: call it before or after"
        )
    if getattr(django.connection, "closed", False):
        django.close()  # lost, of which Django finds out with the next request only
    try:
        django.ensure_connection()
    except Exception as error:
        if isinstance(error.__cause__, psycopg.Error):  # as Django wraps what the driver says
            raise error.__cause__ from None
        raise
    yield django.connection
