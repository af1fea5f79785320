"""Which tables there are, and how they become of this version."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files

from psycopg import pq

from chatworkspace_postgres._borrowing import Borrowed
from chatworkspace_postgres._failures import StatementError, incomplete, not_in_time, unavailable
from chatworkspace_postgres._lines import Line
from chatworkspace_postgres._names import checked_schema, quoted
from chatworkspace_postgres._places import NOWHERE, place_of
from chatworkspace_postgres._qualified import qualified
from chatworkspace_postgres._statements import Statement
from chatworkspace_postgres._wire import Connect, Connection, Limit, checked_connect, checked_idle, command

SCRIPTS = ("0001_first.sql", "0002_replacements.sql", "0003_growth.sql")
"""One for each version, applied in order. The table `version` says which a schema has had. A script that was released is never changed."""
UPGRADING = 60.0
"""Seconds that an upgrade takes at most, while another is under way, say."""
RIGHTS = {
    "version": ("SELECT",),
    "secret": ("SELECT", "INSERT"),
    "workspace": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "chat": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "intent": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "note": ("SELECT", "INSERT", "UPDATE", "DELETE"),
}
"""What a user of the store needs beside USAGE of the schema."""
OLDEST = 13
"""The first PostgreSQL that makes random UUIDs by itself."""
_FACTS = Statement("""
SELECT current_user, current_database(), current_setting('server_encoding'), current_setting('transaction_read_only'),
    has_schema_privilege(schema.oid, 'USAGE'), current_setting('server_version_num')::integer / 10000
FROM (VALUES (%(schema)s::name)) AS asked (name) LEFT JOIN pg_catalog.pg_namespace AS schema ON schema.nspname = asked.name
""")
_TABLE = Statement("""
SELECT has_table_privilege(it.oid, %(right)s::text)
FROM pg_catalog.pg_class AS it JOIN pg_catalog.pg_namespace AS schema ON schema.oid = it.relnamespace
WHERE schema.nspname = %(schema)s::name AND it.relname = %(table)s::name
""")
_VERSION = Statement("SELECT max(number) FROM {schema}.version")


# ---------------------------------------------------------------- what is missing


def check(line: Line, schema: str) -> None:
    """Raise UnavailableError with all that is missing."""
    missing = list(_missing(line, schema))
    if not missing:
        check_version(schema, schema_version(line), line.place)
        return
    raise incomplete(schema, "; ".join(missing), line.place)


def schema_version(line: Line) -> int:
    """Return the version of the tables. UnavailableError."""
    ((version,),) = line.ask(_VERSION, {})
    return int(version or 0)


def _missing(line: Line, schema: str) -> Iterator[str]:
    ((user, database, encoding, read_only, usage, server),) = line.ask(_FACTS, {"schema": schema})
    if int(server or 0) < OLDEST:
        yield f"the server is PostgreSQL {server}, and {OLDEST} is the oldest that will do"
    if encoding != "UTF8":
        yield f"database {database} has encoding {encoding}, and not UTF8"
    if read_only == "on":
        yield f"database {database} is read-only here: a standby, or made so"
    if usage is None:
        yield f"there is no such schema in database {database}: `chatworkspace db upgrade` makes it"
        return
    if usage == "f":
        yield f"user {user} lacks USAGE of the schema"
    for table, rights in RIGHTS.items():
        yield from _lacking(line, schema, table, rights, user)


def _lacking(line: Line, schema: str, table: str, rights: Sequence[str], user: str | None) -> Iterator[str]:
    told = {right: line.ask(_TABLE, {"schema": schema, "table": table, "right": right}) for right in rights}
    if not all(told.values()):
        yield f"there is no table {table}: `chatworkspace db upgrade` makes it"
        return
    lacking = [right for right, rows in told.items() if rows[0][0] != "t"]
    if lacking:
        yield f"user {user} lacks {', '.join(lacking)} on table {table}"


def check_version(schema: str, version: int, place: str) -> None:
    """Raise UnavailableError unless the tables are of this version."""
    if version > len(SCRIPTS):
        raise incomplete(schema, f"its version is {version}, of a newer chatworkspace; this one knows {len(SCRIPTS)}: upgrade the library", place)
    if version < len(SCRIPTS):
        raise incomplete(schema, f"its version is {version}, and this chatworkspace needs {len(SCRIPTS)}: `chatworkspace db upgrade`", place)


# ---------------------------------------------------------------- upgrade


def upgrade(connect: Connect, *, schema: str = "chatworkspace") -> Sequence[str]:
    """Bring the schema to this version, in one transaction; safe to run twice at once. Return the files that were applied.

    connect: as PostgresStore's, for a user who may make tables. schema: where they are made; it is made too if it is not there.
    UnavailableError: what failed, and nothing was changed; or the schema is of a newer version. InvalidArgumentError.
    """
    with _connected(connect, schema) as connection:
        return _upgrade(connection, schema, Limit(UPGRADING))


def script(connect: Connect, *, schema: str = "chatworkspace") -> str:
    """Return what upgrade() would run, as psql takes it; empty if nothing is to be done. Changes nothing. Errors as upgrade()'s."""
    with _connected(connect, schema) as connection:
        steps = _steps(connection, schema, Limit(UPGRADING))
    if not steps:
        return ""
    return "\n\n".join([_BEGIN, _lock(schema), *(text for _, text in steps), "COMMIT;"]) + "\n"


