"""Connections that end, that cannot be had, or that a host does odd things to."""

from __future__ import annotations

import signal
import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from threading import Event, Thread
from traceback import format_exception
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from chatworkspace import InvalidArgumentError
from chatworkspace.ports import NotFoundError, Store
from chatworkspace_postgres import PostgresStore, upgrade
from chatworkspace_postgres._dsn import connect_by
from chatworkspace_postgres._schema import script
from tests.adapters.postgres.calls import CALLS, CHAT, CLOCK, LONG, WORKSPACE, WRITES, bound, claimed
from tests.adapters.postgres.failing import TIMEOUT, backends, kept_from, raising, unavailable
from tests.adapters.postgres.proxy import proxied
from tests.adapters.postgres.server import APP, GIVEN, Database, Server, database
from tests.hanging import until
from tests.sockets import refusing_port


@pytest.mark.parametrize("name", CALLS)
def test_a_connection_that_is_ended_in_the_middle(postgres: Database, name: str) -> None:
    """By an administrator, while the statement waits: it is sent again on another, and is done once."""
    store = postgres.store()
    call, expected = CALLS[name](store), CALLS[name](postgres.store())()
    told: list[object] = []
    with kept_from(store, postgres) as holding:
        thread = Thread(target=lambda: told.append(call()))
        thread.start()
        until(lambda: any(postgres.execute("SELECT pg_terminate_backend(%s)", (pid,))[0][0] for pid in backends(postgres)))
        holding.rollback()
    thread.join()
    assert [type(it) for it in told] == [type(expected)]
    if name in WRITES:
        once(store, name)


def once(store: Store, name: str) -> None:
    """Check that a write was made once."""
    for look in store.chats():
        history = store.history(look.chat.id)
        assert look.epoch <= 1
        assert [it.generation for it in history] == list(range(1, len(history) + 1))
        assert look.chat.generation == max(len(history), 1)
        assert sum(len(it.notes) for it in history) == (name in {"attach", "detach", "close_chat", "release", "record_stray"})


@pytest.mark.parametrize("answers", [1, 3])
@pytest.mark.parametrize("name", CALLS)
def test_an_answer_that_was_lost(postgres: Database, name: str, answers: int) -> None:
    """The server has committed, and the connection ends before it says so: sent again, it is recognised, done once, and answered the same."""
    with proxied(postgres.app) as (proxy, dsn):
        store = postgres.store(lambda: psycopg.connect(dsn))
        call, expected = CALLS[name](store), CALLS[name](postgres.store())()
        proxy.lose(answers)
        told = call()
        assert proxy.lost == answers
        if name not in {"secret", "history", "look", "planned", "chats", "owned", "purge"}:
            assert told == expected
        once(store, name if name in WRITES else "bind")


def test_a_discard_whose_answer_was_lost_stays(postgres: Database) -> None:
    """As all that was committed."""
    with proxied(postgres.app) as (proxy, dsn):
        store = postgres.store(lambda: psycopg.connect(dsn))
        proxy.lose()
        store.discard(WORKSPACE)
        with pytest.raises(Exception, match="discarded"):
            store.bind(claimed(store), WORKSPACE)


def test_a_pool_full_of_dead_connections(postgres: Database) -> None:
    """All of them were ended while idle: the call goes through them, and is done."""
    with ConnectionPool(postgres.app, min_size=8, max_size=8, open=True) as pool:
        pool.wait()
        store = postgres.store(pool.connection)
        bound(store)
        for (pid,) in postgres.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid()", (APP,)):
            postgres.execute("SELECT pg_terminate_backend(%s)", (pid,))
        assert store.look(CHAT).chat.workspace_id == WORKSPACE


