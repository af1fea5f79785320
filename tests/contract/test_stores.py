"""Every store of this repository keeps the rules of Store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import attrs
import pytest
from psycopg_pool import ConnectionPool

from chatworkspace import UnavailableError
from chatworkspace.ports import Claim, Clock, Plan, Store
from chatworkspace_contracts import STORE_RULES, Ability, Rule, StoreWorld, run
from chatworkspace_fake import FakeStore, MemoryStore, Simulation
from chatworkspace_fake._platform.store import StoreCall
from chatworkspace_postgres import PostgresStore
from chatworkspace_sqlite import SQLiteStore
from tests.adapters.postgres.server import Database
from tests.contract.worlds import MakeStore, Stores, stores_in_real_time, stores_in_virtual_time
from tests.over_postgres import Stores as PostgresStores

SLOWER = 30
"""Races on a disk, which are as many as a second or two have room for."""

of_one_process = pytest.mark.parametrize("rule", [rule for rule in STORE_RULES if Ability.ANOTHER not in rule.needs], ids=str)
every_rule = pytest.mark.parametrize("rule", STORE_RULES, ids=str)


@of_one_process
def test_the_store_in_memory(rule: Rule[StoreWorld]) -> None:
    """Under real threads."""
    run(rule, stores_in_real_time(MemoryStore))


@of_one_process
def test_the_store_in_memory_in_virtual_time(rule: Rule[StoreWorld]) -> None:
    """In a simulation."""
    run(rule, stores_in_virtual_time(MemoryStore))


@of_one_process
def test_the_store_of_tests(rule: Rule[StoreWorld]) -> None:
    """Without a fault, under real threads."""
    run(rule, stores_in_real_time(FakeStore))


@of_one_process
def test_the_store_of_tests_in_virtual_time(rule: Rule[StoreWorld]) -> None:
    """In a simulation."""
    run(rule, stores_in_virtual_time(FakeStore))


# ------------------------------------------------------------------ in a file


@pytest.fixture
def sqlite_stores(tmp_path: Path) -> Iterator[MakeStore]:
    """Make each store in a file of its own, and close all of them behind the test."""
    with ExitStack() as stack:
        paths = (tmp_path / f"{number}.db" for number in range(100))
        yield lambda clock: stack.enter_context(closing(SQLiteStore(next(paths), clock=clock)))


@pytest.mark.adapters
@every_rule
def test_the_store_in_a_file(rule: Rule[StoreWorld], sqlite_stores: MakeStore) -> None:
    """Under real threads; opened again it is another object on the same file."""
    with ExitStack() as stack:

        def another(store: Store) -> Store:
            assert isinstance(store, SQLiteStore)
            return stack.enter_context(closing(SQLiteStore(store._path)))

        run(rule, opened_again(stores_in_real_time(sqlite_stores, rounds=SLOWER), another))


@pytest.mark.adapters
@pytest.mark.exhaustive
@of_one_process
def test_the_store_in_a_file_in_virtual_time(rule: Rule[StoreWorld], sqlite_stores: MakeStore) -> None:
    """In a simulation."""
    run(rule, stores_in_virtual_time(sqlite_stores, rounds=SLOWER))


# ------------------------------------------------------------------ in PostgreSQL


@pytest.mark.adapters
@every_rule
def test_the_store_in_postgres(rule: Rule[StoreWorld], postgres_stores: PostgresStores) -> None:
    """In a real server, under real threads; opened again it is another object on the same schema."""
    run(rule, opened_again(stores_in_real_time(postgres_stores.make, rounds=SLOWER), on_the_same_schema))


@pytest.mark.adapters
@pytest.mark.exhaustive
@of_one_process
def test_the_store_in_postgres_in_virtual_time(rule: Rule[StoreWorld], postgres_stores: PostgresStores) -> None:
    """In a simulation, whose time the server's clock shows."""
    run(rule, stores_in_virtual_time(postgres_stores.make, rounds=SLOWER))


