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

from chatworkspace import Chat, ChatWorkspaces, InvalidArgumentError, UnavailableError
from chatworkspace.ports import ChangedError, Claim, Plan, StaleClaimError, Store, WorkspaceTakenError
from chatworkspace_fake import FakeCoder
from chatworkspace_postgres import PostgresStore
from tests.adapters.postgres.calls import ANOTHER, CALLS, CHAT, CLOCK, LONG, ORGANIZATION, OWNER, PLAN, WORKSPACE, bound, claimed
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
    assert all(len(kept) == 1000 for intent in store.history(LONGEST_ID) for kept in intent.notes)
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
        with pytest.raises(InvalidArgumentError, match="without NUL") as error:
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


# ------------------------------------------------------------------ READ COMMITTED


NAIVE = """
UPDATE {schema}.chat SET epoch = epoch + 1, token = 'naive', taken_at = clock_timestamp(), until = clock_timestamp() + interval '30 seconds'
WHERE id = 'chat' AND NOT EXISTS (SELECT FROM {schema}.held WHERE chat_id = 'chat' AND until > clock_timestamp())
RETURNING epoch
"""
"""A claim that asks another table whether somebody holds the chat."""


def blocked_on(postgres: Database, connection: psycopg.Connection[Any]) -> bool:
    """Tell whether somebody waits for what this connection holds."""
    ((found,),) = postgres.execute("SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))", (connection.info.backend_pid,))
    return bool(found)


def together(postgres: Database, first: psycopg.Connection[Any], second: Callable[[], object]) -> list[object]:
    """Begin the second while the first's transaction is open, commit the first when the second waits for it, and return what came of the second."""
    told: list[object] = []

    def run() -> None:
        try:
            told.append(second())
        except Exception as error:  # noqa: BLE001 # to be told
            told.append(error)

    thread = Thread(target=run)
    thread.start()
    while thread.is_alive() and not blocked_on(postgres, first):
        CLOCK.sleep(0.01)
    first.commit()
    thread.join()
    return told


def test_a_claim_that_reads_another_table_is_wrong(postgres: Database) -> None:
    """The naive statement waits for the row, sees it as it is now, and the other table as it was when it began: two hold one chat."""
    store = postgres.store()
    store.open_chat(CHAT, OWNER, ORGANIZATION)
    schema = store._schema
    postgres.execute(f"CREATE TABLE {schema}.held (chat_id text, until timestamptz)")
    with psycopg.connect(postgres.owner) as first:
        first.execute(f"INSERT INTO {schema}.held VALUES ('chat', clock_timestamp() + interval '30 seconds')".encode())
        first.execute(f"UPDATE {schema}.chat SET epoch = 1".encode())
        told = together(postgres, first, lambda: postgres.execute(NAIVE.format(schema=schema)))
    assert told == [[(2,)]]


def test_a_claim_sees_the_row_that_it_waited_for(postgres: Database) -> None:
    """Ours, in the same place: the first has claimed meanwhile, and the second is told that the chat has changed."""
    store = postgres.store()
    store.open_chat(CHAT, OWNER, ORGANIZATION)
    look = store.look(CHAT)
    with psycopg.connect(postgres.owner) as first:
        first.execute(
            f"UPDATE {store._schema}.chat SET epoch = 1, token = 'x', taken_at = clock_timestamp(), until = clock_timestamp() + '1 min'".encode()
        )
        told = together(postgres, first, lambda: store.claim(look, token="mine", ttl=LONG, plan=PLAN))  # noqa: S106 # no secret
    assert [type(it) for it in told] == [ChangedError]
    assert (store.look(CHAT).epoch, store.look(CHAT).plan) == (1, None)


def test_a_claim_whose_first_sending_is_still_under_way(postgres: Database) -> None:
    """The connection broke, the statement went on at the server; sent again, it waits for itself and recognises its token."""
    store = postgres.store()
    store.open_chat(CHAT, OWNER, ORGANIZATION)
    look = store.look(CHAT)
    with psycopg.connect(postgres.owner) as first:
        first.execute(
            f"UPDATE {store._schema}.chat SET epoch = 1, token = 'mine', taken_at = clock_timestamp(), until = clock_timestamp() + '1 min'".encode()
        )
        (claim,) = together(postgres, first, lambda: store.claim(look, token="mine", ttl=LONG))  # noqa: S106 # no secret
    assert isinstance(claim, Claim)
    assert (claim.epoch, claim.token) == (1, "mine")


