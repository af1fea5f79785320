"""How the tables come to be, and what is said where something of them is missing."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from chatworkspace import InvalidArgumentError, Reason, UnavailableError
from chatworkspace.ports import SystemClock
from chatworkspace_contracts import RealThreads
from chatworkspace_postgres import PostgresStore, _schema, upgrade
from chatworkspace_postgres._schema import RIGHTS, script
from tests.adapters.postgres.calls import ANOTHER, ORGANIZATION, OWNER, WORKSPACE, bound, claimed
from tests.adapters.postgres.server import APP, Database, granted, own_programs
from tests.docs.pages import blocks

FILES = ("0001_first.sql", "0002_replacements.sql", "0003_growth.sql")
NUMBERS = count()


@pytest.fixture
def name(postgres: Database) -> Iterator[str]:
    """Give the name of a schema that is not there."""
    made = f"fresh_{next(NUMBERS)}"
    yield made
    postgres.execute(f"DROP SCHEMA IF EXISTS {made} CASCADE")


def owner(postgres: Database, **arguments: Any) -> Callable[[], psycopg.Connection[Any]]:
    return lambda: psycopg.connect(postgres.owner, **arguments)


def missing(store: PostgresStore) -> str:
    """Return what check() says."""
    with pytest.raises(UnavailableError) as error:
        store.check()
    assert (error.value.reason, error.value.retryable) == (Reason.STORE_UNAVAILABLE, False)
    return str(error.value)


def use(store: PostgresStore) -> None:
    """Make use of all tables."""
    store.secret()
    bound(store)
    store.release(claimed(store, plan=None), note="refused")
    store.discard(ANOTHER)
    store.purge(0)


def shape(postgres: Database, schema: str) -> list[Any]:
    """Return all columns, constraints and indexes."""
    columns = "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = %s"
    constraints = "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = %s::regnamespace"
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = %s"
    found = [row for statement in (columns, constraints, indexes) for row in postgres.execute(statement, (schema,))]
    return sorted(str(row).replace(schema, "it") for row in found)


# ---------------------------------------------------------------- upgrade


def test_an_upgrade_tells_the_files_that_it_applied(postgres: Database, name: str) -> None:
    """All of them for a fresh schema, none when there is nothing to do."""
    assert upgrade(owner(postgres), schema=name) == FILES
    assert upgrade(owner(postgres), schema=name) == ()
    assert postgres.execute(f"SELECT number, file FROM {name}.version ORDER BY number") == list(enumerate(FILES, 1))


@pytest.mark.parametrize("isolation", ["read committed", "serializable"])
def test_upgrades_at_once(postgres: Database, name: str, isolation: str) -> None:
    """One of them applies each file, the others wait for it and find nothing to do, whatever the isolation level of the host's."""
    connect = owner(postgres, options=f"-c default_transaction_isolation={isolation.replace(' ', chr(92) + ' ')}")
    told = RealThreads().together([partial(upgrade, connect, schema=name)] * 8)
    assert sorted(map(tuple, told)) == [()] * 7 + [FILES]


