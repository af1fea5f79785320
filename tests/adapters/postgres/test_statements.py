"""One statement a method, whatever the host has set on its connection, decided by rows that it has locked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import ClientCursor, IsolationLevel, RawCursor
from psycopg.rows import dict_row, tuple_row
from psycopg.types.string import TextLoader

from chatworkspace import ChatWorkspaces, InvalidArgumentError, UnavailableError
from chatworkspace.ports import Plan, StaleClaimError, Store, WorkspaceTakenError
from chatworkspace_fake import FakeCoder
from chatworkspace_postgres import PostgresStore
from tests.adapters.postgres.calls import ANOTHER, CALLS, CHAT, ORGANIZATION, OWNER, WORKSPACE, bound, claimed
from tests.adapters.postgres.proxy import Proxy, proxied
from tests.adapters.postgres.server import Database

ONE_PIECE = 8192
"""Bytes below which libpq sends all at once."""
LONGEST_ID = "\U0001f600" * 255


@pytest.fixture
def proxy(postgres: Database) -> Iterator[tuple[Proxy, str]]:
    with proxied(postgres.app) as it:
        yield it


# ------------------------------------------------------------------ one statement


@pytest.mark.parametrize("name", CALLS)
def test_a_method_is_one_statement(postgres: Database, proxy: tuple[Proxy, str], name: str) -> None:
    """On the wire: parsed, bound, executed and committed by itself; nothing is asked before or behind it, and nothing stays prepared."""
    counting, dsn = proxy
    call = CALLS[name](postgres.store(lambda: psycopg.connect(dsn)))
    counting.forget()
    call()
    assert [kind for kind, _ in counting.said] == [b"P", b"B", b"D", b"E", b"S"]


def test_a_statement_leaves_in_one_piece(postgres: Database, proxy: tuple[Proxy, str]) -> None:
    """However long id, name and note: what is sent at once is sent whole, though the process stops."""
    counting, dsn = proxy
    store = postgres.store(lambda: psycopg.connect(dsn), listen=lambda: psycopg.connect(dsn))
    plan, note = Plan(name="\U0001f600" * 255, number=0, template_id=WORKSPACE, fingerprint="f" * 255), "\U0001f600" * 5000
    counting.forget()
    store.attach(claimed(store, LONGEST_ID, plan=plan), ANOTHER, number=1, note=note)
    store.release(claimed(store, LONGEST_ID), note=note)
    store.record_stray(LONGEST_ID, WORKSPACE, note)
    kept = [it for intent in store.history(LONGEST_ID) for it in intent.notes]
    assert all(len(it) == 800 and it.endswith("… [5000 characters, cut]") for it in kept)
    sizes, size = list[int](), 0
    for kind, length in counting.said:
        size += length
        if kind == b"S":
            sizes.append(size)
            size = 0
    assert len(sizes) == 11  # the secret, too, by which notifications are keyed
    assert max(sizes) < ONE_PIECE


def test_what_calls_of_the_service_cost(postgres: Database, proxy: tuple[Proxy, str]) -> None:
    """In statements: four for a creation (and once in a process the secret), one for a look, one for a chat whose proof is fresh."""
    counting, dsn = proxy
    coder = FakeCoder()
    docker = coder.add_template("docker", organization_id=ORGANIZATION)
    with ChatWorkspaces(store=postgres.store(lambda: psycopg.connect(dsn)), creator=coder, dialer=coder) as chats:

        def cost(act: Callable[[], object]) -> int:
            counting.forget()
            act()
            return counting.statements

        assert cost(lambda: chats.open_chat("first", owner_id=OWNER, organization_id=ORGANIZATION)) == 1
        assert cost(lambda: chats.create("first", docker.id)) == 4 + 1
        chats.open_chat("second", owner_id=OWNER, organization_id=ORGANIZATION)
        assert cost(lambda: chats.create("second", docker.id)) == 4
        assert cost(lambda: chats.create("second", docker.id)) == 1
        assert cost(lambda: chats.get_chat("second")) == 1
        assert cost(lambda: chats.status("second")) == 1


# ------------------------------------------------------------------ the host's connection


SETTINGS: dict[str, Callable[[psycopg.Connection[Any]], object]] = {
    "autocommit": lambda it: it.set_autocommit(True),
    "no autocommit": lambda it: it.set_autocommit(False),
    "repeatable read": lambda it: it.set_isolation_level(IsolationLevel.REPEATABLE_READ),
    "serializable": lambda it: it.set_isolation_level(IsolationLevel.SERIALIZABLE),
    "read-only transactions": lambda it: it.set_read_only(True),
    "deferrable": lambda it: it.set_deferrable(True),
    "rows are dicts": lambda it: setattr(it, "row_factory", dict_row),
    "client-side cursor": lambda it: setattr(it, "cursor_factory", ClientCursor),
    "raw cursor": lambda it: setattr(it, "cursor_factory", RawCursor),
    "all is prepared": lambda it: setattr(it, "prepare_threshold", 0),
    "nothing is prepared": lambda it: setattr(it, "prepare_threshold", None),
    "its own adapters": lambda it: it.adapters.register_loader("uuid", TextLoader),
}
"""What psycopg keeps of a connection."""
OPTIONS = (
    "-c default_transaction_isolation=serializable",
    "-c default_transaction_isolation=repeatable\\ read",
    "-c client_encoding=LATIN1",
    "-c client_encoding=SQL_ASCII",
    "-c DateStyle=German -c IntervalStyle=sql_standard -c TimeZone=Asia/Kolkata",
    "-c bytea_output=escape -c extra_float_digits=-15",
    "-c search_path=pg_temp -c standard_conforming_strings=off -c transform_null_equals=on",
    "-c plan_cache_mode=force_generic_plan -c enable_indexscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_nestloop=off",
)
"""What the server keeps of it."""


def story(store: Store) -> list[object]:
    """Return all that a store says while something of everything happens."""
    told: list[object] = [store.open_chat("\u00e9 chat", OWNER, ORGANIZATION), len(store.secret())]
    claim = claimed(store, "\u00e9 chat")
    told += [claim.chat, store.bind(claim, WORKSPACE), store.bind(claim, WORKSPACE)]
    with pytest.raises(StaleClaimError):
        store.bind(claim, ANOTHER)
    with pytest.raises(WorkspaceTakenError):
        store.discard(WORKSPACE)
    told += [store.attach(claimed(store, "\u00e9 chat", plan=None), None, number=1, note="n\u00f6te")]
    store.discard(WORKSPACE)
    told += [[it.chat for it in store.chats()], [(it.generation, it.name, it.workspace_id, it.notes) for it in store.history("\u00e9 chat")]]
    claimed(store, "\u00e9 chat")
    told += [len(store.planned(0)), len(store.planned(60)), round(store.look("\u00e9 chat").claimed_for) in range(20, 31)]
    return told


@contextmanager
def kept(connection: psycopg.Connection[Any]) -> Generator[psycopg.Connection[Any], None, None]:
    """Give a connection that stays open."""
    yield connection


def of_server(connection: psycopg.Connection[Any]) -> object:
    """Return what the server keeps of a session."""
    asking = psycopg.Cursor(connection, row_factory=tuple_row)
    settings = asking.execute("SELECT name, setting FROM pg_settings WHERE source = 'session' ORDER BY name").fetchall()
    prepared = asking.execute("SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql AND statement LIKE '%chat%epoch%'").fetchall()
    locks = asking.execute("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'").fetchall()
    connection.rollback()
    return [*settings, *prepared, *locks]


@pytest.mark.parametrize("name", SETTINGS)
def test_what_psycopg_keeps_of_a_connection_does_not_matter(postgres: Database, name: str) -> None:
    """All goes as on a plain connection, and the connection is as it was: idle, with its settings."""
    expected = story(postgres.store())
    with psycopg.connect(postgres.app) as connection:
        SETTINGS[name](connection)
        before = [getattr(connection, it) for it in ("autocommit", "isolation_level", "row_factory", "cursor_factory", "prepare_threshold")]
        assert story(postgres.store(lambda: kept(connection))) == expected
        after = [getattr(connection, it) for it in ("autocommit", "isolation_level", "row_factory", "cursor_factory", "prepare_threshold")]
        assert (after, connection.info.transaction_status) == (before, psycopg.pq.TransactionStatus.IDLE)


@pytest.mark.parametrize("options", OPTIONS)
def test_what_the_server_keeps_of_a_connection_does_not_matter(postgres: Database, options: str) -> None:
    """All goes as on a plain connection; nothing is set, prepared or locked in the session."""
    expected = story(postgres.store())
    with psycopg.connect(postgres.app, options=options) as connection:
        before = of_server(connection)
        assert story(postgres.store(lambda: kept(connection))) == expected
        assert of_server(connection) == before


def test_text_that_a_connection_cannot_carry(postgres: Database) -> None:
    """Its encoding is the host's; what it has no sign for is an error that names it, and nothing is done."""
    with psycopg.connect(postgres.app, client_encoding="LATIN1") as connection:
        store = postgres.store(lambda: kept(connection))
        with pytest.raises(UnavailableError, match="client_encoding") as error:
            store.open_chat("\U0001f600", OWNER, ORGANIZATION)
        assert not error.value.retryable
        assert store.chats() == ()


