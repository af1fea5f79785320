"""How calls fail, and what is left of them in the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from chatworkspace import Reason, UnavailableError
from chatworkspace_postgres import PostgresStore
from tests.adapters.postgres.server import APP, Database

TIMEOUT = 0.5


def unavailable(call: Callable[[], object], said: str, *, retryable: bool = True) -> UnavailableError:
    with pytest.raises(UnavailableError, match=said) as error:
        call()
    assert (error.value.reason, error.value.retryable) == (Reason.STORE_UNAVAILABLE, retryable)
    return error.value


def backends(postgres: Database) -> set[int]:
    """Return the server's processes that are at work for the stores' user."""
    rows = postgres.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s AND state = 'active' AND datname = current_database()", (APP,))
    return {pid for (pid,) in rows}


def kept_from(store: PostgresStore, postgres: Database) -> psycopg.Connection[Any]:
    """Keep all of the store's tables from everybody, as a careless administrator does."""
    connection = psycopg.connect(postgres.owner)
    for table in ("chat", "workspace", "secret", "intent"):
        connection.execute(f"LOCK TABLE {store._schema}.{table} IN ACCESS EXCLUSIVE MODE".encode())
    return connection


def raising(store: PostgresStore, postgres: Database, code: str) -> None:
    """Let every insertion and change in the store's tables fail as a server in trouble would."""
    schema = store._schema
    postgres.execute(f"""
        CREATE FUNCTION {schema}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'in trouble' USING ERRCODE = '{code}'; END $$;
        CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON {schema}.chat FOR EACH STATEMENT EXECUTE FUNCTION {schema}.fail();
    """)