@pytest.fixture(scope="module")
def own() -> Iterator[tuple[Database, Server]]:
    """Give a server that nobody else uses."""
    if GIVEN:
        pytest.skip("the server of CHATWORKSPACE_TEST_DSN is not to be restarted")
    with database() as it:
        assert it.server is not None
        yield it, it.server


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_that_restarts_in_the_middle(own: tuple[Database, Server], how: signal.Signals) -> None:
    """Orderly or by a crash: threads that write all the while see their calls succeed, and what they were told is there."""
    postgres, server = own
    with ConnectionPool(postgres.app, min_size=4, max_size=4, open=True, reconnect_timeout=60) as pool:
        store = postgres.store(pool.connection, timeout=LONG)
        stop, told, errors = Event(), list[tuple[str, int]](), list[Exception]()

        def write(name: str) -> None:
            try:
                while not stop.is_set():
                    claim = claimed(store, name)
                    store.release(claim)
                    told.append((name, claim.epoch))
            except Exception as error:  # noqa: BLE001 # raised again below, in the thread of the test
                errors.append(error)

        threads = [Thread(target=write, args=(f"chat-{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(told) >= 8 or errors)
        server.stop(how)
        CLOCK.sleep(0.3)
        server.start()
        before = len(told)
        until(lambda: len(told) >= before + 8 or errors)
        stop.set()
        for thread in threads:
            thread.join()
        assert errors == []
        for look in store.chats():
            heard = [epoch for chat_id, epoch in told if chat_id == look.chat.id]
            assert heard == sorted(set(heard))
            assert heard[-1] == look.epoch


def test_nobody_there() -> None:
    """A port that nobody listens on: tried until the limit, then an error that says so."""
    dsn = make_conninfo(host="127.0.0.1", port=refusing_port(), user="nobody", dbname="nothing", password="hunter2")  # noqa: S106 # shown nowhere
    store = PostgresStore(lambda: psycopg.connect(dsn), timeout=TIMEOUT)
    error = unavailable(store.secret, "no success within 0.5 s; the last error: .*refused")
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("raised", [KeyError("hush"), RuntimeError("hush"), AssertionError(), psycopg.InterfaceError("hush"), MemoryError()])
def test_whatever_a_hosts_function_raises(raised: Exception) -> None:
    """UnavailableError, at once, with its kind and without its text; the cause is there, wordless where its text may repeat a connection string."""

    def connect() -> psycopg.Connection[Any]:
        raise raised

    for call in (PostgresStore(connect, timeout=LONG).secret, lambda: upgrade(connect), lambda: script(connect)):
        error = unavailable(call, f"a connection could not be had: {type(raised).__name__}", retryable=False)
        assert type(error.__cause__) is type(raised)
        assert (error.__cause__ is raised) is not isinstance(raised, psycopg.Error)
        assert "hush" not in str(error)


class OddError(psycopg.InterfaceError):
    """A host's own kind, which is not made as others are."""

    def __init__(self, dsn: str, port: int) -> None:
        super().__init__(f"{dsn}:{port}")


def test_a_cause_that_may_hold_a_password_says_nothing() -> None:
    """Neither as it is printed, nor as whoever looks for causes and contexts finds it; its kind, or psycopg's behind it, is there."""

    def connect() -> psycopg.Connection[Any]:
        dsn = "postgresql://app:" + "hunter2@db"
        raise OddError(dsn, 5432) from ValueError(dsn)

    for call in (PostgresStore(connect, timeout=LONG).secret, lambda: upgrade(connect), lambda: script(connect)):
        error = unavailable(call, "a connection could not be had: OddError", retryable=False)
        assert type(error.__cause__) is psycopg.InterfaceError
        assert "OddError" in str(error.__cause__)
        assert "hunter2" not in "".join(format_exception(error))
        seen: BaseException | None = error
        while seen is not None:
            assert "hunter2" not in repr(seen) + repr(vars(seen))
            assert seen.__cause__ is seen.__context__ or seen.__context__ is None or "hunter2" not in repr(seen.__context__)
            seen = seen.__cause__ or seen.__context__


def test_a_hosts_function_that_fails_for_a_moment(postgres: Database) -> None:
    """What the system raises may pass: it is asked again, and told in the end, with its cause."""
    ways, schema = [refused_by_the_system, postgres.connect], postgres.schema()

    def connect() -> Any:
        return ways.pop(0)()

    assert len(PostgresStore(connect, schema=schema, timeout=LONG).secret()) == 32
    error = unavailable(PostgresStore(refused_by_the_system, schema=schema, timeout=TIMEOUT).secret, "ConnectionRefusedError")
    assert error.__cause__ is not None
    assert isinstance(error.__cause__.__cause__, ConnectionRefusedError)


def refused_by_the_system() -> Any:
    return socket.create_connection(("127.0.0.1", refusing_port()))


@pytest.mark.parametrize("lent", [None, "a connection", 7])
def test_what_is_no_connection(lent: Any) -> None:
    """It is named by its kind."""
    for call in (PostgresStore(lambda: nullcontext(lent)).secret, lambda: upgrade(lambda: nullcontext(lent))):
        with pytest.raises(InvalidArgumentError, match=f"connect: expected .* and not {type(lent).__name__}"):
            call()


def test_what_is_no_context_manager() -> None:
    """As whatever else is wrong with the host's function."""
    nothing: Any = None
    unavailable(PostgresStore(lambda: nothing).secret, "a connection could not be had: ", retryable=False)


def test_a_connection_that_cannot_be_given_back_hides_no_answer(postgres: Database, caplog: pytest.LogCaptureFixture) -> None:
    """What was written is told; the log has the kind of what failed. An error is not hidden either."""

    @contextmanager
    def connect() -> Generator[psycopg.Connection[Any], None, None]:
        with postgres.connect() as connection:
            yield connection
        raise ZeroDivisionError

    store = postgres.store(connect)
    assert bound(store).chat.id == CHAT
    with pytest.raises(NotFoundError):
        store.look("no such chat")
    store = PostgresStore(connect, schema="no_such_schema")
    unavailable(store.secret, "no_such_schema", retryable=False)
    assert {it.getMessage() for it in caplog.records} == {"a connection to PostgreSQL could not be given back (ZeroDivisionError)"}


def test_the_databases_last_words_are_told(postgres: Database) -> None:
    """Behind them the pool has nothing to lend: why is told, and not that the pool has waited."""
    lent = 0

    def connect() -> psycopg.Connection[Any]:
        nonlocal lent
        lent += 1
        if lent > 1:
            raise PoolTimeout("couldn't get a connection after 1.00 sec")
        return postgres.connect()

    there = postgres.store()
    claim = claimed(there)
    raising(there, postgres, "40001")
    here = PostgresStore(connect, schema=there._schema, timeout=TIMEOUT)
    unavailable(lambda: here.bind(claim, WORKSPACE), "no success within 0.5 s; the last error: in trouble")
    assert lent > 1
    unavailable(here.secret, r"couldn't get a connection after 1.00 sec\)\. Make it larger, or see in the log \"psycopg.pool\"")


def test_a_connection_string_that_is_none() -> None:
    """It is not shown, for it may hold a password; trying again does not help."""

    def connect() -> psycopg.Connection[Any]:
        return psycopg.connect("postgresql://app:hunter2@[db/app")

    for call in (PostgresStore(connect, timeout=TIMEOUT).secret, lambda: upgrade(connect), lambda: script(connect)):
        error = unavailable(call, "a connection could not be had: ProgrammingError", retryable=False)
        assert isinstance(error.__cause__, psycopg.ProgrammingError)
        assert "hunter2" not in "".join(format_exception(error))


@pytest.mark.parametrize(("said", "seconds"), [("", 5), ("?connect_timeout=2", 2)])
def test_how_long_a_connection_may_take(monkeypatch: pytest.MonkeyPatch, said: str, seconds: int) -> None:
    """What a connection string says of it counts, and the library's limit where it says nothing."""
    told = list[dict[str, Any]]()

    def connect(dsn: str, **more: Any) -> None:
        assert dsn.endswith(said)
        told.append(more)

    monkeypatch.setattr(psycopg, "connect", connect)
    connect_by(f"postgresql://app@db/app{said}")()
    assert [int(it["connect_timeout"]) for it in told] == [seconds]


def test_a_closed_store(postgres: Database) -> None:
    """Every call says so. Closing again is no error."""
    store = postgres.store()
    look = store.look(claimed(store).chat.id)
    store.close()
    store.close()
    for call in (store.secret, lambda: store.look(CHAT), lambda: store.wait_for_turn(look, CLOCK.monotonic() + LONG)):
        unavailable(call, "closed", retryable=False)
