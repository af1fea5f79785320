"""What fails at the server or on the way: repeated where that helps, a clear error at the limit where not, and never done twice."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from threading import Event, Thread, Timer
from traceback import format_exception
from typing import Any

import psycopg
import pytest
from psycopg import pq
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from chatworkspace import InvalidArgumentError, Reason, UnavailableError
from chatworkspace.ports import NotFoundError, Store
from chatworkspace_postgres import PostgresStore, _wire, upgrade
from chatworkspace_postgres._dsn import connect_by
from chatworkspace_postgres._schema import script
from tests.adapters.postgres.bouncer import bouncer
from tests.adapters.postgres.calls import ANOTHER, CALLS, CHAT, CLOCK, LONG, ORGANIZATION, OWNER, WORKSPACE, WRITES, bound, claimed
from tests.adapters.postgres.proxy import proxied
from tests.adapters.postgres.server import APP, GIVEN, Database, Server, database, free_port
from tests.hanging import not_hanging, until

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


# ---------------------------------------------------------------- the limit


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


# ---------------------------------------------------------------- connections that end


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
        if name not in {"secret", "history", "look", "planned", "chats"}:
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
    dsn = make_conninfo(host="127.0.0.1", port=free_port(), user="nobody", dbname="nothing", password="hunter2")  # noqa: S106 # shown nowhere
    store = PostgresStore(lambda: psycopg.connect(dsn), timeout=TIMEOUT)
    error = unavailable(store.secret, "no success within 0.5 s; the last error: .*refused")
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("raised", [KeyError("hush"), RuntimeError("hush"), AssertionError(), psycopg.InterfaceError("hush"), MemoryError()])
def test_whatever_a_hosts_function_raises(raised: Exception) -> None:
    """UnavailableError, at once, with its kind and without its text; the cause is there, but where its text may repeat a connection string."""

    def connect() -> psycopg.Connection[Any]:
        raise raised

    for call in (PostgresStore(connect, timeout=LONG).secret, lambda: upgrade(connect), lambda: script(connect)):
        error = unavailable(call, f"a connection could not be had: {type(raised).__name__}", retryable=False)
        assert error.__cause__ is (None if isinstance(raised, psycopg.Error) else raised)
        assert "hush" not in str(error)


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
    return socket.create_connection(("127.0.0.1", free_port()))


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
    unavailable(here.secret, "couldn't get a connection after 1.00 sec; what the server told the pool is in the log")


def test_a_connection_string_that_is_none() -> None:
    """It is not shown, for it may hold a password; trying again does not help."""

    def connect() -> psycopg.Connection[Any]:
        return psycopg.connect("postgresql://app:hunter2@[db/app")

    for call in (PostgresStore(connect, timeout=TIMEOUT).secret, lambda: upgrade(connect), lambda: script(connect)):
        error = unavailable(call, "a connection could not be had: ProgrammingError", retryable=False)
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


# ---------------------------------------------------------------- what the server says


def raising(store: PostgresStore, postgres: Database, code: str) -> None:
    """Let every insertion and change in the store's tables fail as a server in trouble would."""
    schema = store._schema
    postgres.execute(f"""
        CREATE FUNCTION {schema}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'in trouble' USING ERRCODE = '{code}'; END $$;
        CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON {schema}.chat FOR EACH STATEMENT EXECUTE FUNCTION {schema}.fail();
    """)


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