@contextmanager
def _connected(connect: Connect, schema: str) -> Generator[Connection, None, None]:
    """Give an idle connection; what goes wrong with it, or is not over in time, is told as the store tells it."""
    checked_schema(schema)
    checked_connect("connect", connect)
    place = getattr(connect, "place", NOWHERE)
    try:
        with Borrowed(connect) as connection:
            place = place_of(connection.pgconn)
            checked_idle(connection)
            yield connection
    except TimeoutError as error:
        raise not_in_time(f"no answer within {UPGRADING:g} s", None, place) from error
    except StatementError as error:
        raise unavailable(error, schema, place) from error


_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"


def _lock(schema: str) -> str:
    """Return what lets one upgrade wait for another. It ends with the transaction."""
    number = int.from_bytes(hashlib.sha256(f"chatworkspace upgrade {schema}".encode()).digest()[:8], "big", signed=True)
    return f"SELECT pg_catalog.pg_advisory_xact_lock({number});"


def _upgrade(connection: Connection, schema: str, limit: Limit) -> Sequence[str]:
    try:
        command(connection, _BEGIN, limit)
        command(connection, _lock(schema), limit)
        steps = _steps(connection, schema, limit)
        for _, text in steps:
            command(connection, text, limit)
        command(connection, "COMMIT;", limit)
    finally:
        if connection.pgconn.transaction_status not in {pq.TransactionStatus.IDLE, pq.TransactionStatus.UNKNOWN}:
            command(connection, "ROLLBACK;", limit)
    return tuple(name for name, _ in steps if name)


def _steps(connection: Connection, schema: str, limit: Limit) -> list[tuple[str, str]]:
    """Return what is to be run, and the file that each step applies, if any. UnavailableError: the schema is somebody else's, or newer."""
    there = command(connection, qualified(f"SELECT FROM pg_catalog.pg_namespace WHERE nspname = '{schema}'"), limit)
    version = _version(connection, schema, limit)
    if version > len(SCRIPTS):
        check_version(schema, version, place_of(connection.pgconn))
    if version == len(SCRIPTS):
        return []
    steps = [] if there else [("", f"CREATE SCHEMA {quoted(schema)};")]
    steps.append(("", "SET LOCAL search_path = pg_catalog, pg_temp;"))
    for number, name in enumerate(SCRIPTS[version:], start=version + 1):
        text = files("chatworkspace_postgres").joinpath(name).read_text(encoding="utf-8").strip().replace("{schema}", quoted(schema))
        steps.append((name, f"{text}\n\nINSERT INTO {quoted(schema)}.version (number, file) VALUES ({number}, '{name}');"))
    return steps


THEIRS = "it holds what is not of chatworkspace, and was left alone: choose another schema"
_RELATIONS = """
SELECT it.relname, it.relkind FROM pg_catalog.pg_class AS it JOIN pg_catalog.pg_namespace AS schema ON schema.oid = it.relnamespace
WHERE schema.nspname = '{}'
"""
_CONTENTS = """
SELECT FROM pg_catalog.pg_depend AS it JOIN pg_catalog.pg_namespace AS schema ON schema.oid = it.refobjid
WHERE schema.nspname = '{}' AND it.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND it.deptype = 'n' LIMIT 1
"""
"""Whatever lies in the schema: a function or a type is as much somebody else's as a table."""
_STRANGER = """
SELECT owner.rolname, current_user
FROM pg_catalog.pg_namespace AS schema JOIN pg_catalog.pg_roles AS owner ON owner.oid = schema.nspowner
JOIN pg_catalog.pg_database AS base ON base.datname = current_database()
WHERE schema.nspname = '{}' AND NOT pg_has_role(owner.oid, 'MEMBER')
    AND NOT owner.rolsuper AND owner.rolname <> 'pg_database_owner' AND NOT pg_has_role(owner.oid, base.datdba, 'MEMBER')
"""
"""Who owns the schema, and could drop what is made in it, without being the user, one of theirs, or whoever could drop the database too."""
_COLUMNS = """
SELECT attribute.attname
FROM pg_catalog.pg_class AS it JOIN pg_catalog.pg_namespace AS schema ON schema.oid = it.relnamespace
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = it.oid
WHERE schema.nspname = '{}' AND it.relname = 'version' AND attribute.attnum > 0 AND NOT attribute.attisdropped
"""


def _version(connection: Connection, schema: str, limit: Limit) -> int:
    """Return the version of the tables; 0: the schema is empty, or not there. UnavailableError: what lies in it is not ours."""
    relations = {name or "": kind for name, kind in command(connection, qualified(_RELATIONS.format(schema)), limit)}
    if not relations:
        return _unused(connection, schema, limit)
    columns = {name for (name,) in command(connection, qualified(_COLUMNS.format(schema)), limit)}
    if relations.get("version") == "r" and columns == {"number", "file", "applied_at"}:
        rows = command(connection, f"SELECT number, file FROM {quoted(schema)}.version ORDER BY number", limit)  # noqa: S608 # a name that was checked
        ours = [[str(number), name] for number, name in enumerate(SCRIPTS, start=1)]
        if rows and rows[: len(ours)] == ours[: len(rows)]:
            return int(rows[-1][0] or 0)
    raise incomplete(schema, THEIRS, place_of(connection.pgconn))


def _unused(connection: Connection, schema: str, limit: Limit) -> int:
    """Return 0. UnavailableError: tables that were made in it would not be ours alone."""
    if command(connection, qualified(_CONTENTS.format(schema)), limit):
        raise incomplete(schema, THEIRS, place_of(connection.pgconn))
    for owner, user in command(connection, qualified(_STRANGER.format(schema)), limit):
        what = f"it belongs to {owner}, who could drop what {user} makes in it: choose another schema, or its owner"
        raise incomplete(schema, what, place_of(connection.pgconn))
    return 0
