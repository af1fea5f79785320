"""Django's own connections, as its wrapper behaves; docs/how-to/django.md is run with Django itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from chatworkspace import InvalidArgumentError, UnavailableError
from chatworkspace_postgres import PostgresStore, from_django
from tests.adapters.postgres.calls import claimed
from tests.adapters.postgres.server import Database


class WrappedError(Exception):
    """What Django makes of an error of the driver."""


class Django:
    """One thread's connection, made when it is needed."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.connection: psycopg.Connection[Any] | None = None
        self.in_atomic_block = False
        self.made = 0

    def ensure_connection(self) -> None:
        """Connect, unless there is one, even if that is closed."""
        if self.connection is None:
            try:
                self.connection = psycopg.connect(self.dsn, autocommit=True)
            except psycopg.Error as error:
                raise WrappedError(str(error)) from error
            self.made += 1

    def close(self) -> None:
        """Drop it."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None


@pytest.fixture
def django(postgres: Database) -> Iterator[Django]:
    it = Django(postgres.app)
    yield it
    it.close()


@pytest.fixture
def store(postgres: Database, django: Django) -> Iterator[PostgresStore]:
    it = PostgresStore(from_django(django), schema=postgres.schema())
    yield it
    it.close()


def test_no_second_connection_is_made(store: PostgresStore, django: Django) -> None:
    """All calls of a thread use the one that Django has, which stays open and is as it was."""
    for chat_id in ("a", "b"):
        claimed(store, chat_id)
    assert django.made == 1
    assert django.connection is not None
    assert django.connection.autocommit
    assert django.connection.execute("SELECT 1").fetchone() == (1,)


def test_one_that_was_lost_is_replaced(store: PostgresStore, django: Django, postgres: Database) -> None:
    """The call that loses it goes on with another, and so does the host."""
    claimed(store, "a")
    assert django.connection is not None
    postgres.execute("SELECT pg_terminate_backend(%s)", (django.connection.info.backend_pid,))
    assert store.look("a").chat.id == "a"
    assert django.made == 2
    django.connection.close()
    assert store.look("a").chat.id == "a"
    assert django.made == 3


def test_a_transaction_of_djangos_is_refused(store: PostgresStore, django: Django) -> None:
    """Also before anything was done in it: a rollback would take back what the store has said."""
    claimed(store, "a")
    django.in_atomic_block = True
    with pytest.raises(InvalidArgumentError, match=r"outside of atomic\(\)"):
        store.look("a")
    django.in_atomic_block = False
    assert store.look("a").chat.id == "a"


def test_a_server_that_is_away_is_told_as_by_the_driver(store: PostgresStore, django: Django) -> None:
    """And not as an error of Django: it may be asked again."""
    django.dsn = "host=127.0.0.1 port=1 connect_timeout=1"
    with pytest.raises(UnavailableError) as error:
        store.look("a")
    assert error.value.retryable
    assert "WrappedError" not in str(error.value)


def test_what_is_no_connection_of_django() -> None:
    """Is told where it comes in: a class, a module, a connection of the driver."""
    for wrong in (None, psycopg, psycopg.Connection):
        with pytest.raises(InvalidArgumentError, match="connection: expected a connection of Django"):
            from_django(wrong)  # type: ignore[arg-type] # on purpose
