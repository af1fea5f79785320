"""What a claim, a turn and a take-over cost over PostgreSQL, for one chat and several processes: a part of benchmarks.postgres_store."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import attrs
import psycopg
from psycopg_pool import ConnectionPool

from chatworkspace.ports import ChangedError, ClaimedError, SystemClock
from chatworkspace_postgres import PostgresStore
from tests.adapters.postgres.server import Database

OWNER = UUID(int=1)
CROWD = 8
"""Processes that want one chat at once."""
TTL = 0.5
"""Seconds that the claim of one who dies lives here."""
HELD = 0.2
"""Seconds for which each of a crowd holds the chat, about as long as a creation's request takes."""
CLOCK = SystemClock()
Held = tuple[float, float, float]
"""When a holder asked for it, had it, and had given it back: instants of the clock that all processes of a machine share."""


@attrs.frozen(kw_only=True)
class Task:
    """What a process is to do."""

    dsn: str
    schema: str
    rounds: int
    """Turns: of all processes together in a crowd, which take them in turns."""
    held: float = 0.0
    """Seconds for which each holds the chat."""
    crowd: bool = False
    listens: bool = False


Way = Callable[[Task, Any, Any], None]
"""Does it once all are at the gate, and puts what it has held into a queue."""


def hold(task: Task, told: Any, gate: Any) -> None:
    """Claim the chat and give it back, and not again before another has had it; wait for the turn where another has it."""
    with ConnectionPool(task.dsn, min_size=1, max_size=2, open=True) as pool:
        store = PostgresStore(pool.connection, schema=task.schema, listen=(lambda: psycopg.connect(task.dsn)) if task.listens else None)
        found, mine = list[Held](), -1
        store.look("chat")
        gate.wait()
        while (look := store.look("chat")).epoch < task.rounds:
            if task.crowd and look.epoch == mine:
                time.sleep(0.01)
                continue
            asked = time.monotonic()
            try:
                claim = store.claim(look, token=CLOCK.token(), ttl=30)
            except ClaimedError:
                store.wait_for_turn(look, CLOCK.monotonic() + 30)
            except ChangedError:
                continue
            else:
                had, mine = time.monotonic(), claim.epoch
                time.sleep(task.held)
                store.release(claim)
                found.append((asked, had, time.monotonic()))
        store.close()
    told.put(found)


def hold_lock(task: Task, told: Any, gate: Any) -> None:
    """Do the same with a session advisory lock: whoever waits keeps a connection, and so does whoever holds."""
    with psycopg.connect(task.dsn, autocommit=True) as connection:
        found = list[Held]()
        connection.execute("SELECT 1")
        gate.wait()
        for _ in range(task.rounds):
            asked = time.monotonic()
            connection.execute("SELECT pg_advisory_lock(42)")
            had = time.monotonic()
            time.sleep(task.held)
            connection.execute("SELECT pg_advisory_unlock(42)")
            found.append((asked, had, time.monotonic()))
    told.put(found)


def in_processes(way: Way, task: Task, processes: int, meanwhile: Callable[[Any], object] | None = None) -> list[list[Held]]:
    """Run it in so many processes at once, and return what each has held. meanwhile: goes through the gate with them."""
    context = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[list[Held]] = context.Queue()
    gate = context.Barrier(processes + (meanwhile is not None))
    made = [context.Process(target=way, args=(task, told, gate)) for _ in range(processes)]
    for it in made:
        it.start()
    if meanwhile is not None:
        meanwhile(gate)
    found = [told.get(timeout=600) for _ in made]
    for it in made:
        it.join()
    return found


def turns(found: Sequence[Sequence[Held]]) -> list[float]:
    """Return the seconds from each give-back to the next one's having it, where that is another process."""
    held = sorted((had, back, who) for who, mine in enumerate(found) for _, had, back in mine)
    return [max(later[0] - earlier[1], 0.0) for earlier, later in pairwise(held) if later[2] != earlier[2]]


def of_one_chat(database: Database, rounds: int) -> dict[str, Any]:
    """Measure claims and turns, alone and in a crowd."""

    def run(way: Way, processes: int, turns: int, *, listens: bool) -> list[list[Held]]:
        schema, crowd = database.schema(), processes > 1
        database.store(schema=schema).open_chat("chat", OWNER, OWNER)
        rounds = turns // processes if way is hold_lock else turns
        task = Task(dsn=database.app, schema=schema, rounds=rounds, held=HELD if crowd else 0.0, crowd=crowd, listens=listens)
        return in_processes(way, task, processes)

    numbers: dict[str, Any] = {}
    for name, way, listens in (("looking", hold, False), ("notified", hold, True), ("advisory_locks", hold_lock, False)):
        alone = run(way, 1, 8 * rounds, listens=listens)
        two, crowd = (run(way, number, rounds, listens=listens) for number in (2, CROWD))
        numbers[name] = {
            "claim_alone": summary([had - asked for asked, had, _ in alone[0]]),
            "turn_of_two": summary(turns(two)),
            f"turn_of_{CROWD}": summary(turns(crowd)),
        }
        if way is hold:
            numbers[name][f"claim_of_{CROWD}"] = summary([had - asked for mine in crowd for asked, had, _ in mine])
        say(f"{name}: {numbers[name]}")
    return numbers


def wait_for_the_dead(task: Task, told: Any, gate: Any) -> None:
    """Take over from one who has claimed and died, so many times: claim, and claim nothing back."""
    with ConnectionPool(task.dsn, min_size=1, max_size=2, open=True) as pool:
        store = PostgresStore(pool.connection, schema=task.schema)
        found = list[Held]()
        gate.wait()
        for number in range(task.rounds):
            gate.wait()
            while True:
                look = store.look(f"chat-{number}")
                if look.epoch > 1:
                    break
                try:
                    asked = time.monotonic()
                    store.claim(look, token=CLOCK.token(), ttl=30)
                    found.append((asked, time.monotonic(), 0.0))
                except ClaimedError:
                    store.wait_for_turn(look, CLOCK.monotonic() + 30)
                except ChangedError:
                    continue
    told.put(found)


def take_over(database: Database, waiting: int, rounds: int) -> dict[str, float]:
    """Return how long after the end of a dead one's claim the first of those who wait has its turn."""
    schema, ends = database.schema(), list[float]()
    store = database.store(schema=schema)

    def die(gate: Any) -> None:
        gate.wait()  # all are there
        for number in range(rounds):
            store.open_chat(f"chat-{number}", OWNER, OWNER)
            store.claim(store.look(f"chat-{number}"), token=CLOCK.token(), ttl=TTL)
            ends.append(time.monotonic() + TTL)
            gate.wait()

    task = Task(dsn=database.app, schema=schema, rounds=rounds)
    had = sorted(held[1] for mine in in_processes(wait_for_the_dead, task, waiting, die) for held in mine)
    assert len(had) == rounds
    return told_as(f"take-over, {waiting} waiting", summary([max(at - end, 0.0) for at, end in zip(had, ends, strict=True)]))


# ---------------------------------------------------------------- telling


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Return milliseconds."""
    ordered = sorted(seconds)
    return {"samples": len(ordered), "p50_ms": median(ordered) * 1000, "p99_ms": quantiles(ordered, n=100)[98] * 1000}


def told_as(name: str, numbers: dict[str, float]) -> dict[str, float]:
    """Say what came of one measurement, and return it."""
    say(f"{name}: " + ", ".join(f"{key} {value:,.1f}" for key, value in numbers.items()))
    return numbers


def say(line: str) -> None:
    """Say how far it is."""
    print(line, flush=True)  # noqa: T201 # the command's output
