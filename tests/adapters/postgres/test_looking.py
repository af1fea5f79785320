"""Waiting for a turn without notifications: looking, by the server's clock."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from itertools import pairwise
from threading import Thread
from typing import Any

import psycopg
import pytest

from chatworkspace.ports import Look, Signal, SystemClock
from chatworkspace_fake import Simulation
from chatworkspace_postgres import PostgresStore
from tests.adapters.postgres.calls import CHAT, CLOCK, LONG, WORKSPACE, claimed
from tests.adapters.postgres.server import Database
from tests.adapters.postgres.waiters import given_back, threads, two
from tests.hanging import not_hanging
from tests.over_postgres import Stores, VirtualDatabase, on_virtual_clock

# ------------------------------------------------------------------ looking


def test_a_turn_that_another_process_gives_back(postgres: Database) -> None:
    """No signal comes from there; it is seen long before the deadline."""
    with two(postgres, listen=False) as (here, there):
        given_back(here, there, after=0.3)
    assert threads() == []


def test_waiting_holds_no_connection(postgres: Database) -> None:
    """Each look takes one and gives it back: whenever one of twenty does nothing, it has none."""
    taken, waits = threading.local(), list[int]()

    @contextmanager
    def connect() -> Generator[psycopg.Connection[Any], None, None]:
        taken.count = 1
        with psycopg.connect(postgres.app) as connection:
            yield connection
        taken.count = 0

    class NotingSignal(Signal):
        def __init__(self) -> None:
            self._signal = CLOCK.signal()

        def set(self) -> None:
            self._signal.set()

        def wait(self, deadline: float | None) -> bool:
            waits.append(getattr(taken, "count", 0))
            return self._signal.wait(deadline)

    class Noting(SystemClock):
        def signal(self) -> Any:
            return NotingSignal()

    store = PostgresStore(connect, schema=postgres.schema(), clock=Noting())
    looks = [store.look(claimed(store, f"chat-{number}", ttl=2).chat.id) for number in range(20)]
    waiting = [Thread(target=store.wait_for_turn, args=(look, CLOCK.monotonic() + 1.5)) for look in looks]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    assert len(waits) >= 20
    assert set(waits) == {0}


def test_waiting_looks_seldom(postgres_stores: Stores) -> None:
    """In virtual time: never twice in 20 ms, and after a second or so two to four times a second; nobody is left on the list."""
    sim, looks = Simulation(), list[float]()

    class Counting(PostgresStore):
        def look(self, chat_id: str) -> Look:
            looks.append(sim.monotonic())
            return super().look(chat_id)

    made = postgres_stores.make(sim)
    with closing(Counting(made._connect, schema=made._schema, clock=sim)) as store:
        claimed(store)
        look = store.look(CHAT)
        looks.clear()
        until = sim.monotonic() + 10  # before it a connection may have been found broken, and another was made
        store.wait_for_turn(look, until)
        assert not store._parts.here().turns._waiting
    assert sim.monotonic() == until
    assert min(after - before for before, after in pairwise(looks)) >= 0.02
    assert 20 <= len(looks) <= 45


# ------------------------------------------------------------------ the server's clock


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_keeps_no_chat(virtual_postgres: VirtualDatabase, hours: int) -> None:
    """Back, and the claim was taken in the future; forward, and it is over: the chat is free, and a new claim lives as long as any."""
    store = on_virtual_clock(virtual_postgres.database.store())
    sim = Simulation()
    virtual_postgres.set(sim.now())
    claim = claimed(store)
    assert store.look(CHAT).claimed_for == LONG
    sim.sleep(3600)
    then, now = sim.now(), Simulation().now()
    virtual_postgres.set(then if hours > 0 else now - (then - now))
    look = store.look(CHAT)
    assert look.claimed_for == 0
    with not_hanging():
        store.wait_for_turn(look, CLOCK.monotonic() + LONG)
    store.claim(look, token="new", ttl=LONG)  # noqa: S106 # no secret
    assert store.look(CHAT).claimed_for == LONG
    assert claim.epoch == 1


def test_a_plan_is_never_younger_than_nothing(virtual_postgres: VirtualDatabase) -> None:
    """The clock was set back since it was planned; it is told as just planned."""
    store, sim = on_virtual_clock(virtual_postgres.database.store()), Simulation()
    sim.sleep(3600)
    virtual_postgres.set(sim.now())
    claimed(store)
    virtual_postgres.set(Simulation().now())
    (look,) = store.planned(0)
    assert look.plan is not None
    assert look.plan.planned_for == 0


def test_a_hosts_clock_does_not_matter(postgres: Database) -> None:
    """Durations come from the server's clock alone: a store whose host is an hour off claims, holds and yields as any."""

    class Off(SystemClock):
        def now(self) -> Any:
            pytest.fail("asked for the host's time")

    here = postgres.store(clock=Off())
    there = PostgresStore(postgres.connect, schema=here._schema)
    claim = claimed(here)
    assert LONG / 2 < there.look(CHAT).claimed_for <= LONG
    here.bind(claim, WORKSPACE)
    assert there.look(CHAT).claimed_for == 0
