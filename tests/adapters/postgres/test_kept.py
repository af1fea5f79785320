"""What tests use again is as if it had been made for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from chatworkspace_postgres import upgrade
from tests.adapters.postgres.calls import ANOTHER, CHAT, bound, claimed
from tests.adapters.postgres.kept import EMPTIED, Schemas
from tests.adapters.postgres.server import APP, Database
from tests.adapters.postgres.test_schema import name as name  # a fixture
from tests.adapters.postgres.test_schema import owner, shape

CHANGES = (
    "REVOKE UPDATE ON {schema}.note FROM {app}",
    "GRANT TRUNCATE ON {schema}.note TO {app}",
    "REVOKE USAGE ON SCHEMA {schema} FROM {app}",
    "ALTER TABLE {schema}.note ADD COLUMN more integer",
    "ALTER TABLE {schema}.note ALTER COLUMN times SET DEFAULT 2",
    "ALTER TABLE {schema}.note ADD CHECK (times < 9)",
    "ALTER TABLE {schema}.note DROP CONSTRAINT note_times_check",
    "ALTER TABLE {schema}.note RENAME CONSTRAINT note_times_check TO another",
    "DROP INDEX {schema}.chat_planned",
    "DROP TABLE {schema}.note",
    "CREATE TABLE {schema}.more ()",
    "CREATE TYPE {schema}.more AS ENUM ()",
    "CREATE FUNCTION {schema}.more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "UPDATE {schema}.version SET file = 'another' WHERE number = 1",
    "INSERT INTO {schema}.version VALUES (99, 'more')",
    "DROP SCHEMA {schema} CASCADE",
    "DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}",
)
"""What a test may have done to a schema, one of each kind."""


@pytest.fixture
def schemas(postgres: Database) -> Iterator[Schemas]:
    """Give schemas of this test's own."""
    with closing(Schemas(postgres.owner, lambda: postgres.schema(kept=True))) as it:
        yield it


def test_a_schema_that_is_given_again_is_as_upgrade_makes_it(postgres: Database, name: str, schemas: Schemas) -> None:
    """The same columns, constraints, indexes and versions, no row of anybody's, and all that a store does can be done."""
    upgrade(owner(postgres), schema=name)
    first = schemas.take()
    bound(postgres.store(schema=first), CHAT, ANOTHER)
    postgres.store(schema=first).secret()
    schemas.take_back()
    assert schemas.take() == first
    assert shape(postgres, first) == shape(postgres, name)
    assert postgres.execute(f"SELECT number, file FROM {first}.version") == postgres.execute(f"SELECT number, file FROM {name}.version")
    assert [postgres.execute(f"SELECT FROM {first}.{table}") for table in EMPTIED] == [[]] * len(EMPTIED)
    tables = postgres.execute("SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind <> 'i'", (first,))
    assert {table for (table,) in tables} == {"version", *EMPTIED}
    postgres.store(schema=first).check()
    bound(postgres.store(schema=first), CHAT, ANOTHER)


def test_one_that_somebody_has_is_not_given_to_another(schemas: Schemas) -> None:
    """Until it is taken back."""
    one, other = schemas.take(), schemas.take()
    assert one != other
    schemas.take_back()
    assert {schemas.take(), schemas.take()} == {one, other}


@pytest.mark.parametrize("change", CHANGES)
def test_one_that_was_changed_is_given_to_nobody(postgres: Database, schemas: Schemas, change: str) -> None:
    """Whether a right, a table, a column, a constraint, an index or what lies beside."""
    first = schemas.take()
    postgres.execute(change.format(schema=first, app=APP))
    schemas.take_back()
    assert schemas.take() != first


def test_one_whose_rows_are_held_is_given_to_nobody(postgres: Database, schemas: Schemas) -> None:
    """Somebody's transaction is still open there: nothing waits for its end."""
    first = schemas.take()
    claimed(postgres.store(schema=first))
    with psycopg.connect(postgres.owner) as holding:
        holding.execute(f"SELECT FROM {first}.chat FOR UPDATE".encode())
        schemas.take_back()
        assert schemas.take() != first


def test_a_connection_that_is_kept(postgres: Database) -> None:
    """It is lent to one at a time, and to nobody when it was left in a transaction or the server has ended it."""
    lent = postgres.store()._connect

    def process() -> int:
        with lent() as connection:
            return connection.info.backend_pid

    first = process()
    with lent() as connection:
        assert connection.info.backend_pid == first
        assert process() != first
        connection.execute("SELECT 1")  # begins a transaction
    assert connection.closed
    another = process()
    assert another != first
    postgres.execute("SELECT pg_terminate_backend(%s, 60000)", (another,))
    assert process() != another
