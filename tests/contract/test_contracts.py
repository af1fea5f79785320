"""Every adapter of this repository keeps the contract of its port."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest
from psycopg_pool import ConnectionPool

from chatworkspace import Template, UnavailableError, Workspace
from chatworkspace.ports import Claim, Clock, CreateWorkspace, Store, WorkspaceCreator
from chatworkspace_fake import FakeCoder, FakeStore, MemoryStore, Simulation
from chatworkspace_fake._platform.store import StoreCall
from chatworkspace_sqlite import SQLiteStore
from tests.adapters.postgres.server import Database
from tests.contract.clock import ClockContract, ClockFactory
from tests.contract.creator import CreatorFactory, WatchContract, WorkspaceCreatorContract
from tests.contract.dialer import AgentDialerContract, DialerFactory
from tests.contract.factories import (
    MakeStore,
    clocks_of_processes,
    creators_in_real_time,
    creators_in_virtual_time,
    dialers_in_real_time,
    dialers_in_virtual_time,
    simulations,
    stores_in_real_time,
    stores_in_virtual_time,
    system_clocks,
)
from tests.contract.store import CHAT, LONG, ORGANIZATION, OWNER, WORKSPACE, StoreContract, StoreFactory, a_plan, fresh_token
from tests.over_postgres import Stores

SLOWER = 30
"""Races on a disk, which are as many as a second or two have room for."""

# ------------------------------------------------------------------ stores


@pytest.fixture
def sqlite_stores(tmp_path: Path) -> Iterator[MakeStore]:
    """Make each store in a file of its own, and close all of them behind the test."""
    made: list[SQLiteStore] = []

    def make(clock: Clock) -> SQLiteStore:
        made.append(SQLiteStore(tmp_path / f"{len(made)}.db", clock=clock))
        return made[-1]

    yield make
    for store in made:
        store.close()


class TestMemoryStore(StoreContract):
    """The store of one process, under real threads."""

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_real_time(MemoryStore)


class TestMemoryStoreInVirtualTime(StoreContract):
    """The same in a simulation."""

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_virtual_time(MemoryStore)


class TestFakeStore(StoreContract):
    """The store of tests, without a fault, under real threads."""

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_real_time(FakeStore)


class TestFakeStoreInVirtualTime(StoreContract):
    """The same in a simulation."""

    @pytest.fixture
    def store_factory(self) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_virtual_time(FakeStore)


@pytest.mark.adapters
class TestSQLiteStore(StoreContract):
    """The store in a file, under real threads."""

    @pytest.fixture
    def store_factory(self, sqlite_stores: MakeStore) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_real_time(sqlite_stores, rounds=SLOWER)


@pytest.mark.adapters
class TestSQLiteStoreInVirtualTime(StoreContract):
    """The same in a simulation."""

    @pytest.fixture
    def store_factory(self, sqlite_stores: MakeStore) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_virtual_time(sqlite_stores, rounds=SLOWER)


@pytest.mark.adapters
class TestPostgresStore(StoreContract):
    """The store in a real PostgreSQL, under real threads."""

    @pytest.fixture
    def store_factory(self, postgres_stores: Stores) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_real_time(postgres_stores.make, rounds=SLOWER)


@pytest.mark.adapters
class TestPostgresStoreInVirtualTime(StoreContract):
    """The same in a simulation, whose time the server's clock shows."""

    @pytest.fixture
    def store_factory(self, postgres_stores: Stores) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_virtual_time(postgres_stores.make, rounds=SLOWER)


@pytest.mark.adapters
class TestPostgresStoreThroughPgbouncer(StoreContract):
    """The same as the first, behind a pgbouncer in transaction mode."""

    @pytest.fixture
    def store_factory(self, pgbouncer_stores: Stores) -> StoreFactory:
        """Give fresh stores."""
        return stores_in_real_time(pgbouncer_stores.make, rounds=SLOWER)


@pytest.mark.adapters
class TestPostgresStoreThatListens(StoreContract):
    """The same with notifications of turns."""

    @pytest.fixture
    def store_factory(self, postgres: Database, postgres_pool: ConnectionPool[Any]) -> Iterator[StoreFactory]:
        """Give fresh stores, each with a connection of its own to listen on."""
        with ExitStack() as stack:

            def make(clock: Clock) -> Store:
                store = postgres.store(postgres_pool.connection, clock=clock, listen=postgres.connect)
                return stack.enter_context(closing(store))

            yield stores_in_real_time(make, rounds=SLOWER)


STORE_CALLS: dict[StoreCall, Callable[[Store, Claim], object]] = {
    "secret": lambda store, _: store.secret(),
    "open_chat": lambda store, _: store.open_chat(CHAT, OWNER, ORGANIZATION),
    "look": lambda store, _: store.look(CHAT),
    "claim": lambda store, _: store.claim(store.look(CHAT), token=fresh_token(), ttl=LONG),
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
}


