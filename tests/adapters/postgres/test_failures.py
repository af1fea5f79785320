"""What fails at the server or on the way: repeated where that helps, a clear error at the limit where not, and never done twice."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext
from threading import Event, Thread, Timer
from typing import Any

import psycopg
import pytest
from psycopg import pq
from psycopg_pool import ConnectionPool

from chatworkspace_postgres import PostgresStore, _wire
from tests.adapters.postgres.bouncer import bouncer
from tests.adapters.postgres.calls import ANOTHER, CALLS, CHAT, LONG, ORGANIZATION, OWNER, WORKSPACE, bound, claimed
from tests.adapters.postgres.failing import TIMEOUT, backends, kept_from, raising, unavailable
from tests.adapters.postgres.proxy import proxied
from tests.adapters.postgres.server import Database
from tests.hanging import not_hanging, until
from tests.sockets import free_port

# ------------------------------------------------------------------ the limit


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> float:
    """Let most of a store's time be kept back to cancel a statement, for slow machines; give a time of which half a second is left for it."""
    monkeypatch.setattr(_wire, "AT_MOST", LONG)
    monkeypatch.setattr(_wire, "CANCELLING", 1 - TIMEOUT / LONG)
    return LONG


@pytest.mark.parametrize("name", CALLS)
def test_a_call_ends_at_the_limit(postgres: Database, name: str, patient: float) -> None:
    """Somebody keeps the tables: UnavailableError, nothing done, and no process of the server waits on for nobody."""
    with psycopg.connect(postgres.app) as connection:
        store = postgres.store(lambda: nullcontext(connection), timeout=patient)
        call = CALLS[name](store)
        with kept_from(store, postgres):
            with not_hanging(TIMEOUT):
                unavailable(call, "no answer within 30 s")
            ((state,),) = postgres.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", (connection.info.backend_pid,))
            assert state == "idle"
        assert not connection.closed
        call()


def test_a_call_ends_at_the_limit_behind_a_pooler(postgres: Database, pgbouncer: str, patient: float) -> None:
    """The cancellation finds its way through, too."""
    store = postgres.store(lambda: psycopg.connect(pgbouncer), timeout=patient)
    with kept_from(store, postgres):
        with not_hanging(TIMEOUT):
            unavailable(store.secret, "no answer")
        until(lambda: not backends(postgres))
    assert len(store.secret()) == 32


@pytest.mark.parametrize(("timeout", "kept"), [(0.5, 0.1), (2, 0.4), (5, 0.5), (60, 0.5)])
def test_what_is_kept_back_to_cancel(postgres: Database, monkeypatch: pytest.MonkeyPatch, timeout: float, kept: float) -> None:
    """A fifth of the time, half a second at most: a statement has the rest. Whoever cannot cancel in it closes the connection, and is no later."""
    asked: list[float] = []
    real = _wire._answer

    def answer(it: pq.abc.PGconn, left: Callable[[], float]) -> pq.abc.PGresult:
        asked.append(time.monotonic() + left())
        return real(it, left)

    monkeypatch.setattr(_wire, "_answer", answer)
    store = postgres.store(timeout=timeout)
    before = time.monotonic()
    store.secret()
    assert before + timeout - kept <= asked[-1] <= time.monotonic() + timeout - kept


def test_a_server_that_says_nothing(postgres: Database) -> None:
    """A network that swallows all: the call ends at its limit, and the connection is closed, for an answer may yet come."""
    with proxied(postgres.app) as (proxy, dsn), psycopg.connect(dsn) as connection:
        store = postgres.store(lambda: nullcontext(connection), timeout=TIMEOUT)
        bound(store)
        proxy.silent = True
        with not_hanging(TIMEOUT):
            unavailable(lambda: store.look(CHAT), "no answer within 0.5 s")
        assert connection.closed


