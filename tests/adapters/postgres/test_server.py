"""What the tests of PostgreSQL stand on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import Any

import psycopg
import pytest

from chatworkspace_contracts import RealThreads
from tests.adapters.postgres.bouncer import SERVER_CONNECTIONS, program
from tests.adapters.postgres.calls import claimed
from tests.adapters.postgres.server import Database


def nowhere(name: str, *, path: str) -> None:
    """Find no program of any name."""


@pytest.mark.parametrize(("named", "outcome"), [("", pytest.skip.Exception), ("chromium,pgbouncer", pytest.fail.Exception)])
def test_a_pooler_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, named: str, outcome: type[BaseException]) -> None:
    """Its tests are skipped with the reason; where .ci/run requires it, they fail."""
    monkeypatch.setattr("shutil.which", nowhere)
    monkeypatch.setenv("CHATWORKSPACE_REQUIRE", named)
    with pytest.raises(outcome, match="Debian's package"):
        program()


def test_the_pooler_lends_few_connections_to_many(postgres: Database, pgbouncer: str) -> None:
    """Forty threads, each with connections of its own, are served by no more of the server's processes than the pooler has."""
    asked = Lock()
    served: set[int] = set()

    @contextmanager
    def connect() -> Generator[psycopg.Connection[Any], None, None]:
        with psycopg.connect(pgbouncer, autocommit=True) as connection:
            yield connection
            ((pid,),) = connection.execute("SELECT pg_backend_pid()").fetchall()
            with asked:
                served.add(pid)

    store = postgres.store(connect)
    RealThreads().together([partial(claimed, store, f"chat-{number}") for number in range(40)])
    assert len(store.chats()) == 40
    assert 1 < len(served) <= SERVER_CONNECTIONS


def test_the_stores_user_is_nobody_special(postgres: Database) -> None:
    """No superuser, no owner of anything."""
    rows = postgres.execute("SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = 'chats_app'")
    assert rows == [(False, False, False, False)]
    schema = postgres.schema()
    owners = postgres.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = %s", (schema,))
    assert ("chats_app",) not in owners
