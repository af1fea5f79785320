"""By a DSN alone, for programs that have no pool: a connection for each call."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any

import attrs
import psycopg
from psycopg.conninfo import conninfo_to_dict

from chatworkspace import InvalidArgumentError
from chatworkspace_postgres._places import place_in
from chatworkspace_postgres._schema import script, upgrade
from chatworkspace_postgres._store import PostgresStore
from chatworkspace_postgres._wire import Connect

CONNECTING = 5
"""Seconds for a connection, unless the DSN says how many."""


@attrs.frozen(kw_only=True)
class _Dialled:
    """Makes a connection each time. place: where it leads, as it may be shown."""

    dsn: str = attrs.field(repr=False)
    seconds: int | str
    place: str

    def __call__(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn, connect_timeout=self.seconds)


def connect_by(dsn: str) -> Connect:
    """Return what connects. InvalidArgumentError, which repeats nothing of a text that may hold a password."""
    told = None
    with suppress(psycopg.ProgrammingError):
        told = conninfo_to_dict(dsn)
    if told is None:
        raise InvalidArgumentError("dsn", "PostgreSQL's connection string, such as postgresql://app@db/app")
    return _Dialled(dsn=dsn, seconds=told.get("connect_timeout") or CONNECTING, place=place_in(told))


def store_at(dsn: str, *, schema: str = "chatworkspace") -> PostgresStore:
    """Return a store whose schema is there, of this version, with the rights that it needs. UnavailableError, with what is missing."""
    store = PostgresStore(connect_by(dsn), schema=schema)
    store.check()
    return store


def upgrade_at(dsn: str, schema: str) -> Sequence[str]:
    """Make or upgrade the tables; return the files that were applied. InvalidArgumentError, UnavailableError."""
    return upgrade(connect_by(dsn), schema=schema)


def version_at(dsn: str, schema: str) -> int:
    """Return the version of the tables. InvalidArgumentError; UnavailableError, with all that is missing."""
    with closing(store_at(dsn, schema=schema)) as store:
        return store.schema_version()


def script_at(dsn: str, schema: str) -> str:
    """Return what upgrade_at() would run. InvalidArgumentError, UnavailableError."""
    return script(connect_by(dsn), schema=schema)