@pytest.mark.parametrize("name", get_args(StoreCall))
def test_every_call_of_a_store_ends(name: StoreCall) -> None:
    """One that is not answered ends with UnavailableError within the adapter's own limit of 5 s, and was not done."""
    simulation = Simulation()
    store = simulation.store
    store.open_chat(CHAT, OWNER, ORGANIZATION)
    claim = store.claim(store.look(CHAT), token=fresh_token(), ttl=LONG, plan=a_plan())
    store.when(name).lose_request()
    with pytest.raises(UnavailableError):
        STORE_CALLS[name](store, claim)
    assert simulation.elapsed == 5
    assert store.bind(claim, WORKSPACE).generation == 1


# ------------------------------------------------------------------ clocks


class TestSystemClock(ClockContract):
    """Real time."""

    @pytest.fixture
    def clock_factory(self) -> ClockFactory:
        """Give clocks."""
        return system_clocks()


class TestSimulation(ClockContract):
    """Virtual time, as a test sees it."""

    @pytest.fixture
    def clock_factory(self) -> ClockFactory:
        """Give clocks."""
        return simulations()


class TestClockOfAProcess(ClockContract):
    """Virtual time, as a simulated process sees it."""

    @pytest.fixture
    def clock_factory(self) -> ClockFactory:
        """Give clocks."""
        return clocks_of_processes()


# ------------------------------------------------------------------ platforms


def coder_without_watches(clock: Clock) -> FakeCoder:
    return FakeCoder(clock, watching=False)


class TestFakeCoder(WorkspaceCreatorContract, WatchContract):
    """The platform of tests, which can be watched, under real threads."""

    @pytest.fixture
    def creator_factory(self) -> CreatorFactory:
        """Give fresh platforms."""
        return creators_in_real_time(FakeCoder)


class TestFakeCoderInVirtualTime(WorkspaceCreatorContract, WatchContract):
    """The same in a simulation."""

    @pytest.fixture
    def creator_factory(self) -> CreatorFactory:
        """Give fresh platforms."""
        return creators_in_virtual_time(FakeCoder)


class TestFakeCoderWithoutWatches(WorkspaceCreatorContract):
    """The same, as one that has to be polled."""

    @pytest.fixture
    def creator_factory(self) -> CreatorFactory:
        """Give fresh platforms."""
        return creators_in_virtual_time(coder_without_watches)

    def test_it_has_no_watch(self, creator_factory: CreatorFactory) -> None:
        """None: the core polls."""
        world = creator_factory()
        assert world.creator.watch(world.make(), deadline=world.deadline) is None


class Plain(WorkspaceCreator):
    """A creator that leaves out all that may be left out. Type checkers agree that it is whole."""

    def list_templates(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Template]:
        """Must be there."""
        raise NotImplementedError

    def get_template(self, owner_id: UUID, template_id: UUID, *, deadline: float) -> Template:
        """Must be there."""
        raise NotImplementedError

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Must be there."""
        raise NotImplementedError

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        """Must be there."""
        raise NotImplementedError

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        """Must be there."""
        raise NotImplementedError

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        """Must be there."""
        raise NotImplementedError

    def start_workspace(self, workspace: Workspace, parameters: Mapping[str, str], *, deadline: float) -> Workspace:
        """Must be there."""
        raise NotImplementedError

    def stop_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Must be there."""
        raise NotImplementedError

    def delete_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Must be there."""
        raise NotImplementedError


def test_what_may_be_left_out() -> None:
    """Its default says that the platform has none: no watch, no log, no questions, no presets, no use, no quota, and nobody to tell of use."""
    world = creators_in_virtual_time(FakeCoder)()
    workspace, template, plain = world.make(), world.template, Plain()
    owner, organization, deadline = world.owner_id, world.organization_id, world.deadline
    assert plain.watch(workspace, deadline=deadline) is None
    assert list(plain.build_log(workspace, after=0, deadline=deadline)) == []
    assert list(plain.list_parameters(owner, template, deadline=deadline)) == []
    assert list(plain.list_presets(owner, template, deadline=deadline)) == []
    assert plain.template_use(owner, organization, deadline=deadline) == {}
    assert plain.get_quota(owner, organization, deadline=deadline) is None
    plain.record_use(workspace, deadline=deadline)


class TestDialer(AgentDialerContract):
    """The agents of the platform of tests, under real threads."""

    @pytest.fixture
    def dialer_factory(self) -> DialerFactory:
        """Give fresh platforms."""
        return dialers_in_real_time(FakeCoder)


class TestDialerInVirtualTime(AgentDialerContract):
    """The same in a simulation."""

    @pytest.fixture
    def dialer_factory(self) -> DialerFactory:
        """Give fresh platforms."""
        return dialers_in_virtual_time(FakeCoder)
