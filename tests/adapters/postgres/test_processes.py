"""Processes of several hosts at one database: they race, are killed, stopped and continued."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from random import Random
from uuid import UUID

import pytest

from chatworkspace.ports import ChangedError, ClaimedError, Store
from tests.adapters.postgres.calls import ANOTHER, CHAT, CLOCK, LONG, ORGANIZATION, OWNER, PLAN, WORKSPACE, bound, claimed
from tests.adapters.postgres.server import Database
from tests.adapters.talking import end, started, tell
from tests.forks import ended, in_child
from tests.hanging import not_hanging

ROUNDS = 25
TTL = 1.0
"""Seconds that a claim lives here."""
STOPS = 12

stops = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system stops no processes")


@contextmanager
def workers(postgres: Database, schema: str, number: int = 1) -> Generator[list[subprocess.Popen[str]], None, None]:
    """Start processes that are talked to line by line, and kill them in the end."""
    made = [started("postgres.worker", postgres.app, schema) for _ in range(number)]
    try:
        yield made
    finally:
        end(made)


def take_over(store: Store, chat_id: str = CHAT) -> None:
    """Claim a chat as soon as that can be."""
    while True:
        look = store.look(chat_id)
        try:
            return store.release(store.claim(look, token=CLOCK.token(), ttl=LONG, plan=PLAN))
        except ClaimedError:
            store.wait_for_turn(look, CLOCK.monotonic() + LONG)
        except ChangedError:
            continue


@pytest.mark.parametrize("racers", [2, 4])
def test_of_racing_processes_one_gets_the_claim(postgres: Database, racers: int) -> None:
    """In every round all have the same look, and one of them claims."""
    schema = postgres.schema()
    store = postgres.store(schema=schema)
    with workers(postgres, schema, racers) as processes:
        for number in range(ROUNDS):
            assert tell(processes, f"look chat-{number}") == ["looked"] * racers
            said = tell(processes, f"claim {LONG}")
            assert sorted(said) == ["lost"] * (racers - 1) + ["won 1"]
            winner = processes[said.index("won 1")]
            assert tell([winner], f"bind {UUID(int=1000 + number)}") == [str(UUID(int=1000 + number))]
            look = store.look(f"chat-{number}")
            assert (look.chat.workspace_id, look.epoch, look.claimed_for) == (UUID(int=1000 + number), 1, 0)


def test_a_killed_holder_is_taken_over(postgres: Database) -> None:
    """By kill -9: another has its turn when the claim's life is over, and the plan that stood is its own."""
    schema = postgres.schema()
    store = postgres.store(schema=schema)
    with workers(postgres, schema) as processes:
        tell(processes, f"look {CHAT}")
        assert tell(processes, f"claim {TTL}") == ["won 1"]
        processes[0].kill()
        with not_hanging(TTL):
            take_over(store)
    assert store.look(CHAT).epoch == 2
    assert len(store.history(CHAT)) == 1


@stops
def test_a_stopped_holder_writes_nothing(postgres: Database) -> None:
    """For three times the claim's life: somebody else has bound the chat, and what it writes when it goes on is refused."""
    schema = postgres.schema()
    store = postgres.store(schema=schema)
    with workers(postgres, schema) as processes:
        tell(processes, f"look {CHAT}")
        assert tell(processes, f"claim {TTL}") == ["won 1"]
        processes[0].send_signal(signal.SIGSTOP)
        CLOCK.sleep(3 * TTL)
        bound(store, CHAT, ANOTHER)
        before, history = store.look(CHAT), store.history(CHAT)
        processes[0].send_signal(signal.SIGCONT)
        assert tell(processes, f"bind {WORKSPACE}") == ["stale"]
    assert (store.look(CHAT), store.history(CHAT)) == (before, history)


@stops
@pytest.mark.parametrize("end", ["continues", "is killed"])
def test_a_process_that_is_stopped_anywhere_blocks_its_chat_for_the_claims_life_only(postgres: Database, end: str) -> None:
    """One that claims and gives back without a rest is stopped at random, in the middle of any statement: nobody waits longer than a claim lives."""
    schema, chance = postgres.schema(), Random(end)
    store = postgres.store(schema=schema, timeout=LONG)
    with workers(postgres, schema, STOPS if end == "is killed" else 1) as processes:
        for number in range(STOPS):
            it = processes[number % len(processes)]
            if number < len(processes):
                assert tell([it], f"spin {CHAT} {TTL}") == ["spinning"]
            CLOCK.sleep(chance.random() / 10)
            it.send_signal(signal.SIGSTOP)
            with not_hanging(TTL):
                take_over(store)
            it.send_signal(signal.SIGCONT if end == "continues" else signal.SIGKILL)


def test_what_was_confirmed_outlives_a_kill(postgres: Database) -> None:
    """A process is killed as soon as it has said that it bound: it is bound."""
    schema = postgres.schema()
    store = postgres.store(schema=schema)
    for number in range(5):
        with workers(postgres, schema) as processes:
            tell(processes, f"look chat-{number}")
            tell(processes, f"claim {LONG}")
            tell(processes, f"bind {UUID(int=1000 + number)}")
        assert store.look(f"chat-{number}").chat.workspace_id == UUID(int=1000 + number)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_parent_and_child_use_one_store(postgres: Database) -> None:
    """The store was used before the fork; both go on with it, and see what the other does."""
    store = postgres.store()
    bound(store, "before", WORKSPACE)
    child = in_child(lambda: bound(store, "child", ANOTHER))
    assert ended(child) == 0
    bound(store, "parent", UUID(int=103))
    assert [look.chat.id for look in store.chats()] == ["before", "child", "parent"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_child_of_a_closed_store_has_a_closed_store(postgres: Database) -> None:
    """Closing ends it for children that come later, too; a child that closes its own takes nothing from its parent."""
    store = postgres.store()
    claimed(store)
    assert ended(in_child(store.close)) == 0
    store.look(CHAT)
    store.close()
    assert ended(in_child(lambda: store.open_chat(CHAT, OWNER, ORGANIZATION))) != 0
