"""What statements see of each other under READ COMMITTED, and rows that somebody has changed by hand."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import psycopg
import pytest

from chatworkspace import Chat, UnavailableError
from chatworkspace.ports import ChangedError, Claim, WorkspaceTakenError
from chatworkspace_postgres import PostgresStore
from tests.adapters.postgres.calls import ANOTHER, CALLS, CHAT, CLOCK, LONG, ORGANIZATION, OWNER, PLAN, WORKSPACE, claimed
from tests.adapters.postgres.server import Database

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


def claim_within(connection: psycopg.Connection[Any], store: PostgresStore, token: str) -> None:
    """Claim the chat in a transaction that stays open."""
    row = "epoch = 1, token = %s, taken_at = clock_timestamp(), until = clock_timestamp() + '1 min'"
    connection.execute(f"UPDATE {store._schema}.chat SET {row}".encode(), (token,))


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
        claim_within(first, store, "x")
        told = together(postgres, first, lambda: store.claim(look, token="mine", ttl=LONG, plan=PLAN))  # noqa: S106 # no secret
    assert [type(it) for it in told] == [ChangedError]
    assert (store.look(CHAT).epoch, store.look(CHAT).plan) == (1, None)


def test_a_claim_whose_first_sending_is_still_under_way(postgres: Database) -> None:
    """The connection broke, the statement went on at the server; sent again, it waits for itself and recognises its token."""
    store = postgres.store()
    store.open_chat(CHAT, OWNER, ORGANIZATION)
    look = store.look(CHAT)
    with psycopg.connect(postgres.owner) as first:
        claim_within(first, store, "mine")
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


@pytest.mark.parametrize("odd", ["planned_at = 'infinity'", "bound_at = '-infinity'"])
def test_an_odd_generation_is_told(postgres: Database, odd: str) -> None:
    """In the words that any odd row gets, and of that chat alone."""
    store = postgres.store()
    for chat_id in ("good", "odd"):
        claimed(store, chat_id)
    postgres.execute(f"UPDATE {store._schema}.intent SET {odd} WHERE chat_id = 'odd'")
    with pytest.raises(UnavailableError, match="generation 1 of a history is odd") as error:
        store.history("odd")
    assert not error.value.retryable
    assert [it.generation for it in store.history("good")] == [1]