def test_an_exhausted_pool(postgres: Database) -> None:
    """A pool is asked for no longer than is left, whatever it would wait by itself."""
    with ConnectionPool(postgres.app, min_size=1, max_size=1, timeout=2 * LONG, open=True) as pool:
        store = postgres.store(pool.connection, timeout=TIMEOUT)
        with pool.connection(), not_hanging(TIMEOUT):
            unavailable(store.secret, "no success within 0.5 s; the last error: couldn't get a connection")
        assert len(store.secret()) == 32


def test_a_lock_that_ends_is_waited_for(postgres: Database) -> None:
    """The statement is done as soon as it can be, and not before."""
    store = postgres.store(timeout=LONG)
    claim = claimed(store)
    holding = kept_from(store, postgres)
    bound = Event()

    def bind() -> None:
        store.bind(claim, WORKSPACE)
        bound.set()

    thread = Thread(target=bind)
    thread.start()
    until(lambda: backends(postgres))
    assert not bound.is_set()
    with not_hanging():
        holding.commit()
        thread.join()
    assert bound.is_set()
    holding.close()


# ------------------------------------------------------------------ what the server says


@pytest.mark.parametrize(
    ("code", "said", "retryable"),
    [
        ("53100", "the database's disk is full", True),
        ("53200", "the database is out of memory", True),
        ("25006", "no success within 2 s; the last error: in trouble", True),
        ("25P04", "no success within 2 s; the last error: in trouble", True),
        ("40001", "no success within 2 s; the last error: in trouble", True),
        ("40P01", "no success within 2 s; the last error: in trouble", True),
        ("55P03", "no success within 2 s; the last error: in trouble", True),
        ("58030", "in trouble", True),
        ("XX001", "in trouble", True),
        ("23505", "in trouble", False),
        ("42501", "say what is missing", False),
        ("42P01", "say what is missing", False),
    ],
)
def test_what_the_server_says_is_told(postgres: Database, code: str, said: str, retryable: bool) -> None:  # noqa: FBT001 # a case
    """Each with its cure or cause; once it is over, the same call succeeds."""
    store = postgres.store(timeout=2)  # time for an attempt that is answered, on the slowest machine
    claim = claimed(store)
    raising(store, postgres, code)
    unavailable(lambda: store.bind(claim, WORKSPACE), said, retryable=retryable)
    assert store.look(CHAT).claimed_for > 0
    postgres.execute(f"DROP TRIGGER fail ON {store._schema}.chat")
    assert store.bind(claim, WORKSPACE).workspace_id == WORKSPACE


class Told:
    """A connection whose server has told how a statement ended, and is not yet ready for another."""

    def __init__(self, status: pq.ExecStatus, socket: int) -> None:
        self.status = status
        self.socket = socket
        self._results = [self]

    def flush(self) -> int:
        """Nothing is left to be sent."""
        return 0

    def is_busy(self) -> bool:
        """Say whether get_result() would wait."""
        return not self._results

    def get_result(self) -> Told:
        """Return the one result."""
        return self._results.pop()


def test_a_failure_that_was_told_is_known_though_time_runs_out() -> None:
    """It is not taken for a lost connection, though the server is not ready yet. A success is not known before it is: it may not be committed."""
    here, there = socket.socketpair()
    with here, there:
        failed: Any = Told(pq.ExecStatus.FATAL_ERROR, here.fileno())
        assert _wire._answer(failed, lambda: 0.0) is failed
        succeeded: Any = Told(pq.ExecStatus.TUPLES_OK, here.fileno())
        with pytest.raises(TimeoutError):
            _wire._answer(succeeded, lambda: 0.0)