def test_an_upgrade_through_a_pool_or_pooler(postgres: Database, name: str) -> None:
    """Any connection will do, autocommitted or not; it is as it was afterwards."""
    with ConnectionPool(postgres.owner, min_size=1, max_size=1, open=True) as pool:
        assert upgrade(pool.connection, schema=name) == FILES
        with pool.connection() as connection:
            assert connection.autocommit is False
            assert connection.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_an_upgrade_that_fails_leaves_nothing(postgres: Database, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one transaction; the error says what failed, and the connection is idle."""
    monkeypatch.setattr(_schema, "_BEGIN", "BEGIN; CREATE SCHEMA x_; CREATE TABLE x_.y (); SELECT nonsense")
    with psycopg.connect(postgres.owner) as connection:
        with pytest.raises(UnavailableError, match="nonsense"):
            upgrade(lambda: nullcontext(connection), schema=name)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert postgres.execute("SELECT FROM pg_namespace WHERE nspname IN ('x_', %s)", (name,)) == []


def test_an_upgrade_by_who_may_not(postgres: Database, name: str) -> None:
    """The server's own words, and that trying again does not help."""
    with pytest.raises(UnavailableError, match="permission denied") as error:
        upgrade(postgres.connect, schema=name)
    assert not error.value.retryable


def test_an_upgrade_inside_a_transaction(postgres: Database, name: str) -> None:
    """A usage error, as for the store."""
    with psycopg.connect(postgres.owner) as connection:
        connection.execute("SELECT 1")
        with pytest.raises(InvalidArgumentError, match="connect: expected a connection that is idle"):
            upgrade(lambda: connection, schema=name)


def test_a_schema_that_somebody_made_beforehand(postgres: Database, name: str) -> None:
    """It is used, by who may make tables in it and no schemas."""
    postgres.execute(f"CREATE SCHEMA {name} AUTHORIZATION {APP}")
    assert upgrade(postgres.connect, schema=name) == FILES
    bound(PostgresStore(postgres.connect, schema=name))


@pytest.mark.parametrize(
    "theirs",
    [
        "CREATE TABLE {name}.orders (id integer)",
        "CREATE FUNCTION {name}.orders() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE {name}.orders AS ENUM ('open')",
        "CREATE DOMAIN {name}.orders AS integer",
        'CREATE COLLATION {name}.orders FROM "C"',
        "CREATE TEXT SEARCH CONFIGURATION {name}.orders (COPY = simple)",
        "CREATE AGGREGATE {name}.orders (integer) (SFUNC = int4pl, STYPE = integer)",
        "CREATE VIEW {name}.version AS SELECT 1 AS number",
        "CREATE TABLE {name}.version (number integer, file text)",
        "CREATE TABLE {name}.version (number integer, file text, applied_at text); INSERT INTO {name}.version VALUES (1, '0001_users.sql', '')",
        "CREATE TABLE {name}.version (number integer, file text, applied_at text); INSERT INTO {name}.version VALUES (2, '0001_first.sql', '')",
    ],
)
def test_a_schema_of_somebody_else(postgres: Database, name: str, theirs: str) -> None:
    """It is left as it was, whatever its tables are called, and nothing is printed for it."""
    postgres.execute(f"CREATE SCHEMA {name}; " + theirs.format(name=name))
    before = shape(postgres, name)
    for act in (upgrade, script):
        with pytest.raises(UnavailableError, match="what is not of chatworkspace") as error:
            act(owner(postgres), schema=name)
        assert not error.value.retryable
    assert shape(postgres, name) == before


@pytest.fixture
def mallory(postgres: Database) -> Iterator[str]:
    """Give the name of a role that is nobody's member, and has no rights."""
    made = f"mallory_{next(NUMBERS)}"
    postgres.execute(f"CREATE ROLE {made}")
    yield made
    postgres.execute(f"DROP OWNED BY {made}; DROP ROLE {made}")


def test_a_schema_that_belongs_to_a_stranger(postgres: Database, name: str, mallory: str) -> None:
    """It is left alone, for they could drop what is made in it, with the secret: the error names them. Nothing is printed for it either."""
    postgres.execute(f"CREATE SCHEMA {name} AUTHORIZATION {mallory}; GRANT USAGE, CREATE ON SCHEMA {name} TO {APP}")
    for act in (upgrade, script):
        with pytest.raises(UnavailableError, match=f"it belongs to {mallory}, who could drop what {APP} makes in it") as error:
            act(postgres.connect, schema=name)
        assert not error.value.retryable
    assert shape(postgres, name) == []


@pytest.mark.parametrize("trusted", ["a superuser", "a role of the user's", "the owner of the database"])
def test_a_schema_that_belongs_to_whom_one_trusts_anyway(postgres: Database, name: str, mallory: str, trusted: str) -> None:
    """The user is their member, or they could drop all of the database: it is used. So is a stranger's, by a superuser."""
    postgres.execute(f"CREATE SCHEMA {name} AUTHORIZATION {mallory}; GRANT USAGE, CREATE ON SCHEMA {name} TO {APP}")
    ((base, of),) = postgres.execute("SELECT datname, datdba::regrole::text FROM pg_database WHERE datname = current_database()")
    if trusted == "a superuser":
        postgres.execute(f"ALTER ROLE {mallory} SUPERUSER")
    elif trusted == "a role of the user's":
        postgres.execute(f"GRANT {mallory} TO {APP}")
    else:
        postgres.execute(f'ALTER DATABASE "{base}" OWNER TO {mallory}')
    try:
        assert upgrade(postgres.connect, schema=name) == FILES
    finally:
        postgres.execute(f'ALTER DATABASE "{base}" OWNER TO {of}')
    postgres.execute(f"DROP SCHEMA {name} CASCADE; ALTER ROLE {mallory} NOSUPERUSER; CREATE SCHEMA {name} AUTHORIZATION {mallory}")
    assert upgrade(owner(postgres), schema=name) == FILES
    postgres.execute(f"DROP SCHEMA {name} CASCADE")


def test_what_would_be_run_can_be_printed(postgres: Database, name: str, tmp_path: Path) -> None:
    """Run as it is, it comes to the same tables. Nothing is changed by printing it, and nothing printed when there is nothing to do."""
    text = script(owner(postgres), schema=name)
    assert postgres.execute("SELECT FROM pg_namespace WHERE nspname = %s", (name,)) == []
    (tmp_path / "upgrade.sql").write_text(text, encoding="utf-8")
    postgres.execute(text)
    assert script(owner(postgres), schema=name) == ""
    assert shape(postgres, name) == shape(postgres, postgres.schema())
    postgres.execute(granted(name))
    PostgresStore(postgres.connect, schema=name).check()


def test_an_upgrade_that_is_kept_waiting(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has the tables: it ends at its limit, with an error that says so, and so does what only prints."""
    monkeypatch.setattr(_schema, "UPGRADING", 0.5)
    schema = postgres.schema()
    with psycopg.connect(postgres.owner) as holding:
        holding.execute(f"LOCK TABLE {schema}.version IN ACCESS EXCLUSIVE MODE".encode())
        for act in (upgrade, script):
            with pytest.raises(UnavailableError, match=r"no answer within 0\.5 s"):
                act(owner(postgres), schema=schema)
    assert upgrade(owner(postgres), schema=schema) == ()


def test_scripts_are_packed_and_numbered() -> None:
    """Each is applied once, in the order of its number."""
    found = sorted(it.name for it in files("chatworkspace_postgres").iterdir() if it.name.endswith(".sql"))
    assert tuple(found) == _schema.SCRIPTS == FILES
    assert [int(it.partition("_")[0]) for it in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("bad", [None, 7, "", "Chat", "a-b", "a b", 'a"b', "1a", "pg_mine", "ä", "a" * 64, "a;b"])
def test_what_is_no_name_of_a_schema(bad: Any) -> None:
    """InvalidArgumentError naming the argument, for the store and for upgrade(); nothing is connected."""
    for call in (lambda: PostgresStore(lambda: pytest.fail("connected"), schema=bad), lambda: upgrade(lambda: pytest.fail("connected"), schema=bad)):
        with pytest.raises(InvalidArgumentError, match="schema: expected 1 to 63 lower-case letters"):
            call()


@pytest.mark.parametrize("schema", ["user", "table", "_", "a" * 63, "select"])
def test_any_name_of_a_schema_will_do(postgres: Database, schema: str) -> None:
    """Words of SQL, too: it is quoted."""
    upgrade(owner(postgres), schema=schema)
    bound(PostgresStore(owner(postgres), schema=schema, listen=owner(postgres)))
    postgres.execute(f'DROP SCHEMA "{schema}" CASCADE')


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("timeout", 0),
        ("timeout", -1.5),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
        ("timeout", True),
        ("timeout", "5"),
        ("timeout", None),
        ("connect", None),
        ("connect", "postgresql://app@db/app"),
        ("connect", psycopg.Connection),
        ("listen", "dsn"),
        ("listen", PostgresStore),
        ("clock", 3),
        ("clock", SystemClock),
    ],
)
def test_arguments_are_checked(argument: str, value: Any) -> None:
    """InvalidArgumentError naming it, before anything is connected, and repeating nothing that may hold a password."""
    arguments: dict[str, Any] = {"connect": lambda: pytest.fail("connected"), argument: value}
    with pytest.raises(InvalidArgumentError) as error:
        PostgresStore(**arguments)
    assert error.value.argument == argument
    assert "app@db" not in str(error.value)


@pytest.mark.parametrize("connect", [None, "postgresql://app@db/app", psycopg.Connection])
def test_what_gives_no_connection_upgrades_nothing(connect: Any) -> None:
    """InvalidArgumentError naming it."""
    for call in (upgrade, script):
        with pytest.raises(InvalidArgumentError, match="connect: expected a function"):
            call(connect)


def test_two_stores_in_one_database(postgres: Database) -> None:
    """Each in its own schema: neither sees the other's chats."""
    one, other = postgres.store(), postgres.store()
    bound(one)
    assert (len(one.chats()), other.chats()) == (1, ())
    other.discard(WORKSPACE)


# ---------------------------------------------------------------- what is missing


def test_nothing_is_missing(postgres: Database) -> None:
    """With the rights that the document gives, and no others, check() says nothing and everything works (as in all tests)."""
    postgres.store().check()


def test_the_documents_code_runs_as_written(postgres: Database, postgres_pool: ConnectionPool[Any]) -> None:
    """Both ways to make a store, over a schema with the name that it has by default."""
    upgrade(owner(postgres))
    postgres.execute(granted("chatworkspace"))
    names: dict[str, Any] = {"pool": postgres_pool, "psycopg": psycopg, "dsn": postgres.app}
    codes = blocks("docs/how-to/postgres.md", "python")
    for block in codes:
        exec(compile(block, "docs/how-to/postgres.md", "exec"), names)  # noqa: S102 # our own document
        bound(names["store"])
        names["store"].close()
    assert len(codes) == 2
    postgres.execute("DROP SCHEMA chatworkspace CASCADE")


def test_no_schema(postgres: Database) -> None:
    """It is named, and what makes it; a call says where to ask."""
    store = PostgresStore(postgres.connect, schema="nowhere")
    assert "schema 'nowhere': there is no such schema in database" in missing(store)
    assert "chatworkspace db upgrade" in missing(store)
    with pytest.raises(UnavailableError, match="chatworkspace db check") as error:
        store.secret()
    assert not error.value.retryable


@pytest.mark.parametrize("table", RIGHTS)
def test_a_missing_table(postgres: Database, table: str) -> None:
    """It is named."""
    store = postgres.store()
    postgres.execute(f"DROP TABLE {store._schema}.{table} CASCADE")
    assert f"there is no table {table}" in missing(store)


@pytest.mark.parametrize(("table", "right"), [(table, right) for table, rights in RIGHTS.items() for right in rights])
def test_a_missing_right(postgres: Database, table: str, right: str) -> None:
    """It is named, with user and table; all that the document gives are needed."""
    store = postgres.store()
    postgres.execute(f"REVOKE {right} ON {store._schema}.{table} FROM {APP}")
    assert f"user {APP} lacks {right} on table {table}" in missing(store)
    with pytest.raises(UnavailableError, match="permission denied"):
        use(store)


def test_all_that_is_missing_is_told_at_once(postgres: Database, name: str) -> None:
    """The schema's right and the tables'."""
    upgrade(owner(postgres), schema=name)
    told = missing(PostgresStore(postgres.connect, schema=name))
    assert f"user {APP} lacks USAGE of the schema" in told
    for table, rights in RIGHTS.items():
        assert f"user {APP} lacks {', '.join(rights)} on table {table}" in told


def test_a_newer_schema(postgres: Database) -> None:
    """An older library refuses it in check(), in upgrade(), before it has made a name, and at each look; all name both versions."""
    store = postgres.store()
    store.secret()
    store.open_chat("chat", OWNER, ORGANIZATION)
    postgres.execute(f"INSERT INTO {store._schema}.version (number, file) VALUES (99, '0099_later.sql')")
    for call in (store.check, store.secret, lambda: upgrade(owner(postgres), schema=store._schema), lambda: store.look("chat")):
        with pytest.raises(UnavailableError, match=r"its version is 99, of a newer chatworkspace; this one knows 3: upgrade the library") as error:
            call()
        assert not error.value.retryable


def test_an_older_schema(postgres: Database) -> None:
    """What makes it newer is named."""
    store = postgres.store()
    postgres.execute(f"DELETE FROM {store._schema}.version")
    assert "its version is 0, and this chatworkspace needs 3: `chatworkspace db upgrade`" in missing(store)


def test_an_older_server(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, with the oldest that will do."""
    monkeypatch.setattr(_schema, "OLDEST", 99)
    assert re.search(r"the server is PostgreSQL \d+, and 99 is the oldest that will do", missing(postgres.store()))


def test_another_encoding(postgres: Database) -> None:
    """A database that cannot keep all text is named."""
    other = f"{postgres.name}_latin"
    postgres.execute(f"CREATE DATABASE {other} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    try:
        assert f"database {other} has encoding LATIN1, and not UTF8" in missing(PostgresStore(lambda: psycopg.connect(postgres.owner, dbname=other)))
    finally:
        postgres.execute(f"DROP DATABASE {other} WITH (FORCE)")


def test_psql_takes_what_is_printed(postgres: Database, name: str, tmp_path: Path) -> None:
    """As an administrator runs it."""
    (tmp_path / "upgrade.sql").write_text(script(owner(postgres), schema=name), encoding="utf-8")
    psql = own_programs() / "psql"
    subprocess.run([psql, "-v", "ON_ERROR_STOP=1", "-q", "-f", tmp_path / "upgrade.sql", postgres.owner], check=True, capture_output=True)
    assert upgrade(owner(postgres), schema=name) == ()