@pytest.mark.parametrize("name", CALLS)
def test_an_open_transaction_is_a_usage_error(postgres: Database, name: str) -> None:
    """It names the cure. The host's transaction goes on as it was, and nothing of the store's is in it."""
    with psycopg.connect(postgres.app) as connection:
        call = CALLS[name](postgres.store(lambda: kept(connection)))
        connection.execute("SELECT 1")
        with pytest.raises(InvalidArgumentError, match=r"connect: expected a connection that is idle.*Commit or roll back first.*pool\.connection"):
            call()
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        connection.rollback()
        call()


def test_a_pipeline_is_a_usage_error(postgres: Database) -> None:
    """Its statements are answered later, and together."""
    with psycopg.connect(postgres.app, autocommit=True) as connection:
        store = postgres.store(lambda: kept(connection))
        with connection.pipeline(), pytest.raises(InvalidArgumentError, match="pipeline"):
            store.secret()


def test_a_host_that_rolls_back_takes_nothing_back(postgres: Database) -> None:
    """What the store has said is committed."""
    schema = postgres.schema()
    with psycopg.connect(postgres.app) as connection:
        bound(PostgresStore(lambda: kept(connection), schema=schema))
        connection.rollback()
    assert postgres.store(schema=schema).look(CHAT).chat.workspace_id == WORKSPACE


