"""Waiting for a turn that another process has: by notifications, or by looking; and clocks that are set."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from threading import Thread, Timer
from typing import Any

import psycopg
import pytest

from chatworkspace import UnavailableError
from chatworkspace._ports import turn_signals
from chatworkspace.ports import TurnSignals
from chatworkspace_postgres import PostgresStore, _listener
from tests.adapters.postgres.calls import CHAT, CLOCK, LONG, claimed
from tests.adapters.postgres.proxy import proxied
from tests.adapters.postgres.server import Database
from tests.adapters.postgres.waiters import given_back, threads, two
from tests.finalizers import at_lines
from tests.forks import ended, in_child
from tests.hanging import not_hanging, until


def listeners(postgres: Database) -> list[Any]:
    """Return the server's processes that have been told to listen."""
    return postgres.execute("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()")


def test_a_turn_that_is_notified(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nobody would look for a minute: the listener wakes who waits as soon as the other process gives the claim back."""
    monkeypatch.setattr("chatworkspace_postgres._store.SELDOM", 60.0)
    with two(postgres, listen=True) as (here, there):
        for after in (0.3, 0.05, 0.0):
            given_back(here, there, after=after)


def test_one_listener_serves_a_process(postgres: Database) -> None:
    """It begins with the first who waits, whichever chat they wait for, and ends with close(): no thread and no connection is left."""
    assert (threads(), listeners(postgres)) == ([], [])
    with closing(postgres.store(listen=postgres.connect)) as store:
        looks = [store.look(claimed(store, f"chat-{number}").chat.id) for number in range(5)]
        assert threads() == []
        waiting = [Thread(target=store.wait_for_turn, args=(look, CLOCK.monotonic() + 0.5)) for look in looks]
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join()
        assert (len(threads()), len(listeners(postgres))) == (1, 1)
    assert threads() == []
    until(lambda: not listeners(postgres))


def test_closing_wakes_who_waits(postgres: Database) -> None:
    """By themselves, or with an error if they were about to look: nobody knows whether the turn has come."""
    store = postgres.store(listen=postgres.connect)
    claimed(store)
    look = store.look(CHAT)
    timer = Timer(0.2, store.close)
    timer.start()
    with not_hanging(), suppress(UnavailableError):
        store.wait_for_turn(look, CLOCK.monotonic() + LONG)
    timer.join()
    assert threads() == []


def test_a_listening_connection_that_is_pooled_is_given_back_as_it_was(postgres: Database) -> None:
    """It listens no more, and serves others."""
    with psycopg.connect(postgres.app, autocommit=True) as connection:

        @contextmanager
        def listen() -> Generator[psycopg.Connection[Any], None, None]:
            yield connection

        with closing(postgres.store(listen=listen)) as store:
            claimed(store)
            store.wait_for_turn(store.look(CHAT), CLOCK.monotonic() + 0.2)
        assert connection.execute("SELECT count(*) FROM pg_listening_channels()").fetchone() == (0,)


def test_a_listener_that_is_cut_off_comes_back(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits meanwhile looks for itself; afterwards notifications come again."""
    with two(postgres, listen=True) as (here, there):
        for _ in range(2):
            given_back(here, there, after=0.1)
            for (pid,) in listeners(postgres):
                postgres.execute("SELECT pg_terminate_backend(%s)", (pid,))
            given_back(here, there, after=0.1)
        here_listens = here._parts.here().listener
        assert here_listens is not None
        until(here_listens.ready)
        monkeypatch.setattr("chatworkspace_postgres._store.SELDOM", 60.0)
        given_back(here, there, after=0.1)


def test_a_listener_that_hears_nothing_asks_whether_anybody_is_there(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that swallows all: it is noticed, and the connection made anew."""
    monkeypatch.setattr(_listener, "QUIET", 0.1)
    monkeypatch.setattr(_listener, "ANSWER", 0.3)
    with proxied(postgres.app) as (proxy, dsn), closing(postgres.store(listen=lambda: psycopg.connect(dsn))) as store:
        claimed(store)
        store.wait_for_turn(store.look(CHAT), CLOCK.monotonic() + 0.3)
        listener = store._parts.here().listener
        assert listener is not None
        until(listener.ready)
        proxy.silent = True
        until(lambda: not listener.ready())
        proxy.silent = False
        proxy.close()
        until(listener.ready)


def test_who_cannot_listen_looks(postgres: Database, pgbouncer: str) -> None:
    """A wrong way in, or one through a pooler that lends connections by the transaction: the turn comes all the same."""
    ways: list[Callable[[], Any]] = [lambda: psycopg.connect(postgres.app, port=1), lambda: psycopg.connect(pgbouncer)]
    for way in ways:
        with closing(postgres.store(listen=way)) as here:
            there = PostgresStore(postgres.connect, schema=here._schema)
            given_back(here, there, after=0.2)


def test_a_listener_that_is_slow_to_begin_keeps_nobody_beyond_the_deadline(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits gives it some time, and no more than is left; once the store is closed, nothing."""
    monkeypatch.setattr(_listener, "TO_BEGIN", 60.0)
    begun, go_on = threading.Event(), threading.Event()

    def listen() -> psycopg.Connection[Any]:
        begun.set()
        go_on.wait()
        return postgres.connect()

    store = postgres.store(listen=listen)
    claimed(store)
    look = store.look(CHAT)
    with not_hanging():
        store.wait_for_turn(look, CLOCK.monotonic() + 0.05)
    assert begun.is_set()
    go_on.set()
    store.close()
    listener = store._parts.here().listener
    assert listener is not None
    with not_hanging():
        listener.ready(60.0)


def test_a_way_to_listen_that_fails_in_its_own_manner(postgres: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it raises, it is asked again later. The log is told once, by its kind alone."""
    ways = iter([lambda: 1 / 0, lambda: int("secret"), postgres.connect])

    def listen() -> Any:
        return next(ways)()

    with closing(postgres.store(listen=listen)) as store:
        claimed(store)
        look = store.look(CHAT)
        store.wait_for_turn(look, CLOCK.monotonic() + 0.05)
        listener = store._parts.here().listener
        assert listener is not None
        until(listener.ready)
    told = [(it.levelname, it.getMessage()) for it in caplog.records]
    assert told == [("WARNING", "no notifications from PostgreSQL (ZeroDivisionError): who waits for a turn looks for it")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_child_listens_for_itself(postgres: Database) -> None:
    """The store was used and listened before the fork: parent and child both go on, each with a listener of its own."""
    with two(postgres, listen=True) as (here, there):
        listener = here._parts.here().listener
        assert listener is not None
        until(listener.ready)

        def act() -> None:
            given_back(here, PostgresStore(postgres.connect, schema=here._schema, listen=postgres.connect), after=0.1)
            here.close()
            assert threads() == []

        assert ended(in_child(act)) == 0
        assert len(listeners(postgres)) >= 1
        given_back(here, there, after=0.1)


def test_writes_notify_only_where_stores_listen(postgres: Database) -> None:
    """Others spare the server the work."""
    for listen in (None, postgres.connect):
        with psycopg.connect(postgres.owner, autocommit=True) as hearing, closing(postgres.store(listen=listen)) as store:
            hearing.execute(f"LISTEN {store._schema}".encode())
            store.release(claimed(store))
            heard = list(hearing.notifies(timeout=1 if listen is None else LONG, stop_after=1))
            assert len(heard) == (listen is not None)


def test_a_notification_tells_nothing_to_who_lacks_the_secret(postgres: Database) -> None:
    """What the chat is called in it follows from its id and the store's secret together: nobody tries ids, or compares two stores."""
    heard: list[str] = []
    for _ in range(2):
        with psycopg.connect(postgres.owner, autocommit=True) as hearing, closing(postgres.store(listen=postgres.connect)) as store:
            hearing.execute(f"LISTEN {store._schema}".encode())
            store.release(claimed(store))
            heard += [it.payload for it in hearing.notifies(timeout=LONG, stop_after=1)]
            assert heard[-1] == _listener.key_of(store.secret(), CHAT)
    assert heard[0] != heard[1]


def test_closing_waits_for_no_server_that_says_nothing(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network swallows all: the listener cannot say goodbye, and is left to end by itself."""
    monkeypatch.setattr(_listener, "QUIET", 0.1)
    monkeypatch.setattr(_listener, "ANSWER", 60.0)
    with proxied(postgres.app) as (proxy, dsn):
        store = postgres.store(listen=lambda: psycopg.connect(dsn))
        listener = _listening(store)
        proxy.silent = True
        CLOCK.sleep(0.3)  # it asks whether anybody is there, and would wait for a minute
        with not_hanging():
            store.close()
        assert not listener.ready()
        proxy.close()
        until(lambda: not threads())


def test_closing_waits_for_no_function_of_the_hosts(postgres: Database) -> None:
    """It is still connecting: it gives back what it gets, and does not listen."""
    begun, go_on = threading.Event(), threading.Event()

    def listen() -> psycopg.Connection[Any]:
        begun.set()
        go_on.wait()
        return postgres.connect()

    store = postgres.store(listen=listen)
    claimed(store)
    store.wait_for_turn(store.look(CHAT), CLOCK.monotonic() + 0.05)
    assert begun.is_set()
    with not_hanging():
        store.close()
    go_on.set()
    until(lambda: not threads())
    assert listeners(postgres) == []


def _listening(store: PostgresStore) -> _listener.Listener:
    listener = store._parts.here().listener
    assert listener is not None
    until(listener.ready)
    return listener


def test_a_thread_that_cannot_be_started(postgres: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Who waits looks for itself, and the next who waits starts it: the log is told once."""

    def start(thread: Thread) -> None:
        raise RuntimeError("can't start new thread", thread)

    with closing(postgres.store(listen=postgres.connect)) as store:
        claimed(store)
        look = store.look(CHAT)
        with monkeypatch.context() as full:
            full.setattr("chatworkspace_postgres._listener.Thread.start", start)
            for _ in range(2):
                store.wait_for_turn(look, CLOCK.monotonic() + 0.2)
        assert threads() == []
        _listening(store)
    told = [it.getMessage() for it in caplog.records]
    assert told == ["no notifications from PostgreSQL (RuntimeError): who waits for a turn looks for it"]


def test_a_listener_that_its_host_ends_begins_again(postgres: Database) -> None:
    """Its function exits, as if it were the program: the thread is not lost for it."""
    ways: Iterator[Callable[[], Any]] = iter([sys.exit, postgres.connect])

    def listen() -> Any:
        return next(ways)()

    with closing(postgres.store(listen=listen)) as store:
        _listening(store)


def test_a_finalizer_that_closes_the_listener_hangs_nobody() -> None:
    """At any line of whoever begins to wait, or closes: no thread is left."""

    def listen() -> psycopg.Connection[Any]:
        raise ZeroDivisionError

    files = (_listener.__file__, turn_signals.__file__)
    for begin in (_listener.Listener.ready, _listener.Listener.close):
        line, lines = 0, 1
        while line < lines:
            listener = _listener.Listener(listen, "chats", TurnSignals())

            def close(number: int, at: int = line, it: _listener.Listener = listener) -> None:
                if number == at:
                    it.close()

            lines = max(lines, at_lines(files, close, partial(begin, listener)))
            assert not listener.ready()
            listener.close()
            line += 1
    until(lambda: not threads())
