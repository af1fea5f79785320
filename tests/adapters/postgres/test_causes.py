"""Databases that cannot be used: where they are, why, in a person's words, and what to do; at once where waiting does not help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chatworkspace import UnavailableError
from chatworkspace_postgres import PostgresStore
from chatworkspace_postgres._causes import TABLE, Cause, cause_of, told, told_apart
from chatworkspace_postgres._dsn import connect_by, store_at
from chatworkspace_postgres._failures import LASTING, PASSING, StatementError
from chatworkspace_postgres._places import NOWHERE, place_in, place_of
from tests.adapters.postgres.failing import TIMEOUT, unavailable
from tests.adapters.postgres.server import Database
from tests.sockets import refusing_port

SAID = [
    ('connection failed: connection to server at "127.0.0.1", port 9 failed: Connection refused', Cause.REFUSED),
    ("failed to resolve host 'nohost': [Errno -2] Name or service not known", Cause.NAME_UNKNOWN),
    ("[Errno -2] Name or service not known", Cause.NAME_UNKNOWN),
    ("[Errno -5] No address associated with hostname", Cause.NAME_UNKNOWN),
    ('could not translate host name "nohost" to address: nodename nor servname provided', Cause.NAME_UNKNOWN),
    ("failed to resolve host 'db': [Errno -3] Temporary failure in name resolution", Cause.NAME_UNCLEAR),
    ('connection is bad: connection to server on socket "/nowhere/.s.PGSQL.5432" failed: No such file or directory', Cause.NO_SOCKET),
    ("connection to server failed: Network is unreachable", Cause.NO_WAY),
    ("connection timeout expired", Cause.SILENT),
    ('FATAL:  password authentication failed for user "app"', Cause.PASSWORD),
    ("fe_sendauth: no password supplied", Cause.PASSWORD),
    ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "app", database "app", no encryption', Cause.NOT_LET_IN),
    ('FATAL:  Peer authentication failed for user "app"', Cause.NOT_LET_IN),
    ('FATAL:  role "ap" does not exist', Cause.NO_USER),
    ('FATAL:  role "app" is not permitted to log in', Cause.NO_USER),
    ('FATAL:  database "chats" does not exist', Cause.NO_DATABASE),
    ('root certificate file "/x/root.crt" does not exist', Cause.CERTIFICATE),
    ("SSL error: certificate verify failed", Cause.CERTIFICATE),
    ("server does not support SSL, but SSL was required", Cause.NO_TLS),
    ("received invalid response to SSL negotiation: H", Cause.TLS_FAILED),
    ("FATAL:  sorry, too many clients already", Cause.CROWDED),
    ("FATAL:  the database system is starting up", Cause.NOT_UP),
    ("couldn't get a connection after 1.00 sec", Cause.POOL_EMPTY),
    ("the pool 'pool-1' is already closed", Cause.POOL_CLOSED),
    ("server closed the connection unexpectedly", Cause.LOST),
]
"""As libpq, servers and pools say it."""


@pytest.mark.parametrize(("message", "cause"), SAID)
def test_what_is_said_at_the_door_has_a_cause(message: str, cause: Cause) -> None:
    """There is no code for it; what is said in another language is a lost connection."""
    assert cause_of(message, "") is cause


@pytest.mark.parametrize(
    "code", ["28000", "3D000", "3F000", "42P01", "42501", "22P05", "0A000", "40001", "55P03", "57014", "57P03", "53300", "08006"]
)
def test_a_code_has_one_cause_and_one_end(code: str) -> None:
    """What passes is not lasting, and what its cause calls lasting is."""
    failure = StatementError("x", code)
    assert (failure.passing, failure.lasting) == (code.startswith(PASSING), code.startswith(LASTING))
    assert not (failure.passing and failure.lasting)
    assert failure.lasting or not TABLE[failure.cause].lasting


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_says_what_to_do(cause: Cause) -> None:
    """In sentences, which can be told apart from what is wrong."""
    row = TABLE[cause]
    assert row.remedy.endswith(".")
    assert told_apart(told(cause, "postgresql://db/app", "so it was said")) == (f"postgresql://db/app: {row.words} (so it was said)", row.remedy)
    assert told_apart("something else") == ("something else", "")


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ({"host": "db", "port": "5433", "dbname": "app", "user": "ana", "password": "hush"}, "postgresql://db:5433/app"),
        ({"hostaddr": "::1", "port": "5433"}, "postgresql://[::1]:5433/"),
        ({"host": "/var/run/postgresql", "dbname": "a b"}, "postgresql://%2Fvar%2Frun%2Fpostgresql/a%20b"),
        ({"host": "one,two", "dbname": "app"}, "postgresql://one,two/app"),
        ({}, "postgresql:///"),
    ],
)
def test_a_place_is_shown_as_a_url(words: dict[str, str], place: str) -> None:
    """Host, port and name: neither user nor password."""
    assert place_in(words) == place


class Counted:
    """Connects, and knows how often it was asked to."""

    def __init__(self, dsn: str) -> None:
        self.times = 0
        self._connect = connect_by(dsn)
        self.place = getattr(self._connect, "place", "")

    def __call__(self) -> Any:
        """Connect."""
        self.times += 1
        return self._connect()


def _own(postgres: Database, **changes: Any) -> str:
    return make_conninfo(postgres.app, password="hunter2", **changes)  # noqa: S106 # shown nowhere


@pytest.mark.parametrize(
    ("changes", "cause", "place"),
    [
        ({"host": "nohost.invalid"}, Cause.NAME_UNKNOWN, "postgresql://nohost.invalid:"),
        ({"dbname": "nothing"}, Cause.NO_DATABASE, "/nothing: "),
        ({"user": "somebody_else"}, Cause.NO_USER, "postgresql://127.0.0.1:"),
        ({"sslmode": "require"}, Cause.NO_TLS, "postgresql://127.0.0.1:"),
    ],
)
def test_what_lasts_is_told_at_once(postgres: Database, changes: dict[str, Any], cause: Cause, place: str) -> None:
    """One try, the place, the cause and what to do; asking again does not help."""
    connect = Counted(_own(postgres, **changes))
    error = unavailable(PostgresStore(connect, timeout=60).secret, TABLE[cause].words, retryable=False)
    assert place in str(error)
    assert str(error).endswith(f". {TABLE[cause].remedy}")
    assert "hunter2" not in str(error)
    assert connect.times == 1


@pytest.mark.parametrize(("changes", "cause"), [({"host": "127.0.0.1"}, Cause.REFUSED), ({"host": ""}, Cause.NO_SOCKET)])
def test_what_may_pass_is_tried_until_the_limit(postgres: Database, tmp_path: Path, changes: dict[str, Any], cause: Cause) -> None:
    """Then it is told in the same words; what was tried last is in it."""
    host = changes["host"] or str(tmp_path)
    connect = Counted(_own(postgres, host=host, hostaddr=None, port=refusing_port()))
    error = unavailable(PostgresStore(connect, timeout=TIMEOUT).secret, TABLE[cause].words)
    assert "no success within 0.5 s; the last error: " in str(error)
    assert connect.times > 1


def test_a_place_is_known_from_any_connection(postgres: Database) -> None:
    """A host's function that does not say where it leads has told it once it has connected, and an error of its own names it before."""
    ways: list[str] = [postgres.app, make_conninfo(postgres.app, dbname="nothing")]
    store = PostgresStore(lambda: psycopg.connect(ways[0]), schema=postgres.schema(), timeout=TIMEOUT)
    assert len(store.secret()) == 32
    ways.pop(0)
    unavailable(store.secret, f"/{postgres.name}: {TABLE[Cause.NO_DATABASE].words}", retryable=False)
    unavailable(PostgresStore(lambda: psycopg.connect(ways[0]), timeout=TIMEOUT).secret, r"postgresql://127.0.0.1:\d+/nothing: ", retryable=False)
    store.close()
    unavailable(store.secret, f"/{postgres.name}: this store was closed", retryable=False)


def test_a_schema_that_is_not_complete_names_its_place(postgres: Database) -> None:
    """Where it is looked for."""
    with pytest.raises(UnavailableError, match=rf"^postgresql://127\.0\.0\.1:\d+/{postgres.name}: schema 'nothing': there is no such schema"):
        store_at(postgres.app, schema="nothing")


def test_a_connection_that_is_over_has_no_place(postgres: Database) -> None:
    """Nor has one that was never made."""
    with psycopg.connect(postgres.app) as connection:
        assert place_of(connection.pgconn).endswith(f"/{postgres.name}")
        connection.pgconn.finish()
        assert place_of(connection.pgconn) == place_of(None) == NOWHERE
