"""A store by its DSN alone, for programs that have no pool: a connection for each call."""

from __future__ import annotations

from functools import partial

import psycopg

from chatworkspace_postgres._store import PostgresStore

CONNECTING = 5
"""Seconds for a connection."""


def store_at(dsn: str, *, schema: str = "chatworkspace") -> PostgresStore:
    """Return a store whose schema is there, of this version, with the rights that it needs. UnavailableError, with what is missing."""
    store = PostgresStore(partial(psycopg.connect, dsn, connect_timeout=CONNECTING), schema=schema)
    store.check()
    return store