@pytest.mark.adapters
@pytest.mark.exhaustive
@every_rule
def test_the_store_through_pgbouncer(rule: Rule[StoreWorld], pgbouncer_stores: PostgresStores) -> None:
    """As the first, behind a pgbouncer in transaction mode."""
    run(rule, opened_again(stores_in_real_time(pgbouncer_stores.make, rounds=SLOWER), on_the_same_schema))


@pytest.mark.adapters
@pytest.mark.exhaustive
@every_rule
def test_the_store_in_postgres_that_listens(rule: Rule[StoreWorld], postgres: Database, postgres_pool: ConnectionPool[Any]) -> None:
    """With notifications of turns, each store on a connection of its own."""
    with ExitStack() as stack:

        def make(clock: Clock) -> Store:
            return stack.enter_context(closing(postgres.store(postgres_pool.connection, clock=clock, listen=postgres.connect)))

        def another(store: Store) -> Store:
            return stack.enter_context(closing(on_the_same_schema(store)))

        run(rule, opened_again(stores_in_real_time(make, rounds=SLOWER), another))


def on_the_same_schema(store: Store) -> PostgresStore:
    """Open it once more."""
    assert isinstance(store, PostgresStore)
    return PostgresStore(store._connect, schema=store._schema, listen=store._listen)


def opened_again(fresh: Stores, another: Callable[[Store], Store]) -> Stores:
    """Let the rules open each store of a factory once more."""

    def opened() -> StoreWorld:
        world = fresh()
        return attrs.evolve(world, another=lambda: another(world.store))

    return opened


# ------------------------------------------------------------------ its own limit

CHAT = "chat-1"
OWNER, ORGANIZATION, TEMPLATE, WORKSPACE = (UUID(int=number) for number in range(1, 5))
LONG = 30.0
TOKENS = ("one", "another")

STORE_CALLS: dict[StoreCall, Callable[[Store, Claim], object]] = {
    "secret": lambda store, _: store.secret(),
    "open_chat": lambda store, _: store.open_chat(CHAT, OWNER, ORGANIZATION),
    "look": lambda store, _: store.look(CHAT),
    "claim": lambda store, _: store.claim(store.look(CHAT), token=TOKENS[1], ttl=LONG),
    "wait_for_turn": lambda store, _: store.wait_for_turn(store.look(CHAT), LONG),
    "bind": lambda store, claim: store.bind(claim, WORKSPACE),
    "attach": lambda store, claim: store.attach(claim, WORKSPACE, number=1),
    "close_chat": lambda store, claim: store.close_chat(claim, number=1),
    "release": lambda store, claim: store.release(claim),
    "record_stray": lambda store, _: store.record_stray(CHAT, WORKSPACE, "a stray"),
    "discard": lambda store, _: store.discard(WORKSPACE),
    "history": lambda store, _: store.history(CHAT),
    "planned": lambda store, _: store.planned(0),
    "chats": lambda store, _: store.chats(),
    "owned": lambda store, _: store.owned(),
    "finish": lambda store, _: store.finish([CHAT], 0),
    "purge": lambda store, _: store.purge(0),
}


@pytest.mark.parametrize("name", get_args(StoreCall))
def test_every_call_of_a_store_ends(name: StoreCall) -> None:
    """One that is not answered ends with UnavailableError within the adapter's own limit of 5 s, and was not done."""
    simulation = Simulation()
    store = simulation.store
    store.open_chat(CHAT, OWNER, ORGANIZATION)
    claim = store.claim(store.look(CHAT), token=TOKENS[0], ttl=LONG, plan=Plan(name="dev-abcdefghij", number=0, template_id=TEMPLATE))
    store.when(name).lose_request()
    with pytest.raises(UnavailableError):
        STORE_CALLS[name](store, claim)
    assert simulation.elapsed == 5
    assert store.bind(claim, WORKSPACE).generation == 1