def test_threads_may_share_one_connection(postgres: Database) -> None:
    """Psycopg allows it; their statements take turns."""
    with psycopg.connect(postgres.app) as connection:
        store = postgres.store(lambda: nullcontext(connection))
        threads = [Thread(target=bound, args=(store, f"chat-{number}", UUID(int=200 + number))) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert connection.closed
    assert len(postgres.store(schema=store._schema).chats()) == 8


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"])
def test_text_that_no_database_can_keep(postgres: Database, bad: str) -> None:
    """NUL and lone surrogates are refused at the edge, wherever ours comes in; the argument is named, nothing is sent. Notes are made fit."""
    store = postgres.store()
    claimed(store)
    look = store.look(CHAT)
    plan = Plan(name=bad, number=0, template_id=WORKSPACE)
    calls: dict[str, Callable[[], object]] = {
        "chat_id": lambda: store.open_chat(bad, OWNER, ORGANIZATION),
        "chat_id ": lambda: store.look(bad),
        "chat_id  ": lambda: store.history(bad),
        "after": lambda: store.chats(after=bad),
        "token": lambda: store.claim(look, token=bad, ttl=1),
        "plan.name": lambda: store.claim(look, token="t", ttl=1, plan=plan),  # noqa: S106 # no secret
    }
    for argument, call in calls.items():
        with pytest.raises(InvalidArgumentError, match="half characters") as error:
            call()
        assert error.value.argument == argument.strip()
    assert store.look(CHAT).claimed_for > 0


@pytest.mark.parametrize("text", ["'; DROP SCHEMA public; --", "$1", "%s", "%(chat_id)s", "{schema}", "\\", '"', "\x01\x7f\u2028"])
def test_text_is_never_sql(postgres: Database, text: str) -> None:
    """Whatever it looks like, it comes back as it was."""
    store = postgres.store()
    store.attach(claimed(store, text, plan=Plan(name=text, number=0, template_id=WORKSPACE)), None, number=0, note=text)
    told = store.history(text)
    assert ([it.name for it in told], told[-1].notes, [it.chat.id for it in store.chats()]) == ([text] * 2, (text,), [text])