def test_a_read_only_database(postgres: Database) -> None:
    """Reads go on, writes say why not, and succeed once it is over."""
    read_only = True

    def connect() -> psycopg.Connection[Any]:
        return psycopg.connect(postgres.app, options=f"-c default_transaction_read_only={'on' if read_only else 'off'}")

    schema = postgres.schema()
    claim = bound(postgres.store(schema=schema))
    store = PostgresStore(connect, schema=schema, timeout=2)  # time for an attempt that is answered, on the slowest machine
    assert store.look(CHAT).chat.workspace_id == WORKSPACE
    unavailable(lambda: store.open_chat("new", OWNER, ORGANIZATION), "read-only")
    unavailable(store.check, "read-only", retryable=False)
    read_only = False
    assert store.open_chat("new", OWNER, ORGANIZATION).generation == claim.chat.generation


def test_a_deadlock_is_repeated(postgres: Database) -> None:
    """Two chats exchange their workspaces at once, over and over: each statement locks what the other wants, and both are done in the end."""
    store = postgres.store(timeout=LONG)
    bound(store, "one", WORKSPACE)
    bound(store, "two", ANOTHER)
    errors: list[Exception] = []

    def exchange(chat_id: str) -> None:
        try:
            for number in range(60):
                to = (WORKSPACE, ANOTHER)[(number + (chat_id == "one")) % 2]
                store.attach(claimed(store, chat_id, plan=None), to, number=0)
        except Exception as error:  # noqa: BLE001 # raised again below, in the thread of the test
            errors.append(error)

    threads = [Thread(target=exchange, args=(chat_id,)) for chat_id in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    counts = dict(postgres.execute(f"SELECT id, bound FROM {store._schema}.workspace"))
    assert sum(counts.values()) == 2


@pytest.mark.parametrize("name", ["statement_timeout", "lock_timeout"])
def test_a_limit_of_the_hosts(postgres: Database, name: str) -> None:
    """Its role's limit is shorter than ours: the statement is sent again until it may."""
    store = postgres.store(lambda: psycopg.connect(postgres.app, options=f"-c {name}=100"), timeout=LONG)
    claim = claimed(store)
    holding = kept_from(store, postgres)
    timer = Timer(0.4, holding.commit)
    timer.start()
    assert store.bind(claim, WORKSPACE).workspace_id == WORKSPACE
    timer.join()
    holding.close()


def test_a_pooler_that_restarts(postgres: Database) -> None:
    """Clients of the old one are cut off; the next statement goes to the new one."""
    port = free_port()
    with bouncer(postgres, port) as dsn, ConnectionPool(dsn, min_size=2, max_size=2, open=True) as pool:
        store = postgres.store(pool.connection)
        bound(store)
    with ConnectionPool(dsn, min_size=2, max_size=2, open=False) as pool:
        store = PostgresStore(pool.connection, schema=store._schema)
        with bouncer(postgres, port):
            assert store.look(CHAT).chat.workspace_id == WORKSPACE
        with bouncer(postgres, port):
            assert store.look(CHAT).chat.workspace_id == WORKSPACE


def test_an_older_libpq(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could only cancel without a limit of its own: the connection is closed instead, and the call ends as soon."""
    monkeypatch.setattr("psycopg.capabilities.has_cancel_safe", lambda: False)
    with psycopg.connect(postgres.app) as connection:
        store = postgres.store(lambda: nullcontext(connection), timeout=TIMEOUT)
        with kept_from(store, postgres), not_hanging(TIMEOUT):
            unavailable(store.secret, "no answer within 0.5 s")
        assert connection.closed


def test_an_interrupted_call(postgres: Database) -> None:
    """Ctrl-C in the midst of waiting: the connection is closed, for its answer is still to come and nobody else may take it for theirs."""
    with psycopg.connect(postgres.app) as connection:
        store = postgres.store(lambda: nullcontext(connection), timeout=2 * LONG)
        with kept_from(store, postgres):

            def interrupt() -> None:
                until(lambda: backends(postgres))
                os.kill(os.getpid(), signal.SIGINT)

            thread = Thread(target=interrupt)
            thread.start()
            with pytest.raises(KeyboardInterrupt):
                store.secret()
            thread.join()
        assert connection.closed