@pytest.mark.parametrize("name", ["bind", "attach"])
def test_a_workspace_that_is_discarded_meanwhile(postgres: Database, name: str) -> None:
    """The row that discards it was made after the statement began, which waits for it and sees it: refused, and the claim stays."""
    store = postgres.store()
    call = CALLS[name](store)
    with psycopg.connect(postgres.owner) as first:
        first.execute(f"INSERT INTO {store._schema}.workspace (id, discarded) VALUES (%s, true)".encode(), (WORKSPACE,))
        told = together(postgres, first, call)
    assert [type(it) for it in told] == [WorkspaceTakenError]
    assert (store.look(CHAT).chat.workspace_id, store.look(CHAT).claimed_for > 0) == (None, True)


def test_a_workspace_that_is_bound_meanwhile_is_not_discarded(postgres: Database) -> None:
    """The other way round."""
    store = postgres.store()
    with psycopg.connect(postgres.owner) as first:
        first.execute(f"INSERT INTO {store._schema}.workspace (id, bound) VALUES (%s, 1)".encode(), (WORKSPACE,))
        told = together(postgres, first, lambda: store.discard(WORKSPACE))
    assert [type(it) for it in told] == [WorkspaceTakenError]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_who_opens_a_chat_at_the_same_time(postgres: Database, isolation: str) -> None:
    """The row of the first cannot be seen by the second's statement, which is sent again, and told what is stored; at any isolation level."""
    schema = postgres.schema()
    store = postgres.store(
        lambda: psycopg.connect(postgres.app, options=f"-c default_transaction_isolation={isolation.replace(' ', chr(92) + ' ')}"), schema=schema
    )
    with psycopg.connect(postgres.owner) as first:
        first.execute(f"INSERT INTO {schema}.chat (id, owner_id, organization_id) VALUES ('chat', %s, %s)".encode(), (ANOTHER, ANOTHER))
        (chat,) = together(postgres, first, lambda: store.open_chat(CHAT, OWNER, ORGANIZATION))
    assert isinstance(chat, Chat)
    assert chat.owner_id == ANOTHER


@pytest.mark.parametrize("name", ["claim", "claim with plan", "bind", "attach", "detach", "release"])
@pytest.mark.parametrize("isolation", ["repeatable\\ read", "serializable"])
def test_a_serialization_failure_is_repeated(postgres: Database, name: str, isolation: str) -> None:
    """The row was changed by somebody who has committed meanwhile: the statement is sent again, and does what it should."""
    schema = postgres.schema()
    store = postgres.store(lambda: psycopg.connect(postgres.app, options=f"-c default_transaction_isolation={isolation}"), schema=schema)
    call = CALLS[name](store)
    with psycopg.connect(postgres.owner) as first:
        first.execute(f"UPDATE {schema}.chat SET number = number".encode())
        told = together(postgres, first, call)
    assert not isinstance(told[0], Exception), told


@pytest.mark.parametrize("odd", ["planned_at = 'infinity'", "planned_at = '-infinity'", "until = 'infinity'", "taken_at = '-infinity'"])
def test_one_odd_row_takes_no_list_away(postgres: Database, odd: str) -> None:
    """Somebody has changed it by hand: lists go on behind it, whoever sweeps is told of its plan, and a look says what is odd."""
    store = postgres.store()
    for chat_id in ("good", "odd", "other"):
        claimed(store, chat_id)
    postgres.execute(f"UPDATE {store._schema}.chat SET {odd} WHERE id = 'odd'")
    assert [look.chat.id for look in store.chats(limit=2)] == ["good", "odd"]
    assert [look.chat.id for look in store.chats(after="odd")] == ["other"]
    assert "odd" in {look.chat.id for look in store.planned(3600)}
    assert {look.chat.id for look in store.planned(0)} == {"good", "odd", "other"}
    with pytest.raises(UnavailableError, match="the row of chat 'odd' is odd") as error:
        store.look("odd")
    assert not error.value.retryable
    for look in store.chats():
        if look.chat.id == "odd":
            with pytest.raises(UnavailableError, match="is odd"):
                _ = look.plan
    assert store.look("good").claimed_for > 0
